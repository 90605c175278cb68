/**
 * What the admin interface answers: the server's own types, so that a page which misunderstands it
 * does not compile.
 * @module
 */
import type * as z from "zod";
import type { ShownChatEvent } from "../../chat/admin/events.ts";
import type {
  CONNECTION as CHAT_CONNECTION,
  ROOM as CHAT_ROOM,
  STATUS as CHAT_STATUS,
} from "../../chat/admin/schemas.ts";
import type { ShownEvent } from "../../diameter/admin/events.ts";
import type { APP, DRA, STATUS_PART, TRANSACTION } from "../../diameter/admin/schemas.ts";
import type { shownMessage } from "../../diameter/admin/shown_message.ts";
import type { ShownGrpcEvent } from "../../grpc/admin/events.ts";
import type { CLUSTER, CONNECTION, ROUTE, STATUS as GRPC_STATUS } from "../../grpc/admin/schemas.ts";
import type { ConfigTold } from "../../ops/admin/host.ts";
import type { RELOADED } from "../../ops/admin/routes/config.ts";
import type { LOGGING } from "../../ops/admin/routes/logging.ts";
import type { STATUS } from "../../ops/admin/routes/status.ts";

/** `/api/v1/status`: what concerns the process, and what each plane that runs adds. */
export type Status = z.output<typeof STATUS> & Partial<z.output<typeof STATUS_PART>> & {
  readonly grpc?: GrpcStatus;
  readonly chat?: ChatStatus;
};
/** Of the Diameter plane: numbers since the start, and of now. */
export type Statistics = z.output<typeof STATUS_PART>["statistics"];

/** What the gRPC plane adds to `/api/v1/status`. */
export type GrpcStatus = z.output<typeof GRPC_STATUS>;
/** One of `/api/v1/grpc/clusters` */
export type Cluster = z.output<typeof CLUSTER>;
/** One of its instances. */
export type Instance = Cluster["instances"][number];
/** One of `/api/v1/grpc/routes` */
export type Route = z.output<typeof ROUTE>;
/** One of `/api/v1/grpc/connections` */
export type Client = z.output<typeof CONNECTION>;

/** What the chat plane adds to `/api/v1/status`. */
export type ChatStatus = z.output<typeof CHAT_STATUS>;
/** One of `/api/v1/chat/connections` */
export type ChatConnection = z.output<typeof CHAT_CONNECTION>;
/** One of `/api/v1/chat/rooms` */
export type ChatRoom = z.output<typeof CHAT_ROOM>;

/** One of `/api/v1/dras` */
export type Dra = z.output<typeof DRA>;

/** One of `/api/v1/apps` */
export type App = z.output<typeof APP>;

/** One of `/api/v1/transactions` */
export type Transaction = z.output<typeof TRANSACTION>;
/** One sending of a request to a DRA. */
export type Attempt = Transaction["attempts"][number];

/** A message that came or went. */
export type RecordedMessage = ReturnType<typeof shownMessage>;
/** A decoded message, as `decode --json` prints it. */
export type Message = RecordedMessage["decoded"];
/** A decoded AVP of it. */
export type Avp = Message["avps"][number];

/** `/api/v1/transactions/ID` */
export interface TransactionDetail extends Transaction {
  /** In the order in which they came and went; none when bodies are not kept. */
  readonly messages: readonly RecordedMessage[];
}

/** `/api/v1/logging` */
export type Logging = z.output<typeof LOGGING>;

/** `/api/v1/config/reload` */
export type Reloaded = z.output<typeof RELOADED>;

/** Events whose kinds the page knows. */
export type KnownEvent = ShownEvent | ShownGrpcEvent | ShownChatEvent | ConfigTold | {
  readonly at: string;
  readonly kind: "gap";
};

/** One of `/api/v1/events`, of any kind. */
export interface GatewayEvent {
  readonly at: string;
  readonly kind: string;
  readonly [member: string]: unknown;
}
