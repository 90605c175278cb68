import { assertEquals } from "@std/assert";
import { type Action, type Control, FIRST_CONTROL, press, type Pressed } from "../../../src/commands/top/control.ts";
import { keysIn } from "../../../src/commands/top/keys.ts";

const DRAS = ["east", "west", "north"];

/** What typing `text` leads to, from east being selected. */
function type(text: string, selected: string | undefined = "east", dras: readonly string[] = DRAS): Pressed & {
  readonly actions: readonly Action[];
} {
  let pressed: Pressed = { control: { ...FIRST_CONTROL, selected } };
  const actions: Action[] = [];
  for (const key of keysIn(text)) {
    pressed = press(pressed.control, key, dras);
    if (pressed.action !== undefined) actions.push(pressed.action);
  }
  return { ...pressed, actions };
}

const MOVES: [typed: string, selected: string][] = [
  ["j", "west"],
  ["\x1b[B\x1b[B", "north"],
  ["jjjjj", "north"],
  ["jk", "east"],
  ["\x1bOA", "east"],
  ["G", "north"],
  ["Gg", "east"],
  ["\x1b[6~", "north"],
  ["\x1b[6~\x1b[5~", "east"],
  ["\x1b[1;5B", "east"],
];

for (const [typed, selected] of MOVES) {
  Deno.test(`keys move through the DRAs: ${JSON.stringify(typed)}`, () => {
    assertEquals(type(typed).control.selected, selected);
  });
}

Deno.test("a DRA that is gone is moved away from, and nothing is done to it", () => {
  assertEquals(type("j", "gone").control.selected, "west");
  for (const key of "derw") {
    const { control, actions } = type(`${key}y`, "gone");
    assertEquals([control.prompt, actions], [undefined, []]);
    assertEquals(type(key, "gone").control.note, { text: "no DRA is selected", isError: true });
    assertEquals(type(key, undefined, []).control.note?.isError, true);
  }
});

const ACTIONS: [typed: string, actions: Action[]][] = [
  ["dy", [{ verb: "disable", dra: "east" }]],
  ["jeY", [{ verb: "enable", dra: "west" }]],
  ["ry", [{ verb: "reconnect", dra: "east" }]],
  ["dn", []],
  ["d\r", []],
  ["d\x1b", []],
  ["dxqsy", [{ verb: "disable", dra: "east" }]],
  ["w50\r", [{ verb: "weight", dra: "east", value: 50 }]],
  ["w0\r", [{ verb: "weight", dra: "east", value: 0 }]],
  ["w007\r", [{ verb: "weight", dra: "east", value: 7 }]],
  ["w65535\r", [{ verb: "weight", dra: "east", value: 65_535 }]],
  ["w65536\r", [{ verb: "weight", dra: "east", value: 6_553 }]],
  ["w12\x7f3\r", [{ verb: "weight", dra: "east", value: 13 }]],
  ["w\r", []],
  ["w5\x1b\r", []],
  ["wy-\x1b[A5\r", [{ verb: "weight", dra: "east", value: 5 }]],
  ["y", []],
  ["?dy", []],
];

for (const [typed, actions] of ACTIONS) {
  Deno.test(`nothing is done to a DRA without an answer to the question: ${JSON.stringify(typed)}`, () => {
    assertEquals(type(typed).actions, actions);
  });
}

Deno.test("s goes through what the tables are sorted by, and comes back", () => {
  const seen = ["s", "ss", "sss", "ssss"].map((typed) => type(typed).control.sort);
  assertEquals(seen, ["traffic", "in flight", "name", "priority"]);
});

Deno.test("help is left by any key, and q and Ctrl-C quit", () => {
  const helped = (typed: string): Control => type(typed).control;
  assertEquals([helped("?").isHelp, helped("h").isHelp, helped("?x").isHelp], [true, true, false]);
  const quit = ["q", "?q", "\x03", "d\x03", "w1\x03", "\x04"].map((typed) => type(typed).isQuit);
  assertEquals(quit, [true, true, true, true, true, true]);
  assertEquals([type("dq").isQuit, type("\x0c").isRedraw], [undefined, true]);
});

Deno.test("what came of a key stays until the next one", () => {
  const { control } = type("dn");
  assertEquals(control.note, { text: "nothing was changed", isError: false });
  assertEquals(press(control, "x", DRAS).control.note, undefined);
});
