/**
 * `sim`: the other ends of a gateway.
 * @module
 */
import { commandGroup } from "../cli/command.ts";

/** DRAs with faults, and Logic Apps that check every answer. */
export default commandGroup("sim", "simulate DRAs with faults, or Logic Apps that check every answer", {
  dra: () => import("./dra.ts"),
  app: () => import("./app.ts"),
});
