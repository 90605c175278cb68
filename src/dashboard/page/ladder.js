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

/** Outcomes that are an answer of the one that was asked. */
const ANSWERS = ["answered", "error_answer"];

/** What became of those that gave none. @type {Readonly<Record<string, string>>} */
const SILENCES = {
  timeout: "no answer",
  suspect: "suspect",
  lost: "lost",
  unanswered: "not waited for",
};

/** Why it went where it went, first and then. @param {Transaction} transaction */
export function reasonText({ choice, attempts }) {
  const then = attempts.slice(1).map(({ dra }, i) => {
    const { dra: before = "", outcome = null } = attempts[i] ?? {};
    return `then ${dra} (${before}: ${outcome === null ? "not waited for" : SILENCES[outcome] ?? "an error answer"})`;
  });
  return [choice?.why ?? "", ...then].filter((part) => part !== "").join(" · ");
}

/** @param {Transaction & Partial<TransactionDetail>} transaction @returns {Ladder} */
export function ladderOf(transaction) {
  const { direction, attempts, app, dra, messages = [], reason, result_code: code, duration_ms: duration } =
    transaction;
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
  const final = attempts.findLastIndex(({ outcome }) => outcome === "answered");
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
      const label = isOver ? "not waited for" : "awaited";
      steps.push({ from: lane, to: lane, label, remark: "", at: null, kind: isOver ? "failed" : "pending" });
      continue;
    }
    if (!ANSWERS.includes(attempt.outcome)) {
      const label = SILENCES[attempt.outcome] ?? attempt.outcome.replaceAll("_", " ");
      steps.push({ from: lane, to: lane, label, remark: "", at: null, kind: "failed" });
      continue;
    }
    const answer = take(attempt.dra, false, false);
    const isFinal = i === final && reason === null;
    const said = (isFinal ? code : null) ?? codeIn(answer);
    const isGood = attempt.outcome === "answered" && (said === null || isSuccess(said));
    const label = said === null ? attempt.outcome.replaceAll("_", " ") : codeText(said);
    const at = isFinal && duration !== null ? start + duration : null;
    steps.push(rung(lane, GATEWAY, label, "answer", at, isGood ? "answer" : "error", answer));
  }
  if (duration === null) {
    if (attempts.length === 0) {
      steps.push({ from: GATEWAY, to: GATEWAY, label: "pending", remark: "", at: null, kind: "pending" });
    }
    return { lanes, steps };
  }
  if (reason === "abandoned") {
    steps.push({ from: 0, to: 0, label: "has left", remark: "no answer", at: start + duration, kind: "failed" });
    return { lanes, steps };
  }
  const reply = take("requester", true, false);
  const label = code === null ? "answered" : codeText(code);
  const remark = reason === null ? "answer" : "answered by the gateway";
  const isGood = code !== null && isSuccess(code);
  steps.push(rung(GATEWAY, 0, label, remark, start + duration, isGood ? "answer" : "error", reply));
  return { lanes, steps: inOrder(steps) };
}

/**
 * As it came about; what has no time stays behind what is before it.
 * @param {readonly Step[]} steps
 */
function inOrder(steps) {
  let last = 0;
  return steps.map((step) => ({ step, at: last = step.at ?? last })).sort((a, b) => a.at - b.at).map(({ step }) =>
    step
  );
}

/** @param {number} code */
const isSuccess = (code) => code >= 2000 && code < 3000;

/**
 * The result code of an answer, when it was recorded.
 * @param {RecordedMessage | undefined} answer
 */
function codeIn(answer) {
  const named = answer?.decoded.avps.find(({ name }) => name === "Result-Code")?.value;
  return typeof named === "number" ? named : null;
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
