import { assertEquals } from "@std/assert";
import { type DraClaim, judgeClaim } from "../../../src/diameter/relay/dra_claim.ts";

const GOOD: DraClaim = { dra: "dra-1", enabled: true, standing: "none", doubt: undefined, wins: false };
const DOUBT = "10.0.0.9 is not its address";

const CLAIMS: readonly (readonly [name: string, claim: Partial<DraClaim>, verdict: "adopt" | "wait" | number])[] = [
  ["is taken while it has no other", {}, "adopt"],
  ["needs no election while it has no other", { wins: true }, "adopt"],
  ["takes the place of one that we dial when we win", { standing: "exchange", wins: true }, "adopt"],
  ["waits for the one that we dial when we lose", { standing: "exchange" }, "wait"],
  ["is refused while another is open", { standing: "open" }, 4003],
  ["is refused while another is open, whoever would win", { standing: "open", wins: true }, 4003],
  ["is refused from another address", { doubt: DOUBT }, 3010],
  ["is no candidate from another address", { doubt: DOUBT, standing: "exchange", wins: true }, 3010],
  ["does not wait when it comes from another address", { doubt: DOUBT, standing: "exchange" }, 3010],
  ["is refused while the DRA is disabled", { enabled: false }, 3010],
  [
    "is refused when the DRA was disabled during an exchange",
    { enabled: false, standing: "exchange", wins: true },
    3010,
  ],
];

for (const [name, claim, verdict] of CLAIMS) {
  Deno.test(`C12 a connection that a DRA opened ${name}`, () => {
    const judged = judgeClaim({ ...GOOD, ...claim });
    assertEquals(typeof judged === "string" ? judged : judged.resultCode, verdict);
    if (claim.doubt !== undefined && typeof judged !== "string") assertEquals(judged.reason, DOUBT);
  });
}
