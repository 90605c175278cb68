/**
 * Messages from names and values.
 * @module
 */
import { AVP_FLAG } from "./avp_codes.ts";
import { APPLICATION } from "./application_ids.ts";
import { isPeerCommand } from "./command_codes.ts";
import { type AvpValue, encodeData } from "./data_format.ts";
import type { AvpDefinition, CommandDefinition, Dictionary } from "./dictionary/dictionary.ts";
import { standardDictionary } from "./dictionary/standard.ts";
import { FLAG } from "./header.ts";
import { MessageBuilder } from "./message_builder.ts";

/** Command codes have 24 bits, application ids 32 (RFC 6733 section 3). */
const MAX_COMMAND = 0xffffff;
const MAX_APPLICATION = 0xffffffff;

/** What one AVP gets: a value, what a group holds, or a list when the AVP occurs several times. */
export type AvpInput = AvpValue | AvpInputs | readonly AvpInput[];

/**
 * AVPs by name, or by `code` or `vendor:code`: an object, or pairs where the order of a repeated
 * AVP among the others matters.
 * `{"Origin-Host": "a", "Supported-Vendor-Id": [10415, 13019], "Terminal-Information": {"IMEI": "..."}}`
 */
export type AvpInputs = { readonly [name: string]: AvpInput } | readonly (readonly [name: string, value: AvpInput])[];

/** What to encode. */
export interface MessageInput {
  /**
   * Code, name or abbreviation: `324`, `"3GPP-ME-Identity-Check"`, `"ME-Identity-Check-Request"`,
   * `"ECR"`.
   */
  readonly command: number | string;
  /** Id or name; that of the command unless given. */
  readonly application?: number | string;
  /**
   * Command flags. Unless given, R is set, except behind a name ending in -Answer and an
   * abbreviation ending in A; P is set, except for the messages between neighbours (RFC 6733
   * sections 5.3 to 5.5); E and T are clear.
   */
  readonly flags?: {
    readonly request?: boolean;
    readonly proxiable?: boolean;
    readonly error?: boolean;
    readonly retransmitted?: boolean;
  };
  /** 0 unless given: whoever sends the message sets it. */
  readonly hopByHop?: number;
  /** 0 unless given. */
  readonly endToEnd?: number;
  /** The AVPs in their order. */
  readonly avps: AvpInputs;
}

/** A message cannot be encoded. */
export class EncodeError extends TypeError {
  /**
   * What is wrong, and in which AVP.
   * @param path the AVP within its groups: `Terminal-Information/IMEI`; empty when it is not an
   * AVP's fault
   */
  constructor(message: string, readonly path: string) {
    super(message);
    this.name = "EncodeError";
  }
}

/**
 * The bytes of a message. The M flag of each AVP follows the dictionary: set where its
 * specification says that it must be.
 *
 * @example
 * ```ts
 * import { encodeMessage } from "./encode_message.ts";
 * const bytes = encodeMessage({
 *   command: "ECR",
 *   avps: {
 *     "Session-Id": "mme.example.net;1;2",
 *     "Auth-Session-State": "NO_STATE_MAINTAINED",
 *     "Origin-Host": "mme.example.net",
 *     "Origin-Realm": "example.net",
 *     "Destination-Realm": "example.net",
 *     "Terminal-Information": { "IMEI": "35209900176148" },
 *   },
 * });
 * console.log(bytes.length); // 164
 * ```
 * @throws EncodeError when the dictionary lacks a name, or a value does not suit its AVP
 */
export function encodeMessage(
  input: MessageInput,
  dictionary: Dictionary = standardDictionary(),
): Uint8Array<ArrayBuffer> {
  const application = applicationOf(input.application, dictionary);
  const command = commandOf(input.command, application, dictionary);
  const code = typeof input.command === "number" ? input.command : command!.code;
  const builder = new MessageBuilder({
    flags: flagsOf(input, code, command),
    command: code,
    application: application ?? command?.application ?? APPLICATION.common,
    hopByHop: input.hopByHop ?? 0,
    endToEnd: input.endToEnd ?? 0,
  });
  writeAvps(builder, input.avps, dictionary, "");
  return builder.finish();
}

function applicationOf(application: number | string | undefined, dictionary: Dictionary): number | undefined {
  if (typeof application === "number") checkRange("application", application, MAX_APPLICATION);
  if (typeof application !== "string") return application;
  const id = dictionary.applicationNamed(application);
  if (id === undefined) {
    throw new EncodeError(`Cannot encode a message of unknown application ${quote(application)}`, "");
  }
  return id;
}

function commandOf(name: number | string, application: number | undefined, dictionary: Dictionary) {
  if (typeof name === "number") {
    checkRange("command", name, MAX_COMMAND);
    return dictionary.command(name);
  }
  const command = dictionary.commandNamed(name, application);
  if (command === undefined) throw new EncodeError(`Cannot encode unknown command ${quote(name)}`, "");
  return command;
}

function checkRange(what: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new EncodeError(`Cannot encode ${what} ${value}: expected a whole number 0..${max}`, "");
}

function flagsOf({ command, flags = {} }: MessageInput, code: number, known: CommandDefinition | undefined): number {
  const isAnswer = typeof command === "string" &&
    (command.endsWith("-Answer") || (known !== undefined && command === `${known.abbreviation}A`));
  return (flags.request ?? !isAnswer ? FLAG.request : 0) |
    (flags.proxiable ?? !isPeerCommand(code) ? FLAG.proxiable : 0) |
    (flags.error ? FLAG.error : 0) | (flags.retransmitted ? FLAG.retransmitted : 0);
}

function writeAvps(builder: MessageBuilder, inputs: AvpInputs, dictionary: Dictionary, path: string): void {
  for (const [name, input] of isPairs(inputs) ? inputs : Object.entries(inputs)) {
    const inner = path === "" ? name : `${path}/${name}`;
    const definition = dictionary.avpNamed(name);
    if (definition === undefined) throw new EncodeError(`Cannot encode unknown AVP ${inner}`, inner);
    const occurrences = Array.isArray(input) && !(definition.type === "Grouped" && isPairs(input)) ? input : [input];
    for (const occurrence of occurrences) writeAvp(builder, definition, occurrence, dictionary, inner);
  }
}

function writeAvp(
  builder: MessageBuilder,
  definition: AvpDefinition,
  input: AvpInput,
  dictionary: Dictionary,
  path: string,
): void {
  const { code, vendor, type, values } = definition;
  const options = { vendor, flags: definition.mandatory === "M" ? AVP_FLAG.mandatory : 0 };
  if (type === "Grouped") {
    if (typeof input !== "object" || input === null || input instanceof Uint8Array) {
      throw new EncodeError(`Cannot encode AVP ${path} (${code}): it is a group, expected an object of AVPs`, path);
    }
    builder.group(code, (group) => writeAvps(group, input as AvpInputs, dictionary, path), options);
    return;
  }
  try {
    builder.octets(code, encodeData(type, input, values), options);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new EncodeError(`Cannot encode AVP ${path} (${code}): ${error.message}`, path);
  }
}

/** Whether AVPs are given as pairs; a list of anything else is an AVP that occurs several times. */
function isPairs(value: unknown): value is readonly (readonly [string, AvpInput])[] {
  return Array.isArray(value) && value.length > 0 &&
    value.every((pair) => Array.isArray(pair) && pair.length === 2 && typeof pair[0] === "string");
}

function quote(text: string): string {
  return JSON.stringify(text);
}
