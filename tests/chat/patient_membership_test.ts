import { assertEquals } from "@std/assert";
import type { Caller, Membership } from "../../src/chat/core/forwarder.ts";
import { PatientMembership } from "../../src/chat/patient_membership.ts";
import { settled } from "./support/scene.ts";

const CALLER: Caller = { profileId: "alice", deviceId: "phone", token: "" };

/** A core whose answers come when they are told to. */
class SlowCore implements Membership {
  readonly asked: string[] = [];
  readonly answers: ((answer: boolean | Error) => void)[] = [];

  isMember(_caller: Caller, roomId: string): boolean | Promise<boolean> {
    if (roomId === "known") return true;
    if (roomId === "broken") throw new Error("it is broken");
    this.asked.push(roomId);
    return new Promise((resolve, reject) =>
      this.answers.push((answer) => typeof answer === "boolean" ? resolve(answer) : reject(answer))
    );
  }

  roomsOf(): Promise<string[]> {
    return Promise.resolve([]);
  }

  forget(): void {}
  remember(): void {}
}

Deno.test("V5: questions take half of what the core takes at a time; the others wait for their turn", async () => {
  const core = new SlowCore();
  const patient = new PatientMembership(core, () => 4);
  const answers = ["a", "b", "c", "d", "e"].map((room) => patient.isMember(CALLER, room));
  assertEquals(core.asked, ["a", "b"]);
  core.answers[0]!(true);
  await settled();
  assertEquals(core.asked, ["a", "b", "c"]);
  core.answers[1]!(new Error("gone"));
  await Promise.resolve(answers[1]).then(() => {}, () => {});
  await settled();
  core.answers[2]!(false);
  core.answers[3]!(true);
  await settled();
  core.answers[4]!(true);
  assertEquals(await Promise.allSettled(answers).then((all) => all.map(({ status }) => status)), [
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
});

Deno.test("a device that asks for much does not make the others wait", async () => {
  const core = new SlowCore();
  const patient = new PatientMembership(core, () => 2);
  const greedy = ["a", "b", "c", "d"].map((room) => patient.isMember(CALLER, room));
  const modest = patient.isMember({ ...CALLER, profileId: "bob" }, "x");
  for (let i = 0; i < 5; i++) {
    core.answers[i]!(true);
    await settled();
  }
  await Promise.all([...greedy, modest]);
  assertEquals(core.asked, ["a", "b", "x", "c", "d"]);
});

Deno.test("what is remembered is answered at once, and a failure gives its turn back", async () => {
  const patient = new PatientMembership(new SlowCore(), () => 1);
  assertEquals(patient.isMember(CALLER, "known"), true);
  for (let i = 0; i < 3; i++) {
    const failed = await new Promise((resolve) => resolve(patient.isMember(CALLER, "broken"))).then(
      () => false,
      () => true,
    );
    assertEquals(failed, true);
  }
  assertEquals(patient.isMember(CALLER, "known"), true);
});
