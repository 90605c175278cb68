/**
 * The least of a core over Connect in JSON: everybody is in every room whose id begins with `open`.
 */

/** See the file. Ends with `await using`. */
export class JsonCore implements AsyncDisposable {
  readonly requests: { readonly method: string; readonly headers: Headers; readonly body: unknown }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const method = new URL(request.url).pathname.split("/").at(-1)!;
      const text = await request.text();
      const body = text === "" ? {} : JSON.parse(text);
      this.requests.push({ method, headers: request.headers, body });
      if (method === "SearchRoomSubscriptions") {
        const { roomId, profileId } = body;
        return Response.json({
          subscriptions: roomId.startsWith("open") ? [{ roomId, profileId, roles: ["member"] }] : [],
        });
      }
      return Response.json(method === "SendEvent" ? { events: body.events } : {});
    });
  }

  /** `HOST:PORT` */
  get address(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
