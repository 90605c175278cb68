import { assertEquals, assertStringIncludes } from "@std/assert";
import { decodeMessage, encodeMessage } from "../../../src/diameter/wire/codec.ts";
import { standardDictionary } from "../../../src/diameter/wire/dictionary/standard.ts";
import type { Seen } from "../../../src/commands/decode/seen.ts";
import { type Filters, selectionOf } from "../../../src/commands/decode/selection.ts";
import { decode, eca, ecr, NOON, THREE } from "./captures.ts";

const NONE: Filters = {
  session: [],
  command: [],
  application: [],
  result: [],
  avp: [],
  peer: [],
  from: undefined,
  to: undefined,
};
const A = "10.0.0.1:40000";
const B = "10.0.0.2:3868";
const seen = (message: Parameters<typeof encodeMessage>[0], frame: number, back = false): Seen => ({
  message: decodeMessage(encodeMessage(message)),
  captured: {
    frame,
    time: NOON + BigInt(frame) * 1_000_000_000n,
    transport: "tcp",
    source: back ? B : A,
    destination: back ? A : B,
  },
});
const SEEN = [
  seen(ecr("s;1", 1), 1),
  seen(eca("s;1", 1, 5012), 2, true),
  seen({ command: "DWR", avps: { "Origin-Host": "Dra1" } }, 3),
  seen(
    {
      command: "ULA",
      avps: { "Session-Id": "s;2", "Experimental-Result": { "Vendor-Id": 10415, "Experimental-Result-Code": 5001 } },
    },
    4,
    true,
  ),
];

const SELECTED: [filters: Partial<Filters>, frames: number[]][] = [
  [{ session: ["s;1"] }, [1, 2]],
  [{ session: ["s;1", "s;2"] }, [1, 2, 4]],
  [{ command: ["ECR"] }, [1]],
  [{ command: ["eca"] }, [2]],
  [{ command: ["EC"] }, [1, 2]],
  [{ command: ["324"] }, [1, 2]],
  [{ command: ["ME-Identity-Check-Request"] }, [1]],
  [{ command: ["Device-Watchdog"] }, [3]],
  [{ application: ["S13"] }, [1, 2]],
  [{ application: ["0"] }, [3]],
  [{ result: ["5012"] }, [2]],
  [{ result: ["UNABLE_TO_COMPLY"] }, [2]],
  [{ result: ["DIAMETER_ERROR_USER_UNKNOWN"] }, [4]],
  [{ result: ["5xxx"] }, [2, 4]],
  [{ result: ["2xxx"] }, []],
  [{ avp: ["IMEI=35209900176148"] }, [1]],
  [{ avp: ["imei"] }, [1]],
  [{ avp: ["10415:1402=35209900176148"] }, [1]],
  [{ avp: ["Result-Code=DIAMETER_UNABLE_TO_COMPLY"] }, [2]],
  [{ avp: ["Experimental-Result-Code=5001"] }, [4]],
  [{ avp: ["User-Name=other"] }, []],
  [{ peer: ["10.0.0.2"] }, [1, 2, 3, 4]],
  [{ peer: [A] }, [1, 2, 3, 4]],
  [{ peer: ["10.0.0.2:1"] }, []],
  [{ peer: ["dra1"] }, [3]],
  [{ from: "2024-05-01T12:00:02Z" }, [2, 3, 4]],
  [{ from: "2024-05-01 12:00:02", to: "2024-05-01T14:00:03+02:00" }, [2, 3]],
  [{ command: ["ECA", "ECR"], result: ["5xxx"] }, [2]],
];
for (const [filters, frames] of SELECTED) {
  Deno.test(`decode selects by ${JSON.stringify(filters)}`, () => {
    const { test, problems } = selectionOf({ ...NONE, ...filters }, standardDictionary());
    assertEquals(problems, []);
    assertEquals(SEEN.filter((one) => test?.(one)).map(({ captured }) => captured?.frame), frames);
  });
}

const WRONG: [filters: Partial<Filters>, says: string][] = [
  [{ session: [""] }, '--session: expected a value, got ""'],
  [{ command: ["ECX"] }, '--command: expected a command: its name, abbreviation or code, got "ECX"; did you mean EC'],
  [{ command: ["Device-Watchdgo"] }, "did you mean Device-Watchdog?"],
  [{ application: ["S13b"] }, '--application: expected an application: its name or id, got "S13b"; did you mean S13'],
  [{ result: ["DIAMETER_SUCESS"] }, "did you mean DIAMETER_SUCCESS?"],
  [{ result: ["99999999999"] }, "--result: expected a result"],
  [{ avp: ["IMIE=1"] }, "did you mean IMEI?"],
  [{ avp: ["Terminal-Information=1"] }, "Terminal-Information is a group"],
  [{ avp: ["Auth-Session-State=STATE_MAINTAINDE"] }, "did you mean STATE_MAINTAINED?"],
  [{ avp: ["CC-Request-Number=one"] }, 'expected a whole number for CC-Request-Number, got "one"'],
  [{ from: "yesterday" }, '--from: expected a time such as 2024-05-01T12:00:00Z, got "yesterday"'],
  [{ to: "2024-02-31" }, "--to: expected a time"],
  [{ from: "2024-05-02", to: "2024-05-01" }, "--to: expected a time that is not before --from"],
];
for (const [filters, says] of WRONG) {
  Deno.test(`decode refuses a filter that nothing can meet: ${JSON.stringify(filters)}`, () => {
    const { problems } = selectionOf({ ...NONE, ...filters }, standardDictionary());
    assertEquals(problems.length, 1);
    assertStringIncludes(problems[0]!, says);
  });
}

Deno.test("decode shows the answers that were refused, still with their response time", async () => {
  const { code, stdout } = await decode(THREE, "--summary", "--result", "5xxx");
  assertEquals([code, stdout.trimEnd().split("\n").length], [0, 1]);
  assertStringIncludes(stdout, "5012 DIAMETER_UNABLE_TO_COMPLY  answers frame 2 after 2.500 ms");
});

Deno.test("decode says that no message is what the flags ask for, and names every value that is wrong", async () => {
  const none = await decode(THREE, "--session", "mme9");
  assertEquals([none.code, none.stdout], [1, ""]);
  assertEquals(none.stderr, "none of the messages, 5 in all, is what the flags ask for\n");
  const wrong = await decode(THREE, "--command", "Foo", "--result", "Bar");
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, "--command: expected a command");
  assertStringIncludes(wrong.stderr, "--result: expected a result");
});
