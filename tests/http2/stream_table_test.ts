import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { StreamListener } from "../../src/http2/listeners.ts";
import { Http2Stream, type StreamOwner } from "../../src/http2/stream.ts";
import { STATE } from "../../src/http2/stream_state.ts";
import { StreamTable } from "../../src/http2/stream_table.ts";

const owner: StreamOwner = { sendHeaders() {}, sendData() {}, resetStream() {}, consumed() {} };
const listener: StreamListener = { headers() {}, data() {}, trailers() {}, reset() {}, drained() {} };
const streamOf = (id: number) => new Http2Stream(id, owner, listener, 0, STATE.open);

Deno.test("streams are found as long as they are there, whatever came and went", () => {
  const ids = fc.integer({ min: 0, max: 300 }).map((n) => n * 2 + 1);
  fc.assert(fc.property(fc.array(ids, { maxLength: 400 }), (steps) => {
    const table = new StreamTable();
    const model = new Map<number, Http2Stream>();
    for (const id of steps) {
      if (model.has(id)) {
        assertEquals(table.delete(id), model.delete(id));
      } else {
        const stream = streamOf(id);
        table.add(stream);
        model.set(id, stream);
      }
      assertEquals(table.size, model.size);
    }
    for (let id = 1; id <= 601; id += 2) assertEquals(table.get(id) === model.get(id), true);
    assertEquals(table.values().map(({ id }) => id), [...model.keys()].sort((a, b) => a - b));
    assertEquals(table.delete(603), false);
  }));
});
