/** What a finished program left behind. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a program: like `Deno.CommandOptions`, and a limit of time. */
export interface RunOptions {
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Give the program only `env`, nothing of our own environment. */
  readonly clearEnv?: boolean;
  /** Milliseconds after which the program is killed; its exit code is then that of SIGKILL. */
  readonly timeout: number;
}

/**
 * Runs a program to its end, without input and colours, and collects what it wrote. Throws when it
 * cannot be started.
 */
export async function run(program: string, options: RunOptions): Promise<Finished> {
  const child = new Deno.Command(program, {
    args: [...options.args ?? []],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { NO_COLOR: "1", ...options.env },
    clearEnv: options.clearEnv ?? false,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeout);
  const output = await child.output();
  clearTimeout(timer);
  const text = new TextDecoder();
  return { code: output.code, stdout: text.decode(output.stdout), stderr: text.decode(output.stderr) };
}
