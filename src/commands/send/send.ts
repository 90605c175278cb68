/**
 * `send`: ask a peer something, and see what it says.
 * @module
 */
import { commandGroup } from "../cli/command.ts";

/** An equipment check, or any message. */
export default commandGroup("send", "send a message to a peer and show its answer", {
  s13: () => import("./s13.ts"),
  hex: () => import("./hex.ts"),
  file: () => import("./file.ts"),
});
