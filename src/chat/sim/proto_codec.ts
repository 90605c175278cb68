/**
 * Messages of a service between protobuf and proto3 JSON, by its descriptor.
 * @module
 */
import {
  type DescMessage,
  type DescService,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { type Json, SimError } from "./json.ts";

/** Reads requests and writes answers. */
export class ProtoCodec {
  readonly #methods = new Map<string, { readonly input: DescMessage; readonly output: DescMessage }>();

  constructor(service: DescService) {
    for (const { name, input, output } of service.methods) this.#methods.set(name, { input, output });
  }

  /** @throws SimError for a method that the service has not, and for what is no such message */
  read(method: string, bytes: Uint8Array): Json {
    const { input } = this.#of(method);
    try {
      return toJson(input, fromBinary(input, bytes)) as Json;
    } catch (error) {
      throw new SimError("invalid_argument", error instanceof Error ? error.message : String(error));
    }
  }

  /** @throws SimError for a method that the service has not */
  write(method: string, answer: Json): Uint8Array {
    const { output } = this.#of(method);
    return toBinary(output, fromJson(output, answer as JsonValue));
  }

  #of(method: string): { readonly input: DescMessage; readonly output: DescMessage } {
    const found = this.#methods.get(method);
    if (found === undefined) throw new SimError("unimplemented", `unknown method ${method}`);
    return found;
  }
}
