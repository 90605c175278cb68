/**
 * What `ping` found, for people and for scripts.
 * @module
 */
import type { Capabilities } from "../../diameter/peer/capabilities.ts";
import type { AdvertisedApplication } from "../../diameter/wire/application_set.ts";
import { standardDictionary } from "../../diameter/wire/dictionary/standard.ts";
import { isSuccessCode, resultCodeName } from "../../diameter/wire/result_codes.ts";
import { milliseconds, plural } from "../../host/numbers.ts";
import { escapeControls } from "../../ops/log/mod.ts";
import type { Palette } from "../cli/terminal.ts";
import type { WatchdogAnswer } from "./exchange.ts";

/** Milliseconds of round trips; undefined when nothing came back. */
export interface RoundTrips {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/** What the peer said of itself, and how long it took. */
export interface Greeting {
  readonly remote: string;
  readonly isTls: boolean;
  readonly connectTime: number;
  readonly capabilitiesTime: number;
  readonly capabilities: Capabilities;
}

/** Least, mean and most of these. */
export function roundTrips(times: readonly number[]): RoundTrips | undefined {
  if (times.length === 0) return undefined;
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return { min: Math.min(...times), mean, max: Math.max(...times) };
}

/** Who answered, in lines. Everything that the peer wrote has its control characters escaped. */
export function greetingText(greeting: Greeting, { bold, dim }: Palette): string {
  const { capabilities, remote, isTls, connectTime, capabilitiesTime } = greeting;
  const [first = "none", ...others] = capabilities.applications.advertised.map(applicationText);
  const { originStateId, resultCode = 0 } = capabilities;
  const rows: [name: string, value: string][] = [
    ["realm", escapeControls(capabilities.originRealm)],
    ["product", escapeControls(capabilities.productName)],
    ["vendor", vendorText(capabilities.vendorId)],
    ["applications", first],
    ...others.map((text): [string, string] => ["", text]),
    ["Origin-State-Id", originStateId === undefined ? "none" : `${originStateId}${asTime(originStateId)}`],
    ["result", `${resultCodeName(resultCode)} (${resultCode})`],
    ["took", `${milliseconds(connectTime)} to connect, ${milliseconds(capabilitiesTime)} from CER to CEA`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const head = `${remote}${isTls ? " over TLS" : ""} is ${bold(escapeControls(capabilities.originHost))}`;
  return [head, ...rows.map(([name, value]) => `  ${dim(name.padEnd(width))}  ${value}`)].join("\n");
}

/** One DWA. */
export function watchdogText(
  nth: number,
  { milliseconds: time, resultCode }: WatchdogAnswer,
  { red }: Palette,
): string {
  const text = `DWA ${nth}: ${milliseconds(time)}`;
  if (resultCode !== undefined && isSuccessCode(resultCode)) return text;
  return red(
    `${text}, ${resultCode === undefined ? "no Result-Code" : `${resultCodeName(resultCode)} (${resultCode})`}`,
  );
}

/** The last line. @param what was sent: `DWR` */
export function summaryText(what: string, sent: number, answered: number, trips: RoundTrips | undefined): string {
  const times = trips === undefined
    ? ""
    : `; round trip ${milliseconds(trips.min)} at least, ${milliseconds(trips.mean)} on average, ${
      milliseconds(trips.max)
    } at most`;
  return `${plural(sent, what)}, ${answered} answered${times}`;
}

/** What the peer said, for scripts. */
export function greetingJson({ capabilities, remote, isTls, connectTime, capabilitiesTime }: Greeting) {
  const { originHost, originRealm, productName, vendorId, originStateId, resultCode } = capabilities;
  return {
    remote,
    tls: isTls,
    origin_host: originHost,
    origin_realm: originRealm,
    product_name: productName,
    vendor_id: vendorId,
    vendor_name: standardDictionary().vendorName(vendorId) ?? null,
    origin_state_id: originStateId ?? null,
    result_code: resultCode ?? null,
    applications: capabilities.applications.advertised.map(({ id, vendor = 0, accounting = false }) => ({
      id,
      vendor,
      type: accounting ? "acct" : "auth",
      name: standardDictionary().applicationName(id) ?? null,
    })),
    connect_ms: rounded(connectTime),
    capabilities_ms: rounded(capabilitiesTime),
  };
}

/** Round trips, for scripts. */
export function tripsJson(trips: RoundTrips | undefined) {
  return trips === undefined ? null : { min: rounded(trips.min), mean: rounded(trips.mean), max: rounded(trips.max) };
}

/** Milliseconds as JSON has them: to the microsecond. */
export function rounded(time: number): number {
  return Math.round(time * 1000) / 1000;
}

function applicationText({ id, vendor = 0, accounting = false }: AdvertisedApplication): string {
  const name = standardDictionary().applicationName(id);
  const number = id === 0xffffffff ? "0xffffffff" : String(id);
  return [
    name === undefined ? number : `${name} (${number})`,
    vendor === 0 ? "" : `, vendor ${vendorText(vendor)}`,
    accounting ? ", accounting" : "",
  ].join("");
}

function vendorText(id: number): string {
  const name = standardDictionary().vendorName(id);
  return name === undefined ? String(id) : `${name} (${id})`;
}

/** Most nodes take the time of their start, in seconds since 1970 (RFC 6733 section 8.16). */
function asTime(id: number): string {
  const isLikely = id > 946_684_800 && id < 4_102_444_800;
  return isLikely ? `, as a time ${new Date(id * 1000).toISOString().replace("T", " ").replace(".000Z", " UTC")}` : "";
}
