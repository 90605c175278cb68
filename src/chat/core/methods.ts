/**
 * Methods of ChatService that go to the core. PURE.
 * @module
 */

/** The service, as paths have it. */
export const SERVICE = "chat.v1.ChatService";

/** Those that are known by name; others are forwarded like them. */
export const CORE_METHODS = [
  "SendEvent",
  "GetHistory",
  "CreateRoom",
  "SearchRooms",
  "UpdateRoom",
  "DeleteRoom",
  "AddRoomSubscriptions",
  "RemoveRoomSubscriptions",
  "UpdateSubscriptionRole",
  "SearchRoomSubscriptions",
] as const;

const KNOWN: ReadonlySet<string> = new Set(CORE_METHODS);

/** For metrics: what devices make up must not make rows. */
export function methodLabel(method: string): string {
  return KNOWN.has(method) ? method : "other";
}

/** Whether it can be part of a path: a device may write anything into a `Call`. */
export function isMethodName(method: string): boolean {
  return /^[A-Za-z]\w{0,127}$/.test(method);
}

/** Whether asking twice does no harm. */
export function isRead(method: string): boolean {
  return /^(Get|Search)/.test(method);
}
