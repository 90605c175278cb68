import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CaptureReader, isCapture } from "../../../src/ops/capture/capture_reader.ts";
import { CaptureError, type Packet } from "../../../src/ops/capture/packet.ts";
import { pcapHeader, pcapRecord } from "../../../src/ops/capture/pcap_writer.ts";
import { pcapngHeader, pcapngPacket } from "../../../src/ops/capture/pcapng_writer.ts";
import { bytes, concat } from "./frames.ts";

/** Numbers of a file, in one byte order or the other. */
class Writer {
  readonly #parts: number[] = [];
  constructor(readonly littleEndian: boolean) {}

  u16(...values: number[]): this {
    for (const value of values) this.#push(2, (view) => view.setUint16(0, value, this.littleEndian));
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.#push(4, (view) => view.setUint32(0, value, this.littleEndian));
    return this;
  }

  i64(value: bigint): this {
    return this.#push(8, (view) => view.setBigInt64(0, value, this.littleEndian));
  }

  raw(...octets: number[]): this {
    this.#parts.push(...octets);
    return this;
  }

  /** A pcapng block around what `fill` writes. */
  block(type: number, fill: (w: Writer) => void): this {
    const body = new Writer(this.littleEndian);
    fill(body);
    const length = 12 + body.#parts.length;
    return this.u32(type, length).raw(...body.#parts).u32(length);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#parts);
  }

  #push(length: number, set: (view: DataView) => void): this {
    const octets = new Uint8Array(length);
    set(new DataView(octets.buffer));
    return this.raw(...octets);
  }
}

/** Reads a file that comes in pieces which end at `ends`. */
function read(file: Uint8Array, ends: readonly number[] = []): { packets: Packet[]; error?: CaptureError } {
  const packets: Packet[] = [];
  const errors: CaptureError[] = [];
  try {
    const reader = new CaptureReader(file);
    for (const [i, end] of [...ends, file.length].entries()) {
      for (const packet of reader.add(file.slice(ends[i - 1] ?? 0, end))) {
        if (packet instanceof CaptureError) errors.push(packet);
        else packets.push(packet);
      }
    }
    reader.end();
  } catch (error) {
    assert(error instanceof CaptureError, String(error));
    return { packets, error };
  }
  return { packets, ...(errors[0] && { error: errors[0] }) };
}

for (const littleEndian of [true, false]) {
  const order = littleEndian ? "little-endian" : "big-endian";
  for (const [magic, unit, name] of [[0xa1b2c3d4, 1000n, "microseconds"], [0xa1b23c4d, 1n, "nanoseconds"]] as const) {
    Deno.test(`a ${order} pcap file with ${name} is read`, () => {
      const file = new Writer(littleEndian).u32(magic).u16(2, 4).u32(0, 0, 65535, 0xf0000001)
        .u32(1714564800, 123456, 3, 3).raw(1, 2, 3).u32(0xfffffffe, 7, 2, 1500).raw(4, 5).bytes;
      assert(isCapture(file));
      assertEquals(read(file).packets, [
        {
          number: 1,
          time: 1714564800_000000000n + 123456n * unit,
          linkType: 1,
          data: new Uint8Array([1, 2, 3]),
          originalLength: 3,
        },
        {
          number: 2,
          time: 4294967294_000000000n + 7n * unit,
          linkType: 1,
          data: new Uint8Array([4, 5]),
          originalLength: 1500,
        },
      ]);
    });
  }

  Deno.test(`a ${order} pcapng file with all kinds of packets is read`, () => {
    const file = new Writer(littleEndian)
      .block(0x0a0d0d0a, (w) => w.u32(0x1a2b3c4d).u16(1, 0).i64(-1n))
      // Interface 0: Ethernet, microseconds. Interface 1: raw, 2^-10 seconds, one hour ahead, and
      // an option to pass over.
      .block(1, (w) => w.u16(1, 0).u32(65535))
      .block(
        1,
        (w) =>
          w.u16(101, 0).u32(2).u16(2, 3).raw(97, 98, 99, 0).u16(9, 1).raw(0x8a, 0, 0, 0).u16(14, 8).i64(3600n).u16(
            0,
            0,
          ),
      )
      .block(0x99, (w) => w.u32(1, 2, 3))
      .block(6, (w) => w.u32(0, 0x00061762, 0x1df2a240, 3, 9).raw(1, 2, 3, 0))
      .block(6, (w) => w.u32(1, 0, 1536, 2, 2).raw(4, 5, 0, 0).u16(1, 2).raw(104, 105, 0, 0).u16(0, 0))
      .block(2, (w) => w.u16(0, 0).u32(0, 5, 1, 1).raw(6, 0, 0, 0))
      .block(3, (w) => w.u32(4).raw(7, 8, 9, 10))
      .bytes;
    const { packets, error } = read(file);
    assertEquals(error, undefined);
    assertEquals(
      packets.map(({ number, linkType, time, data, originalLength }) => [
        number,
        linkType,
        time,
        [...data],
        originalLength,
      ]),
      [
        [1, 1, ((0x00061762n << 32n) + 0x1df2a240n) * 1000n, [1, 2, 3], 9],
        [2, 101, 3601_500000000n, [4, 5], 2],
        [3, 1, 5000n, [6], 1],
        [4, 1, undefined, [7, 8, 9, 10], 4],
      ],
    );
  });
}

Deno.test("a section begins anew, in its own byte order", () => {
  const section = (littleEndian: boolean, linkType: number, data: number) =>
    new Writer(littleEndian).block(0x0a0d0d0a, (w) => w.u32(0x1a2b3c4d).u16(1, 0).i64(-1n))
      .block(1, (w) => w.u16(linkType, 0).u32(0)).block(6, (w) => w.u32(0, 0, 0, 1, 1).raw(data, 0, 0, 0)).bytes;
  const { packets } = read(concat(section(true, 1, 1), section(false, 113, 2)));
  assertEquals(packets.map(({ linkType, data }) => [linkType, data[0]]), [[1, 1], [113, 2]]);
});

const pcap = concat(pcapHeader(), pcapRecord(5n, bytes("one")), pcapRecord(1714564800_123456789n, bytes("two")));
const pcapng = concat(
  pcapngHeader({ interfaceName: "lo" }),
  pcapngPacket(5n, bytes("one"), "a remark"),
  pcapngPacket(1714564800_123456789n, bytes("two")),
);
for (const [name, file] of [["pcap", pcap], ["pcapng", pcapng]] as const) {
  Deno.test(`what is written as ${name} is read back`, () => {
    assertEquals(read(file).packets, [
      { number: 1, time: 5n, linkType: 101, data: bytes("one"), originalLength: 3 },
      { number: 2, time: 1714564800_123456789n, linkType: 101, data: bytes("two"), originalLength: 3 },
    ]);
  });

  Deno.test(`a ${name} file that is cut off gives its whole packets, then says where it ends`, () => {
    const { packets, error } = read(file.subarray(0, file.length - 1));
    assertEquals(packets.length, 1);
    assert(error!.message.endsWith("is cut off"), error!.message);
    assert(error!.offset > 24 && error!.offset < file.length);
  });

  Deno.test(`a ${name} file that comes in pieces of any length gives the same packets`, () => {
    fc.assert(fc.property(fc.array(fc.nat(file.length), { maxLength: 8 }), (at) => {
      const ends = at.sort((a, b) => a - b);
      const { packets, error } = read(file, ends);
      assertEquals(packets.map(({ data, ...rest }) => ({ ...rest, data: [...data] })), [
        { number: 1, time: 5n, linkType: 101, data: [...bytes("one")], originalLength: 3 },
        { number: 2, time: 1714564800_123456789n, linkType: 101, data: [...bytes("two")], originalLength: 3 },
      ]);
      assertEquals(error, undefined);
    }));
  });

  Deno.test(`a damaged ${name} file ends in packets and at most one error`, () => {
    fc.assert(
      fc.property(fc.nat(file.length - 5), fc.nat(255), fc.nat(file.length), (at, octet, cut) => {
        const damaged = file.slice(0, file.length - cut);
        if (at + 4 < damaged.length) damaged[at + 4] = octet;
        if (isCapture(damaged)) assert(read(damaged).packets.length <= 2);
      }),
      { numRuns: 500 },
    );
  });
}

Deno.test("what is no capture is refused", () => {
  for (const file of [new Uint8Array(), bytes("0100"), bytes("GIF89a")]) {
    assertEquals(isCapture(file), false);
    assertThrows(() => new CaptureReader(file), CaptureError, "neither a pcap nor a pcapng");
  }
});

Deno.test("a packet of an interface that was not described is an error", () => {
  const file = concat(pcapngHeader().subarray(0, 28), pcapngPacket(0n, bytes("x")));
  assertEquals(read(file).error?.message.includes("interface 0 is not described"), true);
});

Deno.test("a block that cannot be read hides no other", () => {
  const damaged = pcapngPacket(5n, bytes("one"));
  new DataView(damaged.buffer).setUint32(20, 999, true);
  const { packets, error } = read(concat(pcapngHeader(), damaged, pcapngPacket(6n, bytes("two"))));
  assertEquals(packets.map(({ time }) => time), [6n]);
  assertEquals([error?.reason, error?.offset], ["a block is too short for what it should hold", pcapngHeader().length]);
});
