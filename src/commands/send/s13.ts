/**
 * `send s13`: is this device stolen?
 * @module
 */
import { MalformedAnswerError } from "../../diameter/client/errors.ts";
import { EquipmentUnknownError, ResultCodeError } from "../../diameter/client/s13_errors.ts";
import { type Equipment, S13Client } from "../../diameter/client/s13_client.ts";
import type { Message } from "../../diameter/client/message.ts";
import { APPLICATION, VENDOR } from "../../diameter/wire/application_ids.ts";
import { OFFSET, viewOf } from "../../diameter/wire/header.ts";
import { defineCommand, EXIT } from "../cli/command.ts";
import { jsonOf, PEER_FLAGS, peerWish, printMessage, SendError, withPeer } from "./peer.ts";
import { FlagReader } from "../sim/flags.ts";
import { print, printError, printSentence } from "../cli/terminal.ts";

const NAME = "send s13";

/** One ME-Identity-Check. */
export default defineCommand({
  name: NAME,
  summary: "ask for the status of a device (ME-Identity-Check)",
  arguments: "--peer HOST:PORT --imei IMEI [flags]",
  description: `
Connects, exchanges capabilities for S13 (3GPP TS 29.272), sends one ME-Identity-Check-Request, and shows the decoded
answer on stdout. What it means is said on stderr. Exit code 0 is a success, whatever the status; 1 is any other answer,
one for an unknown device (5422) too, and none.`,
  flags: {
    ...PEER_FLAGS,
    imei: {
      kind: "string",
      placeholder: "IMEI",
      help: "14 digits, 15 with the check digit, or 16 with the software version",
      required: true,
    },
    "software-version": { kind: "string", placeholder: "SVN", help: "2 digits; left out unless given" },
    "user-name": { kind: "string", placeholder: "IMSI", help: "who uses the device; left out unless given" },
    "destination-realm": { kind: "string", placeholder: "REALM", help: "of the EIR; the peer's own unless given" },
    "destination-host": { kind: "string", placeholder: "NAME", help: "the EIR; left to the routing unless given" },
  },
  examples: [
    ["send s13 --peer 127.0.0.1:3868 --imei 35209900176148", "ask through a gateway, or an EIR itself"],
    [
      "send s13 --peer 10.0.1.100:3868 --imei 352099001761481 --destination-realm epc.example.net --json",
      "for a script",
    ],
  ],
  async run(flags) {
    const reader = new FlagReader(NAME);
    const wish = peerWish(flags, reader);
    const equipment = equipmentOf(flags, reader);
    for (const flag of ["destination-realm", "destination-host"] as const) {
      const name = flags[flag];
      if (name !== undefined) reader.identity(flag, name);
    }
    reader.check();
    warnOfCheckDigit(equipment.imei);
    try {
      return await withPeer(wish, [{ id: APPLICATION.s13, vendor: VENDOR.threeGpp }], async (pool) => {
        const host = flags["destination-host"];
        const s13 = new S13Client(pool, {
          destinationRealm: flags["destination-realm"] ?? pool.peer!.originRealm,
          ...(host === undefined ? {} : { destinationHost: host }),
        });
        const ecr = s13.request(equipment);
        // The id on the wire is the one that is shown, so that it can be found in a capture.
        viewOf(ecr).setUint32(OFFSET.hopByHop, Math.floor(Math.random() * 2 ** 32));
        const begun = performance.now();
        const answer = await pool.request(ecr, { keepIds: true });
        const taken = performance.now() - begun;
        if (flags.json) print(jsonOf(answer));
        else printMessage(answer);
        printSentence(`IMEI ${equipment.imei} ${meaningOf(s13, equipment, answer)} (${taken.toFixed(1)} ms)`);
        return EXIT.done;
      });
    } catch (error) {
      if (!EXPECTED.some((kind) => error instanceof kind)) throw error;
      printSentence((error as Error).message);
      return EXIT.failed;
    }
  },
});

const EXPECTED = [SendError, EquipmentUnknownError, ResultCodeError, MalformedAnswerError];

/** What a successful answer says; others are thrown. */
function meaningOf(s13: S13Client, equipment: Equipment, answer: Message): string {
  try {
    return `is ${s13.read(equipment, answer).status}`;
  } catch (error) {
    if (!(error instanceof MalformedAnswerError) || answer.result === undefined) throw error;
    return `has no status: ${error.message}`;
  }
}

/** A wrong check digit is more often a slip than meant; it is sent all the same. */
function warnOfCheckDigit(imei: string): void {
  if (imei.length !== 15) return;
  const right = checkDigit(imei);
  if (imei.endsWith(String(right))) return;
  printError(`warning: the check digit of IMEI ${imei} would be ${right}: is a digit mistyped?`);
}

/** The check digit for the first 14 digits (Luhn, 3GPP TS 23.003 annex B). */
function checkDigit(imei: string): number {
  let sum = 0;
  for (let i = 0; i < 14; i++) {
    const digit = Number(imei[i]) * (1 + i % 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return (10 - sum % 10) % 10;
}

interface EquipmentFlags {
  readonly imei: string;
  readonly "software-version": string | undefined;
  readonly "user-name": string | undefined;
}

function equipmentOf(flags: EquipmentFlags, reader: FlagReader): Equipment {
  const { imei: given, "user-name": userName } = flags;
  // An IMEISV is the IMEI without check digit and the software version behind it (TS 23.003 section
  // 6.2.2).
  const both = /^(\d{14})(\d{2})$/.exec(given);
  const imei = both?.[1] ?? given;
  const softwareVersion = flags["software-version"] ?? both?.[2];
  if (!/^\d{14,15}$/.test(imei)) {
    const expected = "expected 14 digits, 15 with the check digit, or 16 with the software version";
    reader.reject("imei", `${expected}, got ${JSON.stringify(given)}`);
  }
  if (softwareVersion !== undefined && !/^\d{2}$/.test(softwareVersion)) {
    reader.reject("software-version", `expected 2 digits, got ${JSON.stringify(softwareVersion)}`);
  }
  if (userName !== undefined && !/^\S{1,255}$/.test(userName)) {
    reader.reject("user-name", `expected an IMSI, got ${JSON.stringify(userName)}`);
  }
  return {
    imei,
    ...(softwareVersion === undefined ? {} : { softwareVersion }),
    ...(userName === undefined ? {} : { userName }),
  };
}
