/**
 * Listeners that write down what they hear.
 */
import { HeaderList } from "../../src/http2/hpack/header_list.ts";
import {
  type ConnectionEnd,
  DEFAULT_OPTIONS,
  Http2Connection,
  Http2Node,
  type Http2Options,
  Http2Stream,
  type StreamEnd,
  type StreamListener,
} from "../../src/http2/mod.ts";
import { listenTcp } from "../../src/net/listener.ts";
import { connectTcp } from "../../src/net/tcp.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { until } from "../support/until.ts";
import { RawPeer } from "./raw_peer.ts";

/** Short ways to a list. */
export function listOf(fields: Record<string, string>): HeaderList {
  const list = new HeaderList();
  for (const [name, value] of Object.entries(fields)) list.append(name, value);
  return list;
}

/** One stream, and what it heard. */
export class StreamRecord implements StreamListener {
  /** `headers 200`, `data abc`, `trailers`, `reset 8 peer`, `drained`; with ` END`. */
  readonly heard: string[] = [];
  readonly bytes: number[] = [];
  stream: Http2Stream | undefined;
  /** Gives windows back at once. */
  consumes = true;
  request: HeaderList | undefined;

  headers(list: HeaderList, end: boolean): void {
    this.heard.push(`headers ${list.get(":status")}${end ? " END" : ""}`);
  }
  data(bytes: Uint8Array, end: boolean): void {
    this.heard.push(`data ${bytes.length > 20 ? bytes.length : new TextDecoder().decode(bytes)}${end ? " END" : ""}`);
    for (const byte of bytes) this.bytes.push(byte);
    if (this.consumes) this.stream?.consumed(bytes.length);
  }
  trailers(list: HeaderList): void {
    this.heard.push(`trailers ${list.names.join(" ")}`);
  }
  reset(code: number, cause: StreamEnd): void {
    this.heard.push(`reset ${code} ${cause}`);
  }
  drained(): void {
    this.heard.push("drained");
  }
}

/** A connection, and what it heard. */
export class Scene {
  readonly clock = new FakeClock();
  readonly node = new Http2Node({ clock: this.clock });
  readonly streams: StreamRecord[] = [];
  readonly violations: string[] = [];
  readonly protocolErrors: string[] = [];
  readonly failures: unknown[] = [];
  readonly goaways: string[] = [];
  rooms = 0;
  settled = 0;
  ends: ConnectionEnd[] = [];
  connection!: Http2Connection;
  /** Called for each request. */
  onRequest: (stream: Http2Stream, record: StreamRecord, list: HeaderList, end: boolean) => void = () => {};
  readonly options: Http2Options;

  constructor(options: Partial<Http2Options>) {
    this.options = { ...DEFAULT_OPTIONS, ...options };
  }

  readonly listener = {
    request: (stream: Http2Stream, list: HeaderList, end: boolean): StreamListener => {
      const record = new StreamRecord();
      record.stream = stream;
      record.request = list;
      record.heard.push(`request ${list.get(":path")}${end ? " END" : ""}${list.tooLarge ? " too large" : ""}`);
      this.streams.push(record);
      this.onRequest(stream, record, list, end);
      return record;
    },
    settled: () => void this.settled++,
    room: () => void this.rooms++,
    goaway: (lastId: number, code: number, debug: string) => void this.goaways.push(`${lastId} ${code} ${debug}`),
    violation: (kind: string) => void this.violations.push(kind),
    protocolError: (reason: string) => void this.protocolErrors.push(reason),
    failed: (error: unknown) => void this.failures.push(error),
    closed: (end: ConnectionEnd) => void this.ends.push(end),
  };
}

/**
 * Plays with a server. `hello`: the SETTINGS that the raw client says at first; null: it says
 * nothing by itself.
 */
export async function withServer(
  play: (scene: Scene, peer: RawPeer) => Promise<void>,
  options: Partial<Http2Options> = {},
  hello: readonly (readonly [number, number])[] | null = [],
  prepare: (scene: Scene) => void = () => {},
): Promise<void> {
  const scene = new Scene(options);
  prepare(scene);
  const all: Http2Connection[] = [];
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 }, { noDelay: true }, (connection) => {
    scene.connection = Http2Connection.server(connection, scene.node, scene.options, scene.listener);
    all.push(scene.connection);
  });
  const peer = await RawPeer.dial(listener.address.port, hello);
  await until(() => all.length === 1, "it is accepted");
  try {
    await play(scene, peer);
  } finally {
    listener.close();
    for (const connection of all) connection.close();
    await peer.close();
    await until(() => scene.node.size === 0, "all connections are closed");
  }
}

/** Plays with a client of ours at a raw server, which has said its SETTINGS. */
export async function withClient(
  play: (scene: Scene, peer: RawPeer) => Promise<void>,
  options: Partial<Http2Options> = {},
): Promise<void> {
  const scene = new Scene(options);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const connection = await connectTcp(listener.addr, { timeout: 5_000, noDelay: true });
  const peer = new RawPeer(await accepted);
  scene.connection = Http2Connection.client(connection, scene.node, scene.options, scene.listener);
  try {
    await play(scene, peer);
  } finally {
    listener.close();
    scene.connection.close();
    await peer.close();
    await until(() => scene.node.size === 0, "the connection is closed");
  }
}
