import { assertEquals } from "@std/assert";
import { nearest } from "../../../src/ops/config/nearest.ts";

Deno.test("a slip of the pen is recognised, another word is not", () => {
  const words = ["request_timeout", "answer_timeout", "mode", "workers", "watchdog_interval", "port"];
  for (
    const [word, meant] of [
      ["reqest_timeout", "request_timeout"],
      ["request-timeout", "request_timeout"],
      ["requesttimeout", "request_timeout"],
      ["Mode", "mode"],
      ["mdoe", "mode"],
      ["prot", "port"],
      ["watch", "watchdog_interval"],
      ["colour", undefined],
      ["xyz", undefined],
      ["", undefined],
    ] as const
  ) assertEquals(nearest(word, words), meant, word);
});
