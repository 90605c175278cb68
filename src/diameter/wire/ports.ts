/** The port of Diameter (RFC 6733 section 2.1). */
export const DIAMETER_PORT = 3868;

/** The port of Diameter over TLS from the first byte on (RFC 6733 section 2.1). */
export const DIAMETER_TLS_PORT = 5868;
