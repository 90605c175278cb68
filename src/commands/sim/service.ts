/**
 * What the supporting services of the gRPC plane have in common as commands.
 * @module
 */
import { type Endpoint, endpointText } from "../../net/connection.ts";
import { reasonOf } from "../../net/reason.ts";
import type { ListenAddress } from "../../ops/config/address.ts";
import { EXIT } from "../cli/command.ts";
import { Interruption } from "../cli/signals.ts";
import { print, printError } from "../cli/terminal.ts";
import type { FlagReader } from "./flags.ts";

/** A service at work. */
export interface Service {
  /** With the real port. */
  readonly address: Endpoint;
  /** Resolves when it ends by itself; never, unless given. */
  readonly ended?: Promise<void>;
  /** Ends it in peace. */
  stop(): Promise<void>;
}

/** Where to listen; the port must be said, 0 takes a free one. */
export function listenAddress(reader: FlagReader, flag: string, text: string): ListenAddress {
  if (/:\d+$/.test(text)) return reader.address(flag, text);
  reader.reject(flag, `expected HOST:PORT, got ${JSON.stringify(text)}`);
  return { hostname: "", port: 0, text };
}

/** Runs a service until a signal, or until it ends by itself. */
export async function runService(listen: ListenAddress, start: () => Promise<Service>): Promise<number> {
  using interruption = new Interruption();
  let service: Service;
  try {
    service = await start();
  } catch (error) {
    printError(`cannot listen on ${listen.text}: ${reasonOf(error)}`);
    return EXIT.failed;
  }
  print(`listening on ${endpointText(service.address)}`);
  await Promise.race([interruption.wait(), service.ended ?? new Promise<never>(() => {})]);
  await service.stop();
  return EXIT.done;
}
