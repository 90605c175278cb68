import { assertEquals } from "@std/assert";
import { Listeners } from "../../src/net/listeners.ts";

const { test } = Deno;

/** What reaches the console while `body` runs. */
async function consoleOf(body: () => void | Promise<void>): Promise<unknown[][]> {
  const lines: unknown[][] = [];
  const { error } = console;
  console.error = (...line) => void lines.push(line);
  try {
    await body();
  } finally {
    console.error = error;
  }
  return lines;
}

const listeners = () => new Listeners<string>((error) => `failed: ${(error as Error).message}`);

test("a listener that throws each time keeps nobody from hearing, and is told of once", async () => {
  const all = listeners();
  const heard: string[] = [];
  let calls = 0;
  all.add(() => {
    calls++;
    throw new Error("oh");
  });
  all.add((event) => heard.push(event));
  const lines = await consoleOf(() => {
    for (const event of ["a", "b", "c"]) all.tell(event);
  });
  assertEquals([calls, heard, lines], [3, ["failed: oh", "a", "b", "c"], []]);
});

test("listeners that throw at the report of one another's failure come to rest", async () => {
  const all = listeners();
  for (const name of ["one", "two", "three"]) {
    all.add(() => {
      throw new Error(name);
    });
  }
  const lines = await consoleOf(() => {
    all.tell("a");
    all.tell("b");
  });
  assertEquals(lines.map(([, error]) => (error as Error).message), ["three", "two", "one"]);
});

test("a promise of a listener that rejects is a failure too", async () => {
  const all = listeners();
  const heard: string[] = [];
  all.add(async () => {
    await Promise.resolve();
    throw new Error("later");
  });
  all.add((event) => heard.push(event));
  all.tell("a");
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(heard, ["a", "failed: later"]);
});

test("the failure of the only listener reaches the console", async () => {
  const all = listeners();
  all.add(() => {
    throw new Error("alone");
  });
  const lines = await consoleOf(() => {
    all.tell("a");
    all.tell("b");
  });
  assertEquals(lines.map(([text, error]) => [text, (error as Error).message]), [["A listener failed:", "alone"]]);
});

test("an observer that throws is told to the listeners, once", () => {
  const all = listeners();
  const heard: string[] = [];
  all.add((event) => heard.push(event));
  const observe = all.guard((value: number) => {
    throw new Error(`at ${value}`);
  });
  observe(1);
  observe(2);
  assertEquals(heard, ["failed: at 1"]);
});

test("who was taken away hears no more", () => {
  const all = listeners();
  const heard: string[] = [];
  const off = all.add((event) => heard.push(event));
  all.tell("a");
  off();
  all.tell("b");
  assertEquals(heard, ["a"]);
});
