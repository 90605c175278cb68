/**
 * The parts of a gateway for which nobody has brought others.
 * @module
 */
import { ClientCredentials } from "./auth/client_credentials.ts";
import { type CheckerParts, JwtChecker } from "./auth/jwt_checker.ts";
import type { TokenChecker } from "./auth/checker.ts";
import type { ChatConfig } from "./config/options.ts";
import { CoreForwarder } from "./core/core_forwarder.ts";
import { CoreMembership } from "./core/core_membership.ts";
import type { ForwarderOptions } from "./core/forwarder.ts";
import type { DeviceHost } from "./device/host.ts";
import { Devices } from "./device/devices.ts";
import type { DeviceOptions } from "./device/options.ts";
import type { CoreParts, DeviceSide } from "./parts.ts";
import type { Who } from "./session.ts";

/** Checks tokens as the configuration says. */
export function makeChecker({ auth }: ChatConfig, parts: CheckerParts): TokenChecker {
  return new JwtChecker(auth, parts);
}

/** Reaches the core where the configuration says. */
export async function makeCore({ core, auth }: ChatConfig, options: ForwarderOptions): Promise<CoreParts> {
  const forwarder = await CoreForwarder.create(options);
  const credentials = auth.tokenEndpoint === "" ? undefined : new ClientCredentials(auth);
  const membership = new CoreMembership(
    { forwarder, ...(credentials === undefined ? {} : { credentials }) },
    core.membershipTtl,
  );
  return {
    forwarder,
    membership,
    async close() {
      credentials?.close();
      await forwarder.close();
    },
  };
}

/** Listens as it is told. */
export function makeDevices(host: DeviceHost<Who>, options: DeviceOptions): DeviceSide {
  return new Devices(host, options);
}
