/**
 * What `serve chat --dev` brings itself: an issuer of tokens, and a core.
 * @module
 */
import { LocalIssuer } from "../../chat/auth/local_issuer.ts";
import { DEFAULT_CHAT } from "../../chat/config/options.ts";
import { ChatService } from "../../chat/proto/mod.ts";
import { CoreServer } from "../../chat/sim/core_server.ts";
import { formatAddress } from "../../ops/config/address.ts";
import type { DevParts } from "./chat_config.ts";

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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.coreServer.stop();
    await this.issuerServer.stop();
  }
}
