/**
 * Looking for an AVP with a value, wherever it is in a message.
 *
 * PURE.
 * @module
 */
import { formatHex } from "../../diameter/wire/data_format.ts";
import type { DecodedAvp } from "../../diameter/wire/decode_message.ts";
import type { DataType } from "../../diameter/wire/dictionary/data_type.ts";
import type { AvpDefinition, Dictionary } from "../../diameter/wire/dictionary/dictionary.ts";
import { BadValue } from "./bad_value.ts";
import type { Test } from "./seen.ts";

const WHOLE: ReadonlySet<DataType> = new Set(["Integer32", "Integer64", "Unsigned32", "Unsigned64"]);

/** `NAME` or `NAME=VALUE`; NAME may be a code, or vendor:code. */
export function avpTest(text: string, dictionary: Dictionary): Test | BadValue {
  const [, name = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const numbers = /^(?:(\d{1,10}):)?(\d{1,10})$/.exec(name);
  const definition = dictionary.avpNamed(name) ?? definitionNamed(name, dictionary);
  if (definition === undefined && numbers === null) {
    return BadValue.of("NAME=VALUE with the name of an AVP, its code, or vendor:code", name, namesOf(dictionary));
  }
  if (definition !== undefined && value !== undefined) {
    const problem = problemOf(definition, value);
    if (problem !== undefined) return problem;
  }
  const code = definition?.code ?? Number(numbers![2]);
  const vendor = definition?.vendor ?? Number(numbers![1] ?? 0);
  const isIt = (avp: DecodedAvp) =>
    avp.code === code && avp.vendor === vendor && (value === undefined || formsOf(avp).includes(value));
  const isIn = (avps: readonly DecodedAvp[]): boolean =>
    avps.some((avp) => isIt(avp) || (avp.avps !== undefined && isIn(avp.avps)));
  return ({ message }) => isIn(message.avps);
}

function definitionNamed(name: string, dictionary: Dictionary): AvpDefinition | undefined {
  const wanted = name.toLowerCase();
  for (const definition of dictionary.avps()) if (definition.name.toLowerCase() === wanted) return definition;
  return undefined;
}

function* namesOf(dictionary: Dictionary): Generator<string> {
  for (const { name } of dictionary.avps()) yield name;
}

/** Why no message can have the value. */
function problemOf({ name, type, values }: AvpDefinition, value: string): BadValue | undefined {
  if (type === "Grouped") return new BadValue(`${name} is a group; give --avp ${name} alone, or an AVP within it`);
  if (/^-?\d+$/.test(value)) return undefined;
  const names = Object.values(values ?? {});
  if (names.length > 0) {
    return names.includes(value) ? undefined : BadValue.of(`a value of ${name}, as number or name`, value, names);
  }
  // Some numbers have names that other tables know: results, applications, vendors.
  if (!WHOLE.has(type) || NAMED_ELSEWHERE.test(name)) return undefined;
  return BadValue.of(`a whole number for ${name}`, value);
}

const NAMED_ELSEWHERE = /(Result-Code|Application-Id|Vendor-Id)$/;

/** Everything that a person may call the value. */
function formsOf({ value, valueName, reading, avps, raw }: DecodedAvp): readonly string[] {
  if (avps !== undefined) return [];
  const digits = formatHex(raw);
  const forms = [digits, `0x${digits}`];
  if (valueName !== undefined) forms.push(valueName);
  if (reading !== undefined) forms.push(reading);
  if (value instanceof Uint8Array) forms.push(new TextDecoder().decode(value));
  else if (value !== undefined && typeof value !== "object") forms.push(String(value));
  return forms;
}
