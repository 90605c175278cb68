/**
 * Sending messages that somebody else made.
 * @module
 */
import { isSuccess, Message } from "../../diameter/client/message.ts";
import { MalformedAnswerError } from "../../diameter/client/errors.ts";
import type { AdvertisedApplication } from "../../diameter/peer/capabilities.ts";
import { APPLICATION, VENDOR } from "../../diameter/wire/application_ids.ts";
import { isPeerCommand } from "../../diameter/wire/command_codes.ts";
import { FLAG, HEADER_LENGTH, readHeader } from "../../diameter/wire/header.ts";
import { EXIT, UsageError } from "../cli/command.ts";
import { flagTable, type FlagValues } from "../cli/flags.ts";
import { exchangeRaw } from "./raw_exchange.ts";
import { jsonOf, PEER_FLAGS, peerWish, printFailure, printMessage, SendError, withPeer } from "./peer.ts";
import { FlagReader } from "../sim/flags.ts";
import { print, printSentence } from "../cli/terminal.ts";

/** The flags of `send hex` and `send file`. */
export const MESSAGE_FLAGS = flagTable({
  ...PEER_FLAGS,
  application: {
    kind: "list",
    placeholder: "ID[:VENDOR],..",
    help: "what the CER advertises; the applications of the messages unless given",
  },
  "keep-ids": { kind: "boolean", help: "send the hop-by-hop ids as they are; otherwise each gets a fresh one" },
  "no-cer": { kind: "boolean", help: "send the bytes as they are, without a capabilities exchange" },
});

type Flags = FlagValues<typeof MESSAGE_FLAGS>;

/** What those flags say. @throws UsageError of `command` */
export function messageWish(flags: Flags, command: string) {
  const reader = new FlagReader(command);
  const wish = { ...peerWish(flags, reader), applications: reader.applications("application", flags.application) };
  reader.check();
  return wish;
}

/**
 * Sends `messages` one after the other and shows the answers. Returns the exit code: done when
 * every answer is a success.
 */
export async function sendMessages(flags: Flags, command: string, messages: readonly Uint8Array[]): Promise<number> {
  const wish = messageWish(flags, command);
  const show = shower(flags.json);
  let good = true;
  const take = (answer: Message) => {
    show.one(answer);
    if (answer.result !== undefined && isSuccess(answer.result)) return;
    printFailure(answer);
    good = false;
  };
  try {
    if (flags["no-cer"]) {
      const complete = await exchangeRaw(wish.peer, messages, wish.timeout, (bytes) => {
        const message = new Message(new Uint8Array(bytes));
        if ((message.header.flags & FLAG.request) !== 0) show.one(message);
        else take(message);
      });
      if (!complete) {
        throw new SendError("the peer closed the connection, or fell silent, before every answer was there");
      }
    } else {
      for (const message of messages) checkRequest(message, command);
      await withPeer(wish, wish.applications ?? applicationsOf(messages), async (pool) => {
        for (const message of messages) take(await pool.request(message, { keepIds: flags["keep-ids"] }));
      });
    }
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    const ours = [TypeError, ReferenceError, RangeError].some((mistake) => error instanceof mistake);
    if (ours && !(error instanceof MalformedAnswerError)) throw error;
    printSentence(error.message);
    good = false;
  } finally {
    show.end();
  }
  return good ? EXIT.done : EXIT.failed;
}

/** @throws UsageError when it cannot be sent over an open connection */
function checkRequest(message: Uint8Array, command: string): void {
  const complain = (text: string) => {
    throw new UsageError([`${text}; with --no-cer it is sent as it is`], command);
  };
  if (message.length < HEADER_LENGTH) return complain(`${message.length} bytes are no message`);
  const { length, version, flags, command: code } = readHeader(message);
  if (version !== 1) complain(`the message has version ${version}`);
  if (length !== message.length) complain(`the length in the header is ${length}, there are ${message.length} bytes`);
  if (length % 4 !== 0) complain(`the length ${length} is no multiple of 4`);
  if ((flags & FLAG.request) === 0) complain("the message is an answer, which nobody answers");
  if (isPeerCommand(code)) complain(`command ${code} is the connection's own business`);
}

/** Vendor-specific applications begin here (RFC 6733 section 11.3). */
const FIRST_VENDOR_APPLICATION = 0x01000000;

/**
 * What a CER has to advertise for `messages`. Whose a vendor's application is does not stand in a
 * message: most are 3GPP's.
 */
function applicationsOf(messages: readonly Uint8Array[]): AdvertisedApplication[] {
  const ids = new Set(messages.map((message) => readHeader(message).application));
  ids.delete(APPLICATION.common);
  return [...ids].filter((id) => id !== APPLICATION.relay).map((id) =>
    id >= FIRST_VENDOR_APPLICATION
      ? { id, vendor: VENDOR.threeGpp }
      : { id, accounting: id === APPLICATION.baseAccounting }
  );
}

/** Shows messages as text, or as one array of JSON. */
function shower(json: boolean): { one(message: Message): void; end(): void } {
  let separator = "[\n";
  return {
    one(message) {
      if (!json) return printMessage(message);
      print(separator + jsonOf(message));
      separator = ",\n";
    },
    end() {
      if (json) print(separator === "[\n" ? "[]" : "]");
    },
  };
}
