import * as fc from "fast-check";
import type { FakeTransport, Told } from "./support/fakes.ts";
import { Judge } from "../../src/chat/sim/judge.ts";
import { judgeTold } from "./support/running.ts";
import { Scene, settled } from "./support/scene.ts";

const ROOMS = ["r0", "r1", "r2"];
const NAMES = ["ann", "bob", "cid", "dan"];

type Step =
  | { readonly kind: "come"; readonly who: number; readonly where: number }
  | { readonly kind: "go"; readonly who: number }
  | { readonly kind: "enter" | "leave"; readonly who: number; readonly room: number }
  | { readonly kind: "remove"; readonly who: number; readonly room: number }
  | { readonly kind: "send"; readonly room: number; readonly count: number; readonly where: number }
  | { readonly kind: "rest" };

const who = fc.nat(NAMES.length - 1);
const room = fc.nat(ROOMS.length - 1);
const where = fc.nat(1);
const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("come" as const), who, where }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("go" as const), who }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("enter" as const), who, room }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("leave" as const), who, room }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), who, room }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("send" as const), room, where, count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("rest" as const) }) },
);

/** A device that knows where it is, and is judged. */
class Walker {
  readonly positions = new Map<string, { offset: string; epoch: string }>();
  device: FakeTransport | undefined;
  #read = 0;

  constructor(readonly name: string, readonly judge: Judge) {}

  /** Reads what came. */
  read(): void {
    const told = this.device?.told ?? [];
    for (; this.#read < told.length; this.#read++) this.#note(told[this.#read]);
  }

  come(device: FakeTransport): void {
    this.device = device;
    this.#read = 0;
    const rooms = [...this.positions].map(([roomId, position]) => ({ roomId, ...position }));
    device.say({ hello: { token: this.name, deviceId: "phone", rooms } });
  }

  #note(told: Told): void {
    judgeTold(this.judge, this.name, told);
    const { event, subscribed, unsubscribed, error } = told;
    if (event !== undefined) this.positions.get(event.roomId)!.offset = event.offset;
    else if (unsubscribed !== undefined) this.positions.delete(unsubscribed.roomId);
    else if (error?.roomId !== undefined) this.positions.delete(error.roomId);
    else if (subscribed !== undefined && subscribed.recovered !== true) {
      const { roomId, offset = "0", epoch } = subscribed;
      this.positions.set(roomId, { offset, epoch });
    }
  }
}

Deno.test("B1, B6, R3, V1: whatever devices do, each reads each event of its rooms once and in order, and no other", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 20, maxLength: 80 }), async (steps) => {
      const one = await Scene.start();
      const scenes = [one, await Scene.start({}, one.shared)];
      for (const id of ROOMS) one.core.room(id, ...NAMES);
      // The core takes its time, so that things overlap.
      const isMember = one.core.isMember.bind(one.core);
      one.core.isMember = async (caller, id) => {
        await new Promise((resolve) => setTimeout(resolve, 0));
        return await isMember(caller, id);
      };
      const judge = new Judge();
      const walkers = NAMES.map((name) => new Walker(name, judge));
      let sent = 0;
      const play = async (step: Step) => {
        const walker = "who" in step ? walkers[step.who]! : undefined;
        switch (step.kind) {
          case "come": {
            walker!.read();
            walker!.device?.leave();
            walker!.read();
            return walker!.come(await scenes[step.where]!.open());
          }
          case "go":
            walker!.device?.leave();
            return walker!.read();
          case "enter":
            if (walker!.device?.ended !== undefined) return;
            return walker!.device?.say({ subscribe: { rooms: [{ roomId: ROOMS[step.room]! }] } });
          case "leave":
            if (walker!.device?.ended !== undefined) return;
            return walker!.device?.say({ unsubscribe: { roomIds: [ROOMS[step.room]!] } });
          case "remove":
            return await one.gateway.unsubscribe(ROOMS[step.room]!, NAMES[step.who]!);
          case "send": {
            const ids = Array.from({ length: step.count }, () => `e${sent++}`);
            return await scenes[step.where]!.publish(ROOMS[step.room]!, ...ids);
          }
          case "rest":
            return await settled();
        }
      };
      // Everybody is somewhere, and in a room, before it begins.
      for (const nth of NAMES.keys()) await play({ kind: "come", who: nth, where: nth % 2 });
      for (const nth of NAMES.keys()) await play({ kind: "enter", who: nth, room: 0 });
      for (const step of steps) await play(step);
      await settled();
      await settled();
      for (const id of ROOMS) {
        const offset = (await one.gateway.room(id))?.offset;
        for (const walker of walkers) {
          walker.read();
          if (walker.device?.ended !== undefined || !walker.positions.has(id) || offset === undefined) continue;
          judge.mustHave(walker.name, id, offset);
        }
      }
      judge.assertFaultless();
      for (const scene of scenes) await scene.stop();
    }),
    { numRuns: 25 },
  );
});
