/**
 * The scene of an attack on HTTP/2: a server in a process of its own, and a healthy client that
 * makes one call after the other and must not notice.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { RUN_FLAGS } from "../../../src/build/run_flags.ts";
import { HeaderList } from "../../../src/http2/hpack/header_list.ts";
import {
  DEFAULT_OPTIONS,
  Http2Connection,
  Http2Node,
  type Http2Options,
  type StreamListener,
} from "../../../src/http2/mod.ts";
import { connectTcp } from "../../../src/net/tcp.ts";
import { TextLineStream } from "../../support/lines.ts";
import { until } from "../../support/until.ts";
import { RawPeer } from "../raw_peer.ts";

/** What the server process says of its memory, in bytes, and of its connections. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly connections: number;
}

/** An end that the server told. */
export interface End {
  readonly closed: string;
  readonly code: number;
  readonly reason: string;
}

/** Milliseconds that the process may take to start or to answer. */
const PATIENCE = 20_000;
/** Calls that the healthy client must still bring to an end when an attack is over. */
const CALLS_AFTER = 20;

const REQUEST = new HeaderList().append(":method", "POST").append(":scheme", "http").append(":path", "/healthy/Call")
  .append(":authority", "here").append("content-type", "application/grpc").append("te", "trailers");
const MESSAGE = Uint8Array.of(0, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7);

/** A running scene; its end stops everything. */
export class Scene implements AsyncDisposable {
  readonly ends: End[] = [];
  readonly violations: string[] = [];
  readonly failures: string[] = [];
  /** Calls of the healthy client that were answered as they must be. */
  answered = 0;
  /** What was wrong with any other. */
  readonly harm: string[] = [];
  port = 0;

  readonly #child: Deno.ChildProcess;
  readonly #toChild: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  readonly #memories: Memory[] = [];
  readonly #peers: RawPeer[] = [];
  readonly #node = new Http2Node();
  #healthy: Http2Connection | undefined;
  #stopped = false;

  private constructor(options: Http2Options) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", ...RUN_FLAGS, new URL("server.ts", import.meta.url).pathname, JSON.stringify(options)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#toChild = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Starts server and healthy client. @param options other than the usual ones */
  static async start(options: Partial<Http2Options> = {}): Promise<Scene> {
    const scene = new Scene({ ...DEFAULT_OPTIONS, ...options });
    try {
      await until(() => scene.port > 0, "the server listens", PATIENCE);
      await scene.#dial();
      await until(() => scene.answered >= CALLS_AFTER, "the healthy client has answers");
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
    return scene;
  }

  /** An attacker. @param hello pairs of its SETTINGS; null: it says nothing by itself */
  async attacker(hello: readonly (readonly [number, number])[] | null = []): Promise<RawPeer> {
    const peer = await RawPeer.dial(this.port, hello);
    this.#peers.push(peer);
    return peer;
  }

  /** The server's memory, swept. */
  async memory(): Promise<Memory> {
    const before = this.#memories.length;
    await this.#toChild.write(new TextEncoder().encode("\n"));
    await until(() => this.#memories.length > before, "the server says its memory", PATIENCE);
    return this.#memories.at(-1)!;
  }

  /** The most memory that the server's process ever had, in bytes. */
  async peak(): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${this.#child.pid}/status`);
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
  }

  /** Sends the attackers away, and forgets what was heard of them. */
  async clear(): Promise<void> {
    await Promise.all(this.#peers.splice(0).map((peer) => peer.close()));
    await until(async () => (await this.memory()).connections === 1, "the attackers are gone", PATIENCE);
    this.ends.length = 0;
    this.violations.length = 0;
  }

  /** Checks that the healthy client had every answer, and still has them. */
  async unharmed(): Promise<void> {
    const before = this.answered;
    const goesOn = () => this.answered >= before + CALLS_AFTER || this.harm.length > 0;
    await until(goesOn, "the healthy client goes on", PATIENCE);
    assertEquals(this.harm, []);
    assertEquals(this.failures, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#healthy?.close();
    await Promise.all(this.#peers.map((peer) => peer.close()));
    await this.#toChild.close();
    await this.#child.status;
    await this.#reading;
    await until(() => this.#node.size === 0, "the healthy client is closed");
  }

  async #dial(): Promise<void> {
    const connection = await connectTcp({ hostname: "127.0.0.1", port: this.port }, {
      timeout: PATIENCE,
      noDelay: true,
    });
    this.#healthy = Http2Connection.client(connection, this.#node, DEFAULT_OPTIONS, {
      settled: () => this.#call(),
      closed: ({ reason }) => this.#stopped || this.harm.push(`its connection ended: ${reason}`),
    });
  }

  /** One call; the next one when it is answered. */
  #call(): void {
    let octets = 0;
    const listener: StreamListener = {
      headers: (list) => {
        if (list.get(":status") !== "200") this.harm.push(`status ${list.get(":status")}`);
      },
      data: (bytes) => {
        octets += bytes.length;
        stream?.consumed(bytes.length);
      },
      trailers: () => {
        if (octets === MESSAGE.length) this.answered++;
        else this.harm.push(`${octets} octets came back`);
        setTimeout(() => this.#stopped || this.#call(), 1);
      },
      reset: (code, cause) => this.#stopped || this.harm.push(`a call was reset: ${code} ${cause}`),
      drained: () => {},
    };
    const stream = this.#healthy!.open(REQUEST, false, listener);
    if (stream === undefined) this.harm.push("no stream was free");
    stream?.sendData(MESSAGE, true);
  }

  async #read(): Promise<void> {
    const lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) {
      const said = JSON.parse(line);
      if (said.port !== undefined) this.port = said.port;
      if (said.violation !== undefined) this.violations.push(said.violation);
      if (said.closed !== undefined) this.ends.push(said);
      if (said.failed !== undefined) this.failures.push(said.failed);
      if (said.rss !== undefined) this.#memories.push(said);
    }
  }
}

/** An attack, and what it may cost the server in bytes: at its peak, and of the heap afterwards. */
export interface Attack {
  readonly name: string;
  readonly act: (scene: Scene) => Promise<void>;
  readonly peak?: number;
  readonly left?: number;
}

/** A test of one attack; see {@link attacks}. */
export function attack(
  name: string,
  act: (scene: Scene) => Promise<void>,
  options: Partial<Http2Options> = {},
  bounds: Pick<Attack, "peak" | "left"> = {},
): void {
  Deno.test(name, async () => {
    await using scene = await Scene.start(options);
    await play(scene, { name, act, ...bounds });
  });
}

/** A test of attacks on one server, one after the other; none may harm the healthy client. */
export function attacks(name: string, list: readonly Attack[], options: Partial<Http2Options> = {}): void {
  Deno.test(name, async (context) => {
    await using scene = await Scene.start(options);
    for (const one of list) {
      await context.step(one.name, () => play(scene, one));
      await scene.clear();
    }
  });
}

async function play(scene: Scene, { name, act, peak = 64 * MIB, left = 16 * MIB }: Attack): Promise<void> {
  const before = await scene.memory();
  const peakBefore = await scene.peak();
  await act(scene);
  await scene.unharmed();
  const [after, peakAfter] = [await scene.memory(), await scene.peak()];
  const grown = after.heapUsed - before.heapUsed;
  const more = peakAfter - Math.max(before.rss, peakBefore);
  if (Deno.env.get("ATTACK_FIGURES") === "1") console.log(`${name}: heap +${inMib(grown)}, peak +${inMib(more)}`);
  assert(grown <= left, `the heap is ${inMib(grown)} larger than before`);
  assert(more <= peak, `the attack took ${inMib(more)}`);
}

const MIB = 1 << 20;
const inMib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
