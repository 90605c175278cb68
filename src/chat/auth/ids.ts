/**
 * Ids of profiles, devices and rooms, and which device a caller is. PURE.
 * @module
 */

/** What an id looks like, for messages. */
export const ID_SYNTAX = "1 to 128 characters of A-Z a-z 0-9 . _ ~ @ + = | / -";

/** Whether `text` is an id. A colon is in none: keys of the cache are joined with it. */
export function isId(text: unknown): text is string {
  return typeof text === "string" && /^[A-Za-z0-9._~@+=|/-]{1,128}$/.test(text);
}

/** A device id that is none, told to its sender. */
export class BadDeviceId {
  readonly message = `device_id: expected ${ID_SYNTAX}`;
}

/**
 * The device that a caller is: the one in its token, whatever it says beside that; else the one
 * that it names.
 * @param said header `x-device-id`, query `device_id` or `Hello.device_id`; "" counts as absent
 * @returns undefined when there is none
 */
export function deviceOf(claim: string | undefined, said: string | undefined): string | BadDeviceId | undefined {
  if (claim !== undefined) return claim;
  if (said === undefined || said === "") return undefined;
  return isId(said) ? said : new BadDeviceId();
}
