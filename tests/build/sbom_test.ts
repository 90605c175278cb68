import { assert, assertEquals } from "@std/assert";
import { type Known, type Lock, nameAndVersion, sbom } from "../../src/build/sbom.ts";

const LOCK: Lock = {
  npm: {
    "@a/b@1.0.0_c@2.0.0": { integrity: "sha512-AAEC", dependencies: ["c", "d@1.0.0"] },
    "c@2.0.0": { integrity: "sha512-AwQF" },
    "d@1.0.0": {},
    "d@2.0.0": {},
  },
};
const KNOWN: Known = {
  name: "diam-gw",
  version: "1.2.3",
  licence: "MIT",
  deno: "2.9.6",
  time: 1_700_000_000,
  sha256: "ab".repeat(32),
  isShipped: (id) => id === "c@2.0.0",
  licenceOf: (name) => ({ "@a/b": "(Apache-2.0 AND BSD-3-Clause)", c: "ISC" })[name],
};

Deno.test("the bill names every package of the lock file, its licence, its hash, and whether it is shipped", () => {
  const { bomFormat, specVersion, serialNumber, metadata, components, dependencies } = JSON.parse(sbom(LOCK, KNOWN));
  assertEquals([bomFormat, specVersion], ["CycloneDX", "1.5"]);
  assert(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/.test(serialNumber), serialNumber);
  assertEquals(metadata.timestamp, "2023-11-14T22:13:20.000Z");
  assertEquals(metadata.component.hashes, [{ alg: "SHA-256", content: KNOWN.sha256 }]);
  assertEquals(components.map(({ name, version, scope }: Record<string, string>) => `${name} ${version} ${scope}`), [
    "deno 2.9.6 required",
    "@a/b 1.0.0 excluded",
    "c 2.0.0 required",
    "d 1.0.0 excluded",
    "d 2.0.0 excluded",
  ]);
  const [, ab, c, d] = components;
  assertEquals(ab.purl, "pkg:npm/%40a/b@1.0.0");
  assertEquals(ab.hashes, [{ alg: "SHA-512", content: "000102" }]);
  assertEquals([ab.licenses, c.licenses, d.licenses], [
    [{ expression: "(Apache-2.0 AND BSD-3-Clause)" }],
    [{ license: { id: "ISC" } }],
    [],
  ]);
  assertEquals(dependencies.slice(0, 2), [
    { ref: "pkg:generic/diam-gw@1.2.3", dependsOn: ["pkg:generic/deno@2.9.6", "pkg:npm/c@2.0.0"] },
    { ref: "pkg:npm/%40a/b@1.0.0", dependsOn: ["pkg:npm/c@2.0.0", "pkg:npm/d@1.0.0"] },
  ]);
});

Deno.test("the same lock file gives the same bill, and every reference in it is to something in it", async () => {
  const lock = JSON.parse(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url))) as Lock;
  const text = sbom(lock, KNOWN);
  assertEquals(sbom(lock, KNOWN), text);
  const { components, dependencies } = JSON.parse(text);
  const known = new Set(components.map((component: { purl: string }) => component.purl));
  for (const { dependsOn } of dependencies) for (const ref of dependsOn) assert(known.has(ref), ref);
  assert(components.length > 20, String(components.length));
});

Deno.test("a key of the lock file is taken apart, with a scope and with peers", () => {
  assertEquals(nameAndVersion("@a/b@1.0.0_c@2.0.0_@d+e@3.0.0"), { name: "@a/b", version: "1.0.0" });
  assertEquals(nameAndVersion("c@2.0.0-rc.1"), { name: "c", version: "2.0.0-rc.1" });
});
