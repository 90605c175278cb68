/** What a simulated DRA counts; plain numbers, read at any time. */
export class DraSimulatorCounters {
  /** Connections that were opened (CER accepted). */
  connections = 0;
  /** Requests received, base protocol excluded. */
  requests = 0;
  /** Answers sent, error answers and duplicates included. */
  answers = 0;
  /** Requests with the T bit. */
  tFlagged = 0;
  /** Requests whose end-to-end id and Session-Id were seen before. */
  duplicates = 0;
  /** Requests that a fault left without an answer. */
  unanswered = 0;
  /** Requests of its own. */
  requestsSent = 0;
  /** Answers to them. */
  answersReceived = 0;
  /** Answers that belong to none of them. */
  unmatchedAnswers = 0;
  /** Frames and AVPs that cannot be read. */
  malformed = 0;
}
