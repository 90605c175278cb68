/**
 * The ring of recent transactions: written by the message path, read and exported by who asks.
 * Must not know any protocol: what is shown of a message is said by who relays it.
 * @module
 */
export { captureOf, type CaptureOptions } from "./pcapng_export.ts";
export type {
  Attempt,
  Choice,
  ConnectionEnd,
  ConnectionFacts,
  LeftOut,
  Piece,
  RecordedMessage,
  TracedConnection,
  TracedRequest,
  TraceOptions,
  Transaction,
  TransactionFilter,
  TransactionPage,
} from "./record.ts";
export { AUTO_LIMIT } from "./sampler.ts";
export { type EndedTransaction, TraceFollower } from "./trace_follower.ts";
export { createTraceRing, TraceRing } from "./trace_ring.ts";
export { messagesOf, transactionsOf } from "./trace_reader.ts";
