/**
 * `send`: ask a peer something, and see what it says.
 * @module
 */
import { commandGroup } from "./command.ts";

/** An equipment check, or any message. */
export default commandGroup("send", "send a message to a peer and show its answer", {
  s13: () => import("./send_s13.ts"),
  hex: () => import("./send_hex.ts"),
  file: () => import("./send_file.ts"),
});
