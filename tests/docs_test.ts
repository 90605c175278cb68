import { assert, assertEquals } from "@std/assert";
import configuration from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);
const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  "ARCHITECTURE.md",
  "docs/OPERATIONS.md",
  "docs/ROUTING.md",
];

for (const document of DOCUMENTS) {
  Deno.test(`every file and link that ${document} names is there`, async () => {
    const base = new URL(document, ROOT);
    const text = await Deno.readTextFile(base);
    const links = [...text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)/gm)].map((link) => link[1] ?? link[2]!)
      .filter((link) => !/^(\w+:|#)/.test(link)).map((link) => new URL(link.replace(/#.*/, ""), base));
    const paths = [...text.matchAll(/`((?:src|tests|config|docs)\/[\w./-]+)`/g)].map(([, path]) =>
      new URL(path!, ROOT)
    );
    const missing = [];
    for (const { href, pathname } of [...links, ...paths]) {
      if (!await exists(pathname)) missing.push(href.slice(ROOT.href.length));
    }
    assertEquals(missing, []);
  });
}

Deno.test("every task has its row in CONTRIBUTING.md", async () => {
  const text = await Deno.readTextFile(new URL("CONTRIBUTING.md", ROOT));
  const rows = text.split("\n").filter((line) => line.startsWith("| `")).join("\n");
  const named = new Set([...rows.matchAll(/`([\w:-]+)/g)].map(([, task]) => task));
  assertEquals(Object.keys(configuration.tasks).filter((task) => !named.has(task)), []);
});

Deno.test("every package of deno.json has its row in ARCHITECTURE.md, with its version", async () => {
  const text = await Deno.readTextFile(new URL("ARCHITECTURE.md", ROOT));
  const rows = [...text.matchAll(/^\| `([^`]+)` +\| ([\d.]+) +\|/gm)].map(([, name, version]) => `${name}@${version}`);
  const packages = Object.values(configuration.imports).filter((target) => target.startsWith("npm:"))
    .map((target) => target.replace(/^npm:\/?|\/$/g, ""));
  assert(packages.length > 0);
  assertEquals(rows.toSorted(), [...new Set(packages)].toSorted());
});

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
