/**
 * diam-gw as a library: the gateway, Diameter clients, the message codec with its dictionary, and the simulators.
 *
 * Times are in milliseconds and sizes in bytes everywhere, unless a name says otherwise.
 *
 * @example A gateway between a Logic App and a DRA, both simulated
 * ```ts
 * import { AppSimulator, DEFAULT_OPTIONS, DraSimulator, Gateway } from "@diam-gw/diam-gw";
 *
 * const dra = new DraSimulator();
 * const { hostname: host, port } = dra.start();
 * const gateway = new Gateway({
 *   ...DEFAULT_OPTIONS,
 *   server: { ...DEFAULT_OPTIONS.server, listen: [{ hostname: "127.0.0.1", port: 0 }] },
 *   draPool: {
 *     ...DEFAULT_OPTIONS.draPool,
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
 * console.log(apps.counters.answered, gateway.statistics.sessions_completed); // 100 100
 *
 * await apps.stop();
 * await gateway.stop();
 * dra.kill();
 * ```
 *
 * @module
 */

// The gateway.
export { Gateway } from "./diameter/relay/gateway.ts";
export {
  DEFAULT_OPTIONS,
  type DraOptions,
  type DraPoolOptions,
  type GatewayOptions,
  type ServerOptions,
} from "./diameter/relay/options.ts";
export type { GatewayEvent, GatewayListener, MessageRecord } from "./diameter/relay/events.ts";
export type { Statistics } from "./diameter/relay/statistics.ts";
export type { AdvertisedApplication, Capabilities } from "./diameter/peer/capabilities.ts";
export type { BackoffOptions } from "./diameter/peer/backoff.ts";
export type { Endpoint } from "./net/connection.ts";
export type { TlsClientFiles, TlsServerFiles } from "./net/tls.ts";

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
} from "./diameter/wire/codec.ts";
export { type AvpOptions, MessageBuilder, type MessageHeader } from "./diameter/wire/message_builder.ts";
export { describeAvps, describeMessage } from "./diameter/wire/message_text.ts";
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
export type { Specification } from "./diameter/wire/dictionary/specification.ts";

// Simulators.
export { DraSimulator, type DraSimulatorOptions } from "./diameter/sim/dra.ts";
export { AppSimulator, type AppSimulatorOptions, type LoadLimit } from "./diameter/sim/app.ts";
export { EquipmentTable } from "./diameter/sim/equipment.ts";
export type { Faults } from "./diameter/sim/faults.ts";

export { VERSION } from "./version.ts";
