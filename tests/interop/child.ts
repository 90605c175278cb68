/** A program that runs beside a test. */
import { waitFor } from "./wait_for.ts";

/** How long a program may take to end after SIGTERM before SIGKILL follows, in milliseconds. */
const PATIENCE = 8_000;

/**
 * A running program, and all that it wrote. It ends with the block that holds it: `await using`.
 */
export class Child implements AsyncDisposable {
  readonly name: string;
  /** Lines of both outputs, as they came. */
  readonly lines: string[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #outputs: Promise<unknown>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #ended = false;

  constructor(name: string, path: string, options: { readonly args: readonly string[]; readonly cwd: string }) {
    this.name = name;
    this.#process = new Deno.Command(path, {
      args: [...options.args],
      cwd: options.cwd,
      env: { LC_ALL: "C.UTF-8", HOME: options.cwd },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#outputs = Promise.all([this.#collect(this.#process.stdout), this.#collect(this.#process.stderr)]);
    this.#process.status.then(() => this.#ended = true);
  }

  /** All lines, for a message. */
  get log(): string {
    return this.lines.map((line) => `\n  ${this.name} | ${line}`).join("");
  }

  /** The number of lines so far: where to begin to look for what comes. */
  get mark(): number {
    return this.lines.length;
  }

  /** Waits for a line that matches, from `from` on. */
  line(pattern: RegExp, timeout = 5_000, from = 0): Promise<string> {
    return waitFor(
      `line ${pattern} of ${this.name}`,
      () => {
        const found = this.lines.slice(from).find((line) => pattern.test(line));
        if (found === undefined && this.#ended) throw new Error(`${this.name} ended before ${pattern}${this.log}`);
        return found;
      },
      timeout,
      () => this.log,
    );
  }

  /** Gives it a line to read. */
  async write(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /**
   * Ends it, with SIGKILL when `signal` is not enough; everything it wrote is in {@link lines}
   * then.
   */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<Deno.CommandStatus> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (!this.#ended) {
      this.#process.kill(signal);
      timer = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE);
    }
    const status = await this.#process.status;
    if (timer !== undefined) clearTimeout(timer);
    await this.#outputs;
    await this.#input.abort().catch(() => {});
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
    }
    if (rest !== "") this.lines.push(rest);
  }
}

/** A directory that goes with the block that holds it: `await using`. */
export async function temporaryDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "diam-gw-interop-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
