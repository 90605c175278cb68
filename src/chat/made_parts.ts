/**
 * The parts of a gateway for which nobody has brought others.
 * @module
 */
import { type CheckerParts, JwtChecker } from "./auth/jwt_checker.ts";
import type { TokenChecker } from "./auth/checker.ts";
import type { ChatConfig } from "./config/options.ts";
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
export function makeCore(_config: ChatConfig, _options: ForwarderOptions): CoreParts {
  throw new Error("not there yet");
}

/** Listens as it is told. */
export function makeDevices(host: DeviceHost<Who>, options: DeviceOptions): DeviceSide {
  const devices = new Devices(host, options);
  return {
    get httpAddresses() {
      return devices.httpAddresses;
    },
    grpcAddresses: [],
    listenHttp: (options) => devices.listenHttp(options),
    listenGrpc: () => Promise.resolve(),
    configure: (options) => devices.configure(options),
    reloadCertificates: () => Promise.resolve(),
    stop: () => devices.stop(),
  };
}
