/**
 * The bill of materials (CycloneDX 1.5, JSON): what the program is made of, from deno.lock.
 * @module
 */

/** The part of deno.lock that matters: `name@version` with the versions of its peers behind it. */
export interface Lock {
  readonly npm: Readonly<
    Record<string, { readonly integrity?: string; readonly dependencies?: readonly string[] }>
  >;
}

/** What else is known. */
export interface Known {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly deno: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** SHA-256 of the executable. */
  readonly sha256: string;
  /** Whether `name@version` is in the executable; what is not is there for tests. */
  readonly isShipped: (id: string) => boolean;
  /** The licence that a package names, if it could be read. */
  readonly licenceOf: (name: string, version: string) => string | undefined;
}

/** The document; the same input gives the same text. */
export function sbom(lock: Lock, known: Known): string {
  const packages = new Map<string, { name: string; version: string; integrity: string; dependencies: Set<string> }>();
  for (const [key, { integrity = "", dependencies = [] }] of Object.entries(lock.npm)) {
    const { name, version } = nameAndVersion(key);
    const id = `${name}@${version}`;
    const entry = packages.get(id) ?? { name, version, integrity, dependencies: new Set() };
    for (const dependency of dependencies) entry.dependencies.add(resolve(lock, dependency));
    packages.set(id, entry);
  }
  const self = `pkg:generic/${known.name}@${known.version}`;
  const runtime = `pkg:generic/deno@${known.deno}`;
  const ids = [...packages.keys()].sort();
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    serialNumber: `urn:uuid:${uuid(known.sha256)}`,
    version: 1,
    metadata: {
      timestamp: new Date(known.time * 1000).toISOString(),
      component: {
        type: "application",
        "bom-ref": self,
        name: known.name,
        version: known.version,
        purl: self,
        licenses: licences(known.licence),
        hashes: [{ alg: "SHA-256", content: known.sha256 }],
      },
    },
    components: [
      {
        type: "platform",
        "bom-ref": runtime,
        name: "deno",
        version: known.deno,
        purl: runtime,
        scope: "required",
        licenses: licences("MIT"),
      },
      ...ids.map((id) => {
        const { name, version, integrity } = packages.get(id)!;
        return {
          type: "library",
          "bom-ref": purl(id),
          name,
          version,
          purl: purl(id),
          scope: known.isShipped(id) ? "required" : "excluded",
          licenses: licences(known.licenceOf(name, version)),
          hashes: hashes(integrity),
        };
      }),
    ],
    dependencies: [
      { ref: self, dependsOn: [runtime, ...ids.filter(known.isShipped).map(purl)] },
      ...ids.map((id) => ({ ref: purl(id), dependsOn: [...packages.get(id)!.dependencies].sort().map(purl) })),
    ],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Taken apart: `@a/b@1.2.0_c@3.0.0` is `@a/b` of version `1.2.0`. */
export function nameAndVersion(key: string): { name: string; version: string } {
  const at = key.indexOf("@", 1);
  return { name: key.slice(0, at), version: key.slice(at + 1).replace(/_.*$/, "") };
}

/** A dependency has its version beside it only where there are several of that name. */
function resolve(lock: Lock, dependency: string): string {
  const key = dependency.includes("@", 1)
    ? dependency
    : Object.keys(lock.npm).find((known) => nameAndVersion(known).name === dependency);
  if (key === undefined) throw new Error(`deno.lock has no ${dependency}, which another package needs`);
  const { name, version } = nameAndVersion(key);
  return `${name}@${version}`;
}

function purl(id: string): string {
  return `pkg:npm/${id.replace(/^@/, "%40")}`;
}

/** An expression has an operator in it; a single licence goes by its identifier. */
function licences(licence: string | undefined) {
  if (licence === undefined) return [];
  return [/ (OR|AND|WITH) /.test(licence) ? { expression: licence } : { license: { id: licence } }];
}

/** An integrity of the lock file, `sha512-BASE64`. */
function hashes(integrity: string) {
  const found = /^sha(\d+)-(.+)$/.exec(integrity);
  return found === null ? [] : [{ alg: `SHA-${found[1]}`, content: Uint8Array.fromBase64(found[2]!).toHex() }];
}

/** A UUID of version 8 (RFC 9562): of our own making, here from a hash. */
function uuid(hash: string): string {
  return [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`, hash.slice(20, 32)]
    .join("-");
}
