/**
 * diam-gw as a library: the gateway, Diameter clients, the message codec with its dictionary, and
 * the simulators.
 *
 * Times are in milliseconds and sizes in bytes everywhere, unless a name says otherwise.
 *
 * @example A gateway between a Logic App and a DRA, both simulated
 * ```ts
 * import { AppSimulator, BALANCE_NAMES, DEFAULT_OPTIONS, DraSimulator, Gateway, VERSION } from "@diam-gw/diam-gw";
 *
 * const dra = new DraSimulator();
 * const { hostname: host, port } = dra.start();
 * const gateway = new Gateway({
 *   ...DEFAULT_OPTIONS,
 *   server: { ...DEFAULT_OPTIONS.server, listen: [{ hostname: "127.0.0.1", port: 0 }] },
 *   draPool: {
 *     ...DEFAULT_OPTIONS.draPool,
 *     balance: BALANCE_NAMES[1], // least_pending
 *     dras: [{ name: "dra-1", host, port, priority: 1, weight: 100, originHost: "", bind: "" }],
 *   },
 * });
 * const usable = new Promise<void>((resolve) => gateway.on((event) => event.kind === "dra_up" && resolve()));
 * await gateway.start();
 * await usable;
 *
 * const apps = new AppSimulator({ connect: gateway.addresses[0]! });
 * await apps.start();
 * await apps.run({ requests: 100 });
 * console.log(VERSION, apps.counters.answered, gateway.statistics.sessions_completed); // 0.1.0 100 100
 *
 * await apps.stop();
 * await gateway.stop();
 * dra.kill();
 * ```
 *
 * @example What a message says, for people, for programs and for scripts
 * ```ts
 * import { avpsOf, decodeMessage, encodeMessage, standardDictionary } from "@diam-gw/diam-gw";
 * import { describeAvps, describeMessage, messageJson, readHeader, resultCodeName } from "@diam-gw/diam-gw";
 * import { APPLICATION, AVP, AVP_FLAG, COMMAND, FLAG, RESULT, VENDOR } from "@diam-gw/diam-gw";
 *
 * const bytes = encodeMessage({
 *   command: "ECA",
 *   hopByHop: 1,
 *   avps: { "Session-Id": "mme.example.net;1;2", "Result-Code": RESULT.success, "Equipment-Status": "BLACKLISTED" },
 * });
 * const message = decodeMessage(bytes);
 * console.log(describeMessage(message)); // 3GPP-ME-Identity-Check-Answer (ECA)  flags P  application ...
 * console.log(describeAvps(message.avps, standardDictionary()).join("\n")); //   Session-Id(263) M  "mme.example.net;1;2" ...
 * console.log(JSON.stringify(messageJson(message).avps[1]?.value_name)); // "DIAMETER_SUCCESS"
 *
 * const { command, application, flags } = readHeader(bytes);
 * console.log(command === COMMAND.meIdentityCheck, application === APPLICATION.s13); // true true
 * console.log((flags & FLAG.request) !== 0, resultCodeName(RESULT.success)); // false DIAMETER_SUCCESS
 * for (const avp of avpsOf(bytes, 20, bytes.length)) {
 *   if (avp.code === AVP.resultCode) console.log((avp.flags & AVP_FLAG.mandatory) !== 0); // true
 *   if (avp.vendor === VENDOR.threeGpp) console.log(avp.code); // 1445
 * }
 * ```
 *
 * @example AVPs of one's own
 * ```ts
 * import { DecodeError, decodeMessage, DictionaryError, EncodeError, encodeMessage } from "@diam-gw/diam-gw";
 * import { specificationsFrom, standardDictionary } from "@diam-gw/diam-gw";
 *
 * const own = specificationsFrom({ vendor: 99999, avps: [{ code: 1, name: "Example-Level", type: "Unsigned32" }] });
 * const dictionary = standardDictionary().extendedBy(...own);
 * const bytes = encodeMessage({ command: 8388999, avps: { "Example-Level": 7 } }, dictionary);
 * console.log(decodeMessage(bytes, dictionary).avps[0]?.value); // 7
 * try {
 *   encodeMessage({ command: 8388999, avps: { "Example-Level": -7 } }, dictionary);
 * } catch (error) {
 *   console.log(error instanceof EncodeError && error.message); // Cannot encode AVP Example-Level (1): expected Unsigned32 ...
 * }
 * bytes[27] = 200; // The AVP's length reaches past the end now.
 * const [problem] = decodeMessage(bytes, dictionary).problems;
 * console.log(problem instanceof DecodeError && problem.offset); // 20
 * try {
 *   specificationsFrom({ avps: [{ code: 1, name: "No-Type" }] });
 * } catch (error) {
 *   console.log(error instanceof DictionaryError && error.problems.length); // 1
 * }
 * ```
 *
 * @example What can go wrong with a client
 * ```ts
 * import { AddressClient, DIAMETER_PORT, DraSimulator, S13Client } from "@diam-gw/diam-gw";
 * import { ConnectionClosedError, ConnectionFailedError, HandshakeFailedError } from "@diam-gw/diam-gw";
 * import { InvalidConfigError, MalformedAnswerError, PoolClosedError, QueueFullError } from "@diam-gw/diam-gw";
 * import { EquipmentUnknownError, ResultCodeError } from "@diam-gw/diam-gw";
 *
 * const dra = new DraSimulator({ faults: { result: { code: 3004, vendor: 0 } } });
 * const { hostname, port } = dra.start();
 * const client = new AddressClient({ originHost: "mme.example.net", originRealm: "example.net" });
 *
 * async function check(address: string, imei = "35209900176148"): Promise<string> {
 *   try {
 *     const s13 = new S13Client(client.to(address), { destinationRealm: "core.example.net" });
 *     return (await s13.checkEquipment({ imei }, { timeout: 2_000 })).status;
 *   } catch (error) {
 *     if (error instanceof InvalidConfigError) return error.problems.join(", ");
 *     if (error instanceof ConnectionFailedError) return "nobody listens there";
 *     if (error instanceof HandshakeFailedError) return `refused with ${error.resultCode}`;
 *     if (error instanceof EquipmentUnknownError) return "not known";
 *     if (error instanceof ResultCodeError) return `answered with ${error.resultCode}`;
 *     if (error instanceof MalformedAnswerError) return `nonsense at byte ${error.offset}`;
 *     if (error instanceof ConnectionClosedError || error instanceof QueueFullError) return "later, perhaps";
 *     if (error instanceof PoolClosedError) return "we are closed";
 *     if (error instanceof DOMException && error.name === "TimeoutError") return "no answer";
 *     throw error;
 *   }
 * }
 *
 * console.log(await check(`${hostname}:${port}`)); // answered with 3004
 * console.log(await check("127.0.0.1:1")); // nobody listens there
 * console.log(await check("127.0.0.1", "12")); // imei: expected 14 digits, or 15 with the check digit, got "12"
 * await client.close();
 * console.log(await check(`127.0.0.1:${DIAMETER_PORT}`)); // we are closed
 * dra.kill();
 * ```
 *
 * @module
 */

// The gateway.
export type { RefusedMessage } from "./diameter/relay/core/refused_messages.ts";
export type { GatewayControl } from "./diameter/relay/control.ts";
export { Gateway } from "./diameter/relay/gateway.ts";
export type { ExplainedDra, ExplainRequest, Explanation, RouteStep } from "./diameter/relay/explain.ts";
export type {
  AvpMatch,
  DuplicateCacheOptions,
  IdentityMatch,
  LimitKey,
  LimitOptions,
  MatchOptions,
  OneOrMore,
  PolicyOptions,
  PoolMember,
  PoolOptions,
  QueueOptions,
  RejectOptions,
  RewriteOptions,
  RouteOptions,
  RoutingOptions,
  ScreeningOptions,
  ScreeningRule,
} from "./diameter/relay/core/policy_options.ts";
export type {
  AppStatus,
  BreakerState,
  BreakerStatus,
  DraStatus,
  GatewayState,
  GatewayStatus,
} from "./diameter/relay/status.ts";
export {
  type AllowRule,
  BALANCE_NAMES,
  type BalanceName,
  type CircuitBreakerOptions,
  DEFAULT_OPTIONS,
  type DraOptions,
  type DraPoolOptions,
  type ErrorDetail,
  type GatewayOptions,
  type ServerOptions,
  type SlowStartOptions,
} from "./diameter/relay/core/options.ts";
export type {
  DraState,
  GatewayEvent,
  GatewayListener,
  MessageObserver,
  MessageRecord,
  ScreenedEvent,
} from "./diameter/relay/core/events.ts";
export type { DraStatistics, Statistics } from "./diameter/relay/statistics.ts";
export type { AdvertisedApplication, Capabilities } from "./diameter/peer/capabilities.ts";
export type { ApplicationSet } from "./diameter/wire/application_set.ts";
export type { BackoffOptions } from "./diameter/peer/backoff.ts";
export type { Endpoint } from "./net/connection.ts";
export type { TlsClientFiles } from "./net/tls.ts";
export type { TlsServerFiles } from "./net/tls_listener.ts";

// Clients.
export {
  ConnectionPool,
  type ConnectionPoolOptions,
  type PoolHealth,
  type PoolStatistics,
} from "./diameter/client/connection_pool.ts";
export {
  AddressClient,
  type AddressClientMetrics,
  type AddressClientOptions,
} from "./diameter/client/address_client.ts";
export {
  type Equipment,
  type EquipmentCheck,
  type EquipmentStatus,
  S13Client,
  type S13Options,
} from "./diameter/client/s13_client.ts";
export { EquipmentUnknownError, ResultCodeError } from "./diameter/client/s13_errors.ts";
export type { Requester } from "./diameter/client/requester.ts";
export type { CallOptions, RequestOptions } from "./diameter/client/call.ts";
export { type ClientOptions, DIAMETER_PORT } from "./diameter/client/options.ts";
export type { ClientEvent, ClientListener, ConnectionState, ConnectionStatistics } from "./diameter/client/events.ts";
export { Message, type Result } from "./diameter/client/message.ts";
export { type AnswerInput, PeerRequest } from "./diameter/client/peer_request.ts";
export { SessionIds } from "./diameter/client/session_ids.ts";
export {
  ConnectionClosedError,
  ConnectionFailedError,
  HandshakeFailedError,
  InvalidConfigError,
  MalformedAnswerError,
  PoolClosedError,
  QueueFullError,
} from "./diameter/client/errors.ts";

// Messages.
export {
  type AvpInput,
  type AvpInputs,
  type AvpValue,
  type DecodedAvp,
  type DecodedMessage,
  DecodeError,
  decodeMessage,
  EncodeError,
  encodeMessage,
  type MessageInput,
  type OtherAddress,
  type Unusual,
} from "./diameter/wire/codec.ts";
export { type AvpOptions, MessageBuilder, type MessageHeader } from "./diameter/wire/message_builder.ts";
export { describeAvps, describeMessage, type VendorNames } from "./diameter/wire/message_text.ts";
export { type AvpJson, type MessageJson, messageJson } from "./diameter/wire/message_json.ts";
export { FLAG, type Header, readHeader } from "./diameter/wire/header.ts";
export { AVP, AVP_FLAG } from "./diameter/wire/avp_codes.ts";
export { type AvpSlice, avpsOf } from "./diameter/wire/avp.ts";
export { APPLICATION, VENDOR } from "./diameter/wire/application_ids.ts";
export { COMMAND } from "./diameter/wire/command_codes.ts";
export { RESULT, resultCodeName } from "./diameter/wire/result_codes.ts";

// The dictionary.
export { type AvpDefinition, type CommandDefinition, Dictionary } from "./diameter/wire/dictionary/dictionary.ts";
export { standardDictionary } from "./diameter/wire/dictionary/standard.ts";
export { DictionaryError, specificationsFrom } from "./diameter/wire/dictionary/custom.ts";
export type {
  ApplicationRow,
  AvpRow,
  CommandRow,
  MandatoryRule,
  Specification,
  ValueNames,
} from "./diameter/wire/dictionary/specification.ts";
export type { DataType } from "./diameter/wire/dictionary/data_type.ts";

// Simulators.
export { DraSimulator, type DraSimulatorOptions } from "./diameter/sim/dra.ts";
export { AppSimulator, type AppSimulatorOptions, type LoadLimit } from "./diameter/sim/app.ts";
export { EquipmentTable } from "./diameter/sim/equipment.ts";
export type { EquipmentStatus as SimulatedEquipmentStatus } from "./diameter/sim/equipment.ts";
export type { Faults, SimResult } from "./diameter/sim/faults.ts";
export type { LoadKind } from "./diameter/sim/load_messages.ts";

export { VERSION } from "./version.ts";
