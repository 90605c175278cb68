/**
 * Recent transactions over HTTP: a list, one with its messages, and all messages as a capture.
 * @module
 */
import * as z from "zod";
import { jsonInTurns } from "../../ops/admin/json_in_turns.ts";
import { nextLink, PAGING } from "../../ops/admin/paging.ts";
import * as parameter from "../../ops/admin/parameter.ts";
import { badRequest, forbidden, notFound } from "../../ops/admin/problem.ts";
import { content, json, type Route, route } from "../../ops/admin/route.ts";
import {
  captureOf,
  messagesOf,
  type TraceRing,
  type TransactionFilter,
  type TransactionPage,
  transactionsOf,
} from "../../ops/trace/mod.ts";
import { DIAMETER_PORT } from "../wire/ports.ts";
import { TRANSACTION, TRANSACTION_DETAIL } from "./schemas.ts";
import type { Mask } from "./shown_message.ts";

/** The trace of a gateway, as the admin interface has it. */
export interface ShownTrace {
  /** Undefined while nothing is recorded. */
  readonly ring: TraceRing | undefined;
  /** What holds now. */
  mask(): Mask;
}

/** An unsigned number of 32 bits. */
const MOST = 0xffff_ffff;

const FILTER = {
  session: parameter.text("Only this Session-Id").optional(),
  app: parameter.text("Only those of the Logic App with this Origin-Host").optional(),
  dra: parameter.text("Only those that this DRA asked, or was asked").optional(),
  code: parameter.integer(0, MOST, "Only those with this result code").optional(),
};

/** The routes. They are there when nothing is recorded, too, and say so. */
export function transactionRoutes(trace: ShownTrace): Route[] {
  return [listRoute(trace), detailRoute(trace), captureRoute(trace)];
}

function listRoute(trace: ShownTrace): Route {
  return route({
    method: "GET",
    path: "/api/v1/transactions",
    summary: "Recent transactions",
    description: "When more came than are recorded, the header `x-sampled: 1/N` says that one of N is.",
    query: { ...FILTER, ...PAGING },
    answer: { description: "Newest first; pending ones too.", schema: z.array(TRANSACTION) },
    problems: [404],
    async handle({ query: { limit, cursor, ...filter }, target }) {
      const found = await listed(ringOf(trace), given(filter), limit, cursor);
      return content("application/json", jsonInTurns(found.transactions), {
        ...(found.sampledOneIn > 1 ? { "x-sampled": `1/${found.sampledOneIn}` } : {}),
        ...(found.cursor === null ? {} : { link: nextLink(target, found.cursor) }),
      });
    },
  });
}

function detailRoute(trace: ShownTrace): Route {
  return route({
    method: "GET",
    path: "/api/v1/transactions/{id}",
    summary: "One recent transaction and its messages",
    parameters: { id: parameter.integer(0, MOST, "The id that the list has") },
    answer: {
      description: "Messages in the order in which they came and went; none where bodies are not recorded.",
      schema: TRANSACTION_DETAIL,
    },
    problems: [404],
    async handle({ parameters: { id } }) {
      const ring = ringOf(trace);
      const { shownMessage } = await import("./shown_message.ts");
      const messages = [];
      for await (const message of messagesOf(ring, { id }, 1)) messages.push(shownMessage(message, trace.mask()));
      const { transactions: [transaction] } = await transactionsOf(ring, { id }, { limit: 1 });
      if (transaction === undefined) throw notFound(`transaction ${id} is not there, or not any more`);
      return json({ ...transaction, messages });
    },
  });
}

function captureRoute(trace: ShownTrace): Route {
  return route({
    method: "GET",
    path: "/api/v1/capture.pcapng",
    summary: "The messages of recent transactions as a capture",
    description: "Readable, whatever they came over. TCP and IP around them are made up.",
    query: {
      ...FILTER,
      limit: parameter.integer(1, MOST, "How many transactions at most, the newest").optional(),
      mask: parameter.choice(["none", "subscriber"], "As admin.mask, or stricter").optional(),
    },
    answer: { description: "A capture that Wireshark opens.", type: "application/x-pcapng" },
    problems: [403, 404],
    async handle({ query: { limit, mask, ...filter } }) {
      const ring = ringOf(trace);
      const least = trace.mask();
      if (mask === "none" && least !== "none") {
        throw forbidden(`mask: expected ${least}, as admin.mask has it: it may only be made stricter here`);
      }
      const isMasked = (mask ?? least) !== "none";
      const masking = isMasked ? { mask: (await import("./shown_message.ts")).maskSubscriber } : {};
      const chunks = captureOf(ring, {
        filter: given(filter),
        port: DIAMETER_PORT,
        ...(limit === undefined ? {} : { limit }),
        ...masking,
      });
      return content("application/x-pcapng", chunks, {
        "content-disposition": 'attachment; filename="diam-gw.pcapng"',
      });
    },
  });
}

/** @throws Problem 404 */
function ringOf({ ring }: ShownTrace): TraceRing {
  if (ring === undefined) throw notFound("transactions are not recorded: admin.trace.max_bytes or .sample is 0");
  return ring;
}

/** @throws Problem 400 for a cursor that is none of ours */
async function listed(
  ring: TraceRing,
  filter: TransactionFilter,
  limit: number,
  cursor: string | undefined,
): Promise<TransactionPage> {
  try {
    return await transactionsOf(ring, filter, { limit, ...(cursor === undefined ? {} : { cursor }) });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw badRequest("cursor: expected one from the Link header of the page before", { parameter: "cursor" });
  }
}

/** What was asked for, without what was not. */
function given(filter: { readonly [Name in keyof TransactionFilter]: TransactionFilter[Name] | undefined }) {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as TransactionFilter;
}
