/** The port of the admin interface, unless told otherwise. */
export const ADMIN_PORT = 9868;
