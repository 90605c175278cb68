import { assert, assertEquals } from "@std/assert";
import { Turns } from "../../src/net/turns.ts";

/** Works for so many milliseconds. */
function work(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

/** Turns that have their connection to themselves. */
async function quickTurns(): Promise<Turns & Disposable> {
  const turns = new Turns();
  await nextOf(turns);
  await new Promise((resolve) => setTimeout(resolve, 20));
  return Object.assign(turns, { [Symbol.dispose]: () => turns.close() });
}

const nextOf = (turns: Turns) => new Promise<void>((resolve) => turns.next(resolve));

Deno.test("a turn is long when there was much work in it, and begins anew with the next one", async () => {
  using turns = await quickTurns();
  await nextOf(turns);
  work(5);
  assertEquals(turns.isLong, true);
  await nextOf(turns);
  assertEquals(turns.isLong, false);
});

Deno.test("what waits for the next turn comes behind all that is done in this one, in order", async () => {
  using turns = await quickTurns();
  const said: string[] = [];
  const done = [
    new Promise<void>((resolve) => turns.next(() => (said.push("next"), resolve()))),
    new Promise<void>((resolve) => turns.next(() => (said.push("next as well"), resolve()))),
  ];
  for (let count = 0; count < 300; count++) await Promise.resolve();
  said.push("this");
  await Promise.all(done);
  assertEquals(said, ["this", "next", "next as well"]);
});

Deno.test("work that goes on in the next turn when this one is long leaves room for what arrives meanwhile", async () => {
  using turns = await quickTurns();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialled = Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const [near, far] = await Promise.all([dialled, listener.accept()]);
  near.setNoDelay(true);
  far.setNoDelay(true);
  let arrived = 0;
  // Back and forth, so that each octet needs a look at the network.
  const echo = async (conn: Deno.TcpConn) => {
    for (const into = new Uint8Array(1); await conn.read(into) !== null;) {
      arrived++;
      await conn.write(into);
    }
  };
  const echoes = [echo(near), echo(far)];
  await near.write(new Uint8Array(1));
  for (let times = 0; times < 60; times++) {
    work(2);
    if (turns.isLong) await nextOf(turns);
    else await Promise.resolve();
  }
  const during = arrived;
  for (const one of [near, far, listener]) one.close();
  await Promise.allSettled(echoes);
  assert(during >= 10, `${during} octets arrived`);
});

Deno.test("whoever waits when nobody needs turns any more is called at once, and later turns come again", async () => {
  for (const turns of [new Turns(), await quickTurns()]) {
    let called = 0;
    turns.next(() => called++);
    turns.close();
    assertEquals(called, 1);
    await nextOf(turns);
    turns.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals(called, 1);
  }
});
