/**
 * The parts of a gateway for which nobody has brought others.
 * @module
 */
import { type CheckerParts, JwtChecker } from "./auth/jwt_checker.ts";
import type { TokenChecker } from "./auth/checker.ts";
import type { ChatConfig } from "./config/options.ts";
import type { ForwarderOptions } from "./core/forwarder.ts";
import type { DeviceHost } from "./device/host.ts";
import type { DeviceOptions } from "./device/options.ts";
import type { CoreParts, DeviceListener } from "./parts.ts";
import type { Who } from "./session.ts";

/** Checks tokens as the configuration says. */
export function makeChecker({ auth }: ChatConfig, parts: CheckerParts): TokenChecker {
  return new JwtChecker(auth, parts);
}

/** Reaches the core where the configuration says. */
export function makeCore(_config: ChatConfig, _options: ForwarderOptions): CoreParts {
  throw new Error("not there yet");
}

/** Listens where the configuration says. */
export function listen(
  _config: ChatConfig,
  _host: DeviceHost<Who>,
  _options: () => DeviceOptions,
): Promise<DeviceListener> {
  throw new Error("not there yet");
}
