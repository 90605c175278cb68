import { assertEquals } from "@std/assert";
import {
  afterFailure,
  attemptTime,
  type Decision,
  type Failure,
  type Progress,
  timeForAll,
} from "../../src/grpc/attempt.ts";

const FRESH: Progress = {
  transfer: "before_response",
  retriesLeft: 3,
  timeLeft: 5_000,
  untried: 2,
  replayable: true,
  responseBegun: false,
  requestEnded: true,
  atBoundary: true,
  sameTried: false,
  bound: false,
};

const TABLE: readonly (readonly [what: string, Failure, Partial<Progress>, Decision])[] = [
  ["nothing was written", "unsent", {}, "elsewhere"],
  ["nothing was written, and the route never repeats", "unsent", { transfer: "off" }, "elsewhere"],
  ["nothing was written, and no instance is left", "unsent", { untried: 0 }, "give_up"],
  ["nothing was written, and no attempt is left", "unsent", { retriesLeft: 0 }, "give_up"],
  ["nothing was written, and no time is left", "unsent", { timeLeft: 0 }, "give_up"],

  ["it was refused", "refused", {}, "elsewhere"],
  ["it was refused, and the route never repeats", "refused", { transfer: "off" }, "elsewhere"],
  ["it was refused, and no instance is left", "refused", { untried: 0 }, "same"],
  ["it was refused, and no attempt is left", "refused", { retriesLeft: 0 }, "same"],
  ["it was refused twice by the only one", "refused", { untried: 0, sameTried: true }, "give_up"],
  ["it was refused by the instance of its session", "refused", { bound: true }, "same"],
  ["it was refused twice by that of its session", "refused", { bound: true, sameTried: true }, "elsewhere"],
  ["it was refused after what cannot be replayed", "refused", { replayable: false }, "give_up"],
  ["it was refused and no time is left", "refused", { untried: 0, timeLeft: -1 }, "give_up"],
  ["it was refused, so it says, after half a response", "refused", { responseBegun: true }, "give_up"],

  ["it was lost before a response", "lost", {}, "elsewhere"],
  ["it was lost before the client has ended", "lost", { requestEnded: false }, "elsewhere"],
  ["it was lost, and the route never repeats", "lost", { transfer: "off" }, "give_up"],
  ["it was lost, and more was sent than is kept", "lost", { replayable: false }, "give_up"],
  ["it was lost, and no instance is left", "lost", { untried: 0 }, "give_up"],
  ["it was lost, and no attempt is left", "lost", { retriesLeft: 0 }, "give_up"],
  ["it was lost in a response", "lost", { responseBegun: true }, "give_up"],
  ["it was lost between messages", "lost", { transfer: "mid_stream", responseBegun: true }, "transfer"],
  ["it was lost before a response, mid_stream", "lost", { transfer: "mid_stream" }, "elsewhere"],
  ["a message was cut", "lost", { transfer: "mid_stream", responseBegun: true, atBoundary: false }, "give_up"],
  [
    "the client had more to say",
    "lost",
    { transfer: "mid_stream", responseBegun: true, requestEnded: false },
    "give_up",
  ],
  ["nobody is left between messages", "lost", { transfer: "mid_stream", responseBegun: true, untried: 0 }, "give_up"],
];

for (const [what, failure, progress, expected] of TABLE) {
  Deno.test(`an attempt failed and ${what}: ${expected}`, () => {
    assertEquals(afterFailure(failure, { ...FRESH, ...progress }), expected);
  });
}

Deno.test("an attempt takes the least of what it may, and all together what the retries allow", () => {
  const times = { attemptTimeout: 5_000, connectTimeout: 2_000 };
  assertEquals([attemptTime(times, 9_000), attemptTime(times, 500), attemptTime(times, -1)], [2_000, 500, 0]);
  assertEquals([timeForAll(3, 5_000), timeForAll(0, 700)], [20_000, 700]);
});
