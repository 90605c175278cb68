/**
 * The package for Debian and its kin. The same files make the same bytes.
 * @module
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import postinst from "./debian/postinst.sh" with { type: "text" };
import postrm from "./debian/postrm.sh" with { type: "text" };
import prerm from "./debian/prerm.sh" with { type: "text" };
import { ar, type Member, tar } from "./archive.ts";

/** One file of the package. */
export interface InstalledFile {
  /** Where it goes, without a slash before it. */
  readonly path: string;
  readonly contents: Uint8Array<ArrayBuffer>;
  readonly executable?: true;
  /** What its operator changes outlives an upgrade. */
  readonly conffile?: true;
}

/** What to pack. */
export interface DebianPackage {
  readonly version: string;
  /** Of the executable, as Debian says it. */
  readonly architecture: string;
  readonly files: readonly InstalledFile[];
  /** Of all files, in seconds since 1970. */
  readonly time: number;
}

const KIB = 1024;
const encoder = new TextEncoder();

/** The name that the package's file has. */
export function packageName({ version, architecture }: Pick<DebianPackage, "version" | "architecture">): string {
  return `diam-gw_${version}_${architecture}.deb`;
}

/** The package. */
export function debianPackage({ version, architecture, files, time }: DebianPackage): Uint8Array<ArrayBuffer> {
  const sorted = files.toSorted((a, b) => a.path < b.path ? -1 : 1);
  const data = withDirectories(sorted.map(({ path, contents, executable }) => ({
    path,
    contents,
    mode: executable ? 0o755 : 0o644,
  })));
  const size = Math.ceil(files.reduce((sum, { contents }) => sum + contents.length, 0) / KIB);
  const control: Member[] = [
    { path: "", mode: 0o755 },
    text("control", controlFile(version, architecture, size)),
    text("conffiles", sorted.filter(({ conffile }) => conffile).map(({ path }) => `/${path}\n`).join("")),
    text("md5sums", sorted.map(({ path, contents }) => `${md5(contents)}  ${path}\n`).join("")),
    { ...text("postinst", postinst), mode: 0o755 },
    { ...text("postrm", postrm), mode: 0o755 },
    { ...text("prerm", prerm), mode: 0o755 },
  ];
  return ar([
    { name: "debian-binary", contents: encoder.encode("2.0\n") },
    { name: "control.tar.gz", contents: gzip(tar(control, time)) },
    { name: "data.tar.gz", contents: gzip(tar(data, time)) },
  ], time);
}

/** gzip with all its effort, and without name and time. */
export function gzip(contents: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(contents, { level: 9 }));
}

function controlFile(version: string, architecture: string, size: number): string {
  return `Package: diam-gw
Version: ${version}
Architecture: ${architecture}
Maintainer: The diam-gw authors <root@localhost>
Installed-Size: ${size}
Depends: libc6 (>= 2.27), passwd
Section: net
Priority: optional
Description: Diameter gateway between Logic Apps and a pool of DRAs
 A relay agent (RFC 6733) with failover, overload protection, an admin
 interface, metrics and a dashboard; a proxy and load balancer for gRPC;
 and the tools that go with them: simulators, load, decoding of captures.
`;
}

function text(path: string, contents: string): Member & { contents: Uint8Array<ArrayBuffer> } {
  return { path, mode: 0o644, contents: encoder.encode(contents) };
}

function md5(contents: Uint8Array<ArrayBuffer>): string {
  return createHash("md5").update(contents).digest("hex");
}

/** The members with every directory before what is in it. */
function withDirectories(files: readonly Member[]): Member[] {
  const seen = new Set<string>();
  return files.flatMap((file) => {
    const parts = file.path.split("/").slice(0, -1);
    const above = ["", ...parts.map((_, i) => `${parts.slice(0, i + 1).join("/")}/`)];
    const missing = above.filter((path) => !seen.has(path));
    for (const path of missing) seen.add(path);
    return [...missing.map((path) => ({ path, mode: 0o755 })), file];
  });
}
