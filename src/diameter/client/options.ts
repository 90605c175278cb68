/**
 * What clients are told, and the defaults. Times in milliseconds, sizes in bytes.
 * @module
 */
import type { TlsClientFiles } from "../../net/tls.ts";
import type { BackoffOptions } from "../peer/backoff.ts";
import type { AdvertisedApplication, LocalIdentity } from "../peer/capabilities.ts";
import { APPLICATION, VENDOR } from "../wire/application_ids.ts";
import { judgeIdentity } from "../wire/identity.ts";
import { MAX_MESSAGE_LENGTH } from "../wire/header.ts";
import { InvalidConfigError } from "./errors.ts";

export { DIAMETER_PORT } from "../wire/ports.ts";

/** Options of every client; only the two names must be given. */
export interface ClientOptions {
  /** DiameterIdentity of this node, a host name. */
  readonly originHost: string;
  /** Its realm. */
  readonly originRealm: string;
  /** `diam-gw` unless given. */
  readonly productName?: string;
  /** Vendor-Id of CER; 10415 (3GPP) unless given. */
  readonly vendorId?: number;
  /**
   * What the CER advertises (RFC 6733 section 5.3): S13 unless given; an empty list advertises
   * Relay, which only agents should.
   */
  readonly applications?: readonly AdvertisedApplication[];
  /** Origin-Host that the CEA must carry; "" (the default) accepts any. */
  readonly expectedHost?: string;
  /** Local address to connect from; "" (the default) leaves it to the system. */
  readonly bind?: string;
  /** TLS, with the names of its files; plain TCP unless given. */
  readonly tls?: TlsClientFiles;
  /** Until the transport connection must be there; 10,000 unless given. */
  readonly connectTimeout?: number;
  /** Until the CEA must be there; 5,000 unless given. */
  readonly capabilitiesTimeout?: number;
  /**
   * Tw of RFC 3539 section 3.4.1: a peer that is silent for so long is asked, and given up after
   * two more; 30,000 unless given. The RFC allows no less than 6,000.
   */
  readonly watchdogInterval?: number;
  /**
   * Tw is drawn anew within this much either way; 2,000 unless given, and never more than a
   * fifteenth of Tw.
   */
  readonly watchdogJitter?: number;
  /**
   * Wait before a lost connection is tried again: 5 s, times 1.5 each time, 5 min at most, 20 %
   * jitter unless given; false: never.
   */
  readonly reconnect?: Partial<BackoffOptions> | false;
  /**
   * Until a call must have ended unless it says otherwise; 10,000 unless given, Infinity for never.
   */
  readonly requestTimeout?: number;
  /**
   * Requests that may wait for their answers on one connection; further calls wait for room. 4,096
   * unless given.
   */
  readonly maxPending?: number;
  /**
   * Calls that may wait for room or for a connection; one more is rejected with `QueueFullError`.
   * 10,000 unless given.
   */
  readonly maxWaiting?: number;
  /**
   * Whether a call waits while no connection is open; false: it is rejected with
   * `ConnectionClosedError` at once. True unless given.
   */
  readonly waitWhileDown?: boolean;
  /**
   * Bytes that may wait to be written on one connection; further calls wait for room. 262,144
   * unless given.
   */
  readonly sendQueueLimit?: number;
  /** What a closing connection may take to write what is queued; 10,000 unless given. */
  readonly writeTimeout?: number;
  /** Until DPA must be there (RFC 6733 section 5.4); 5,000 unless given. */
  readonly dprTimeout?: number;
  /** A longer message ends the connection it came on; 65,536 unless given. */
  readonly maxMessageSize?: number;
  /**
   * Requests of the peers that may wait to be read from `received`; further ones are answered 3004.
   * 1,000 unless given.
   */
  readonly maxReceived?: number;
  /** TCP_NODELAY; true unless given. */
  readonly tcpNoDelay?: boolean;
}

/** {@link ClientOptions} with nothing left out. */
export interface ClientSettings extends Omit<Required<ClientOptions>, "tls" | "reconnect"> {
  readonly tls: TlsClientFiles | undefined;
  readonly reconnect: BackoffOptions | false;
}

const RECONNECT: BackoffOptions = { initial: 5_000, multiplier: 1.5, max: 300_000, jitter: 0.2, afterRefusal: 300_000 };
const JITTER = 2_000;
/** Largest share of Tw that its jitter takes by default, as RFC 3539's 2 s of 30 s. */
const JITTER_SHARE = 15;

/** What options are when left out. */
export const CLIENT_DEFAULTS = {
  productName: "diam-gw",
  vendorId: VENDOR.threeGpp,
  applications: [{ id: APPLICATION.s13, vendor: VENDOR.threeGpp }],
  expectedHost: "",
  bind: "",
  connectTimeout: 10_000,
  capabilitiesTimeout: 5_000,
  watchdogInterval: 30_000,
  requestTimeout: 10_000,
  maxPending: 4_096,
  maxWaiting: 10_000,
  waitWhileDown: true,
  sendQueueLimit: 256 * 1024,
  writeTimeout: 10_000,
  dprTimeout: 5_000,
  maxMessageSize: 64 * 1024,
  maxReceived: 1_000,
  tcpNoDelay: true,
} as const;

const UINT32 = 0xffffffff;
/** Timers take no more. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** Least and most of every number; all are whole. */
const RANGES = {
  vendorId: [0, UINT32],
  connectTimeout: [1, LONGEST_WAIT],
  capabilitiesTimeout: [1, LONGEST_WAIT],
  watchdogInterval: [1, LONGEST_WAIT],
  watchdogJitter: [0, LONGEST_WAIT],
  maxPending: [1, 1_000_000],
  maxWaiting: [0, 1_000_000],
  sendQueueLimit: [0, 2 ** 30],
  writeTimeout: [1, LONGEST_WAIT],
  dprTimeout: [1, LONGEST_WAIT],
  maxMessageSize: [20, MAX_MESSAGE_LENGTH],
  maxReceived: [0, 1_000_000],
} as const;

/** Collects what is wrong with options, in the order it is found. */
export class OptionCheck {
  readonly problems: string[] = [];

  /** A whole number within a range. */
  whole(name: string, value: unknown, least: number, most: number): void {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return;
    this.problem(name, `a whole number ${least}..${most}`, value);
  }

  /** A number within a range, fractions allowed. */
  number(name: string, value: unknown, least: number, most: number): void {
    if (typeof value === "number" && value >= least && value <= most) return;
    this.problem(name, `a number ${least}..${most}`, value);
  }

  /** A DiameterIdentity (RFC 6733 section 4.3.1). */
  identity(name: string, value: unknown): void {
    if (typeof value === "string" && judgeIdentity(value) === undefined) return;
    this.problem(name, "a host or realm name in ASCII", value);
  }

  problem(name: string, expected: string, value: unknown): void {
    this.problems.push(
      `${name}: expected ${expected}, got ${typeof value === "string" ? JSON.stringify(value) : value}`,
    );
  }

  /** @throws InvalidConfigError when there is a problem */
  done(): void {
    if (this.problems.length > 0) throw new InvalidConfigError(this.problems);
  }
}

/** `options` with the defaults; what is wrong with them goes to `check`. */
export function clientSettings(options: ClientOptions, check: OptionCheck): ClientSettings {
  const { watchdogInterval = CLIENT_DEFAULTS.watchdogInterval } = options;
  const settings: ClientSettings = {
    ...CLIENT_DEFAULTS,
    ...defined(options),
    watchdogInterval,
    watchdogJitter: options.watchdogJitter ?? Math.floor(Math.min(JITTER, watchdogInterval / JITTER_SHARE)),
    tls: options.tls,
    reconnect: options.reconnect === false ? false : { ...RECONNECT, ...options.reconnect },
  };
  check.identity("originHost", settings.originHost);
  check.identity("originRealm", settings.originRealm);
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    check.whole(name, settings[name as keyof typeof RANGES], least, most);
  }
  if (settings.requestTimeout !== Infinity) check.whole("requestTimeout", settings.requestTimeout, 1, LONGEST_WAIT);
  settings.applications.forEach(({ id, vendor = 0 }, i) => {
    check.whole(`applications[${i}].id`, id, 0, UINT32);
    check.whole(`applications[${i}].vendor`, vendor, 0, UINT32);
  });
  if (settings.reconnect !== false) {
    const { initial, multiplier, max, jitter, afterRefusal } = settings.reconnect;
    check.whole("reconnect.initial", initial, 0, LONGEST_WAIT);
    check.number("reconnect.multiplier", multiplier, 1, 100);
    check.whole("reconnect.max", max, 0, LONGEST_WAIT);
    check.number("reconnect.jitter", jitter, 0, 1);
    check.whole("reconnect.afterRefusal", afterRefusal, 0, LONGEST_WAIT);
  }
  return settings;
}

/** One value per process life (RFC 6733 section 8.16). */
const ORIGIN_STATE_ID = Math.floor(Date.now() / 1000);

/** What a client says of itself in CER, DWR and DPR. */
export function localIdentity(settings: ClientSettings): LocalIdentity {
  const { originHost, originRealm, productName, vendorId, applications } = settings;
  return { originHost, originRealm, productName, vendorId, applications, originStateId: ORIGIN_STATE_ID };
}

/** The properties that are not undefined. */
function defined(options: ClientOptions): ClientOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as ClientOptions;
}
