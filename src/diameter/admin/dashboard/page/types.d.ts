/**
 * What the admin interface answers: the server's own types, so that a page which misunderstands it
 * does not compile.
 * @module
 */
import type * as z from "zod";
import type { ConfigTold } from "../../../../ops/admin/host.ts";
import type { RELOADED } from "../../../../ops/admin/routes/config.ts";
import type { LOGGING } from "../../../../ops/admin/routes/logging.ts";
import type { STATUS } from "../../../../ops/admin/routes/status.ts";
import type { ShownEvent } from "../../events.ts";
import type { APP, DRA, STATUS_PART, TRANSACTION } from "../../schemas.ts";
import type { shownMessage } from "../../shown_message.ts";

/** `/api/v1/status` */
export type Status = z.output<typeof STATUS> & z.output<typeof STATUS_PART>;
/** Numbers since the start, and of now. */
export type Statistics = Status["statistics"];

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
export type KnownEvent = ShownEvent | ConfigTold | { readonly at: string; readonly kind: "gap" };

/** One of `/api/v1/events`, of any kind. */
export interface GatewayEvent {
  readonly at: string;
  readonly kind: string;
  readonly [member: string]: unknown;
}
