/**
 * `sim`: the other ends of a gateway.
 * @module
 */
import { commandGroup } from "../cli/command.ts";

/**
 * DRAs and Logic Apps of the Diameter plane; of the gRPC one what stands beside it; core and
 * devices of the chat plane.
 */
export default commandGroup("sim", "simulate what stands around a gateway, faults included", {
  dra: () => import("./dra.ts"),
  app: () => import("./app.ts"),
  discoverer: () => import("./discoverer.ts"),
  auth: () => import("./auth.ts"),
  echo: () => import("./echo.ts"),
  core: () => import("./core.ts"),
  devices: () => import("./devices.ts"),
});
