/**
 * What `serve chat --dev` brings itself: an issuer of tokens, and a core.
 * @module
 */
import { LocalIssuer } from "../../chat/auth/local_issuer.ts";
import { isId } from "../../chat/auth/ids.ts";
import type { PageAnswer, PageRequest } from "../../chat/parts.ts";
import { DEFAULT_CHAT } from "../../chat/config/options.ts";
import { ChatService } from "../../chat/proto/mod.ts";
import { CoreServer } from "../../chat/sim/core_server.ts";
import { formatAddress, isLoopback } from "../../ops/config/address.ts";
import type { DevParts } from "./chat_config.ts";
import { CHAT_PAGE } from "./chat_page/assets.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 };

/** Both, at work on ports of their own. */
export class DevServices implements AsyncDisposable, DevParts {
  private constructor(readonly issuerServer: LocalIssuer, readonly coreServer: CoreServer) {}

  static async start(): Promise<DevServices> {
    const issuer = await LocalIssuer.start({ listen: LOOPBACK, audience: DEFAULT_CHAT.auth.audience });
    return new DevServices(issuer, await CoreServer.start({ listen: LOOPBACK, service: ChatService }));
  }

  get issuer(): string {
    return this.issuerServer.url;
  }

  get core(): string {
    const { hostname, port } = this.coreServer.address;
    return formatAddress(hostname, port);
  }

  /** `/`: a chat in the browser. `/dev/token?profile=P[&device=D]`: a token for whoever asks. */
  readonly pages = async ({ method, path, query, headers: asked }: PageRequest): Promise<PageAnswer | undefined> => {
    if (!isOwnName(asked["host"])) {
      const body = "this gateway is for development: open it as 127.0.0.1 or localhost\n";
      return { status: 403, headers: { "content-type": "text/plain" }, body };
    }
    const file = CHAT_PAGE.get(path);
    if (file !== undefined) {
      if (method === "GET" || method === "HEAD") return file;
      return { status: 405, headers: { allow: "GET, HEAD", "content-type": "text/plain" }, body: "expected GET\n" };
    }
    if (path !== "/dev/token") return undefined;
    const headers = { "content-type": "application/json", "cache-control": "no-store" };
    if (method !== "GET") return { status: 405, headers: { ...headers, allow: "GET" }, body: "{}" };
    const profile = query.get("profile") ?? "";
    if (!isId(profile)) return { status: 400, headers, body: JSON.stringify({ error: "expected profile=NAME" }) };
    const device = query.get("device");
    const token = await this.issuerServer.mint({ sub: profile, ...(device === null ? {} : { deviceId: device }) });
    return { status: 200, headers, body: JSON.stringify({ token }) };
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.coreServer.stop();
    await this.issuerServer.stop();
  }
}

/** A name of somebody else's that leads here would let that page make tokens. */
function isOwnName(host: string | undefined): boolean {
  return isLoopback(URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, "") ?? "");
}
