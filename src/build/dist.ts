/**
 * `deno task dist`: what is handed out of dist/diam-gw, which is built before: a bill of materials,
 * a package for Debian, and SHA256SUMS of all three. The same executable gives the same bytes.
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { completionScript } from "../commands/completion/completion.ts";
import { commands } from "../main.ts";
import { VERSION } from "../version.ts";
import { bundle } from "./bundle.ts";
import { debianPackage, gzip, type InstalledFile, packageName } from "./debian.ts";
import { manPage } from "./man.ts";
import { run } from "./run.ts";
import { type Lock, sbom } from "./sbom.ts";
import { sha256 } from "./self_extracting.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const DIST = `${ROOT}/dist`;
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };
const GIT_TIMEOUT = 10_000;
const INFO_TIMEOUT = 30_000;

/**
 * The time of everything that is made: SOURCE_DATE_EPOCH, or that of the commit, in seconds since
 * 1970.
 */
export async function sourceTime(): Promise<number> {
  const given = Deno.env.get("SOURCE_DATE_EPOCH") ?? "";
  if (/^\d+$/.test(given)) return Number(given);
  if (given !== "") throw new Error(`SOURCE_DATE_EPOCH: expected seconds since 1970, got ${JSON.stringify(given)}`);
  const asked = run("git", { args: ["log", "-1", "--format=%ct"], cwd: ROOT, timeout: GIT_TIMEOUT });
  const commit = await asked.catch(() => undefined);
  return commit?.code === 0 ? Number(commit.stdout) : 0;
}

/** What the package installs beside the executable. */
export async function installedFiles(executable: Uint8Array<ArrayBuffer>): Promise<InstalledFile[]> {
  const encoded = (text: string) => new TextEncoder().encode(text);
  const read = (path: string) => Deno.readFile(`${ROOT}/${path}`);
  const script = async (shell: "bash" | "zsh" | "fish") => encoded(await completionScript(commands, shell));
  return [
    { path: "usr/bin/diam-gw", contents: executable, executable: true },
    { path: "etc/diam-gw/diam-gw.yaml", contents: await read("config/deploy/diameter/diam-gw.yaml"), conffile: true },
    { path: "lib/systemd/system/diam-gw.service", contents: await read("config/deploy/diameter/diam-gw.service") },
    { path: "usr/share/man/man1/diam-gw.1.gz", contents: gzip(encoded(await manPage(commands, VERSION))) },
    { path: "usr/share/bash-completion/completions/diam-gw", contents: await script("bash") },
    { path: "usr/share/zsh/vendor-completions/_diam-gw", contents: await script("zsh") },
    { path: "usr/share/fish/vendor_completions.d/diam-gw.fish", contents: await script("fish") },
    { path: "usr/share/doc/diam-gw/copyright", contents: await read("LICENSE") },
    { path: "usr/share/doc/diam-gw/diam-gw.yaml", contents: await read("config/diam-gw.yaml") },
  ];
}

/** Licences that the packages in Deno's cache name, by `name@version`. */
async function cachedLicences(lock: Lock): Promise<Map<string, string>> {
  const info = await run(Deno.execPath(), { args: ["info", "--json"], cwd: ROOT, timeout: INFO_TIMEOUT });
  const { npmCache } = JSON.parse(info.stdout) as { npmCache: string };
  const found = new Map<string, string>();
  // One directory for each place that packages come from.
  for await (const { name: origin } of Deno.readDir(npmCache)) {
    for (const key of Object.keys(lock.npm)) {
      const id = /^(@?[^@]+)@([^_]+)/.exec(key);
      const file = `${npmCache}/${origin}/${id?.[1]}/${id?.[2]}/package.json`;
      const text = await Deno.readTextFile(file).catch(() => undefined);
      const licence = text === undefined ? undefined : JSON.parse(text).license;
      if (typeof licence === "string") found.set(`${id?.[1]}@${id?.[2]}`, licence);
    }
  }
  return found;
}

async function main(): Promise<void> {
  const time = await sourceTime();
  const executable = await Deno.readFile(`${DIST}/diam-gw`);
  const architecture = ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch;
  const lock = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.lock`)) as Lock;
  const licences = await cachedLicences(lock);
  const shipped = new Set<string>();
  for (const { text } of await bundle(ROOT, "src/main.ts")) {
    // The bundler says before each module where it comes from.
    for (const [, name, version] of text.matchAll(/^ *\/\/ npm:((?:@[^/\s]+\/)?[^/\s]+)\/([^/\s]+)\//gm)) {
      shipped.add(`${name}@${version}`);
    }
  }
  const bill = sbom(lock, {
    name: "diam-gw",
    version: VERSION,
    licence: config.license,
    deno: Deno.version.deno,
    time,
    sha256: await sha256(executable),
    isShipped: (id) => shipped.has(id),
    licenceOf: (name, version) => licences.get(`${name}@${version}`),
  });
  const made: [name: string, contents: Uint8Array<ArrayBuffer>][] = [
    ["diam-gw", executable],
    [`diam-gw-${VERSION}.cdx.json`, new TextEncoder().encode(bill)],
  ];
  // A package holds an executable for Linux.
  if (Deno.build.os === "linux") {
    const files = await installedFiles(executable);
    made.push([
      packageName({ version: VERSION, architecture }),
      debianPackage({ version: VERSION, architecture, files, time }),
    ]);
  }
  let sums = "";
  for (const [name, contents] of made) {
    if (name !== "diam-gw") await Deno.writeFile(`${DIST}/${name}`, contents);
    sums += `${await sha256(contents)}  ${name}\n`;
  }
  await Deno.writeTextFile(`${DIST}/SHA256SUMS`, sums);
  console.log(sums.trimEnd());
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`dist: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
