/**
 * A thread that is asked, and answers each question.
 * @module
 */

/** What any thread may answer. */
export interface Failed {
  readonly kind: "failed";
  readonly reason: string;
}

/** One question at a time; an answer that says it failed is an error. */
export class AskedThread<Question, Answer extends { readonly kind: string }> {
  readonly #worker: Worker;
  #waiting: PromiseWithResolvers<Answer> | undefined;

  /** @param script answers with {@link answerQuestions} */
  constructor(script: URL) {
    this.#worker = new Worker(script, { type: "module" });
    this.#worker.addEventListener("message", (event) => {
      const answer = (event as MessageEvent<Answer | Failed>).data;
      if (isFailed(answer)) this.#waiting?.reject(new Error(answer.reason));
      else this.#waiting?.resolve(answer);
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#waiting?.reject(new Error(`the gateway's thread failed: ${event.message}`));
    });
  }

  /** @throws Error that says what the thread could not do */
  async ask(question: Question): Promise<Answer> {
    this.#waiting = Promise.withResolvers();
    this.#worker.postMessage(question);
    return await this.#waiting.promise;
  }

  /** Ends the thread, whatever it does. */
  terminate(): void {
    this.#worker.terminate();
  }
}

function isFailed(answer: { readonly kind: string }): answer is Failed {
  return answer.kind === "failed";
}

/** In the thread: `answer` is asked each question. */
export function answerQuestions<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  const reply = (message: Answer | Failed) =>
    (globalThis as unknown as Pick<Worker, "postMessage">).postMessage(message);
  addEventListener("message", async (event) => {
    try {
      reply(await answer((event as MessageEvent<Question>).data));
    } catch (error) {
      reply({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
    }
  });
}
