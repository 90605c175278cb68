/**
 * `explain`: what would be decided, and why.
 * @module
 */
import { commandGroup } from "../cli/command.ts";

/** What would become of something that comes in. */
export default commandGroup("explain", "what would become of a call, and why", {
  grpc: () => import("./grpc.ts"),
});
