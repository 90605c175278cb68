// @ts-check
/**
 * The ladder of a transaction: who sent what to whom, in which order.
 *
 * PURE.
 * @module
 */
/** @import { RecordedMessage, Transaction, TransactionDetail } from "./types.d.ts" */
import { codeText, requestText } from "./meanings.js";

/**
 * A rung. `from` and `to` are numbers of lanes; one that leads nowhere ends where it began.
 * @typedef {object} Step
 * @property {number} from
 * @property {number} to
 * @property {string} label
 * @property {string} remark
 * @property {number | null} at ms since 1970; null when not known
 * @property {"request" | "answer" | "error" | "failed" | "pending"} kind
 * @property {RecordedMessage} [message]
 */

/** @typedef {{ lanes: { name: string, role: string }[], steps: Step[] }} Ladder */

const GATEWAY = 1;

/** Outcomes that are an answer of the one that was asked. @param {string} outcome */
const isAnswered = (outcome) =>
  /answer|success|completed|^\d+$/i.test(outcome) && !/no.answer|unanswered|timeout/i.test(outcome);

/** @param {Transaction & Partial<TransactionDetail>} transaction @returns {Ladder} */
export function ladderOf(transaction) {
  const { direction, attempts, app, dra, messages = [], result_code: code, duration_ms: duration } = transaction;
  const fromApp = direction === "app_to_dra";
  const requester = (fromApp ? app : dra) ?? "?";
  const asked = attempts.map((attempt) => attempt.dra);
  const targets = [...new Set(asked.length === 0 ? [(fromApp ? dra : app) ?? ""] : asked)].filter((name) =>
    name !== ""
  );
  const [near, far] = fromApp ? ["Logic App", "DRA"] : ["DRA", "Logic App"];
  const lanes = [
    { name: requester, role: near },
    { name: "gateway", role: "this one" },
    ...targets.map((name) => ({ name, role: far })),
  ];
  const take = taker(messages, fromApp ? "app" : "dra", requester);
  const start = Date.parse(transaction.at);
  const request = take("requester", false, true);
  /** @type {Step[]} */
  const steps = [rung(0, GATEWAY, requestText(transaction.command), "request", start, "request", request)];
  let isAnsweredByTarget = false;
  for (const [i, attempt] of attempts.entries()) {
    const lane = GATEWAY + 1 + targets.indexOf(attempt.dra);
    const sent = take(attempt.dra, true, true);
    const again = sent?.decoded.flags.retransmitted === true ? ", T flag" : "";
    steps.push(
      rung(
        GATEWAY,
        lane,
        i === 0 ? "relayed" : `attempt ${i + 1}`,
        `request${again}`,
        Date.parse(attempt.at),
        "request",
        sent,
      ),
    );
    if (attempt.outcome === null) {
      const isOver = duration !== null;
      const label = isOver ? "no answer" : "awaited";
      steps.push({ from: lane, to: lane, label, remark: "", at: null, kind: isOver ? "failed" : "pending" });
      continue;
    }
    isAnsweredByTarget = isAnswered(attempt.outcome);
    if (!isAnsweredByTarget) {
      steps.push({
        from: lane,
        to: lane,
        label: attempt.outcome.replaceAll("_", " "),
        remark: "no answer",
        at: null,
        kind: "failed",
      });
      continue;
    }
    const answer = take(attempt.dra, false, false);
    const isLast = i === attempts.length - 1;
    const isError = !isLast || /error/.test(attempt.outcome) || answer?.decoded.flags.error === true;
    const known = isLast && code !== null ? codeText(code) : attempt.outcome.replaceAll("_", " ");
    const at = isLast && duration !== null ? start + duration : null;
    steps.push(rung(lane, GATEWAY, known, "answer", at, isError ? "error" : "answer", answer));
  }
  if (duration === null) {
    if (attempts.length === 0) {
      steps.push({ from: GATEWAY, to: GATEWAY, label: "pending", remark: "", at: null, kind: "pending" });
    }
    return { lanes, steps };
  }
  const reply = take("requester", true, false);
  const isGood = code !== null && code >= 2000 && code < 3000;
  const label = code === null ? "answered" : codeText(code);
  const remark = isAnsweredByTarget ? "answer" : "answered by the gateway";
  steps.push(rung(GATEWAY, 0, label, remark, start + duration, isGood ? "answer" : "error", reply));
  return { lanes, steps };
}

/**
 * @param {number} from @param {number} to @param {string} label @param {string} remark
 * @param {number | null} at @param {Step["kind"]} kind @param {RecordedMessage | undefined} message
 * @returns {Step}
 */
function rung(from, to, label, remark, at, kind, message) {
  const when = message === undefined ? at : Date.parse(message.at);
  return { from, to, label, remark, at: when, kind, ...(message === undefined ? {} : { message }) };
}

/**
 * Finds the message that belongs to a rung; each only once.
 * @param {readonly RecordedMessage[]} messages @param {"app" | "dra"} side of the requester
 * @param {string} requester
 */
function taker(messages, side, requester) {
  const left = [...messages];
  return (/** @type {string} */ peer, /** @type {boolean} */ sent, /** @type {boolean} */ isRequest) => {
    const index = left.findIndex((message) =>
      message.sent === sent && message.decoded.flags.request === isRequest &&
      (peer === "requester"
        ? message.side === side && message.peer === requester
        : message.side !== side && message.peer === peer)
    );
    return index < 0 ? undefined : left.splice(index, 1)[0];
  };
}
