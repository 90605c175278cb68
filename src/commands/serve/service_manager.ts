/**
 * What a service manager is told of the process (sd_notify(3)): that it is ready, that it ends.
 * @module
 */

/** What can be told. */
export type Notice = "READY=1" | "STOPPING=1";

/**
 * Sends `notice` to the socket that NOTIFY_SOCKET names; does nothing where there is none.
 * @throws Error when it could not be sent
 */
export async function notify(notice: Notice): Promise<void> {
  const socket = Deno.env.get("NOTIFY_SOCKET") ?? "";
  if (socket === "") return;
  if (!socket.startsWith("/")) throw new Error(`NOTIFY_SOCKET: expected the path of a socket, got ${socket}`);
  // A datagram leaves from an address of its own: a path that nobody else knows.
  const directory = await Deno.makeTempDir({ prefix: "diam-gw-notify-" });
  try {
    const connection = Deno.listenDatagram({ transport: "unixpacket", path: `${directory}/socket` });
    try {
      await connection.send(new TextEncoder().encode(notice), { transport: "unixpacket", path: socket });
    } finally {
      connection.close();
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
