/** A chain of relays: a client, freeDiameter, the gateway, freeDiameter, a server. */
import type { Certificate } from "./certificates.ts";
import { FreeDiameter } from "./free_diameter.ts";
import { GATEWAY } from "./running_gateway.ts";

/** Scripted: asks. */
export const CLIENT = { host: "client.app.example.net", realm: "app.example.net" } as const;
/** freeDiameter as a Logic App. */
export const APP_SIDE = { host: "fd.app.example.net", realm: "app.example.net" } as const;
/** freeDiameter as a DRA. */
export const DRA_SIDE = { host: "fd.dra.example.net", realm: "dra.example.net" } as const;
/** Scripted: answers. */
export const SERVER = { host: "eir.home.example.net", realm: "home.example.net" } as const;

/** freeDiameter takes a few seconds before it connects. */
export const CONNECT_TIMEOUT = 15_000;

/** What may differ from test to test. */
export interface Options {
  /** Where the next one listens, away from the client; absent: nobody is connected to. */
  readonly next?: number;
  /** Where it listens itself; a free port when absent. */
  readonly port?: number;
  /** Absent: plain TCP. */
  readonly tls?: Certificate;
}

/** freeDiameter between the gateway and the server. */
export function draSide(directory: string, { next, ...own }: Options): Promise<FreeDiameter> {
  return FreeDiameter.start(directory, {
    ...own,
    identity: DRA_SIDE,
    connect: next === undefined ? [] : [{ host: SERVER.host, port: next }],
    routes: [`dr="${SERVER.realm}" : "${SERVER.host}" += REALM`, `dr="${CLIENT.realm}" : "${GATEWAY.host}" += REALM`],
  });
}

/** freeDiameter between the client and the gateway. */
export function appSide(
  directory: string,
  { next, ...own }: Options & { readonly next: number },
): Promise<FreeDiameter> {
  return FreeDiameter.start(directory, {
    ...own,
    identity: APP_SIDE,
    connect: [{ host: GATEWAY.host, port: next, secure: own.tls !== undefined }],
    routes: [`* : "${GATEWAY.host}" += DEFAULT`, `dr="${CLIENT.realm}" : "${CLIENT.host}" += REALM`],
  });
}
