/**
 * A socket of the node compatibility layer behind the connection interface: for TLS with client
 * certificates and for connections from a given local address, which the native sockets cannot do.
 * @module
 */
import type { Socket } from "node:net";
import { type Connection, plainAddress, type TlsFacts } from "./connection.ts";

/** Wraps an established socket. Its `error` events end here. */
export function nodeConnection(socket: Socket, tls: TlsFacts | undefined): Connection {
  let left: Uint8Array | undefined;
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const news = () => {
    wake?.();
    wake = undefined;
  };
  socket.on("readable", news);
  socket.on("end", () => {
    ended = true;
    news();
  });
  socket.on("close", () => {
    ended = true;
    news();
  });
  socket.on("error", (error: Error) => {
    failure ??= error;
    news();
  });

  return {
    local: { hostname: plainAddress(socket.localAddress ?? "0.0.0.0"), port: socket.localPort ?? 0 },
    remote: { hostname: plainAddress(socket.remoteAddress ?? "0.0.0.0"), port: socket.remotePort ?? 0 },
    tls,
    async read(into) {
      for (;;) {
        const chunk = left ?? (socket.read() as Uint8Array | null);
        if (chunk !== null) {
          const count = Math.min(chunk.length, into.length);
          into.set(chunk.subarray(0, count));
          left = count < chunk.length ? chunk.subarray(count) : undefined;
          return count;
        }
        if (failure !== undefined) throw failure;
        if (ended) return null;
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    write(bytes) {
      return new Promise((resolve, reject) => {
        if (failure !== undefined || socket.destroyed) return reject(failure ?? new Error("the connection is closed"));
        const closed = () => reject(failure ?? new Error("the connection is closed"));
        socket.once("close", closed);
        socket.write(bytes, (error?: Error | null) => {
          socket.off("close", closed);
          if (error) reject(error);
          else resolve(bytes.length);
        });
      });
    },
    close() {
      socket.destroy();
    },
  };
}
