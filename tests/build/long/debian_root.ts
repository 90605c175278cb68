/**
 * A small root directory of copied programs, in which dpkg installs and what it installed runs.
 * @module
 */

/** What the package's scripts and the executable call. */
const PROGRAMS =
  "sh getent useradd userdel rm rmdir ls tail head dd gzip id uname mktemp mkdir chmod mv find sha256sum cat cut tr df sync sleep grep sed awk env stat cmp sort kill ldd basename dirname touch ln wc"
    .split(" ");

const FILES: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
  "etc/group": "root:x:0:\n",
  "etc/shadow": "root:*:19000:0:99999:7:::\n",
  "etc/gshadow": "root:*::\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  "etc/hosts": "127.0.0.1 localhost\n",
  "etc/login.defs": "SYS_UID_MIN 100\nSYS_UID_MAX 999\nSYS_GID_MIN 100\nSYS_GID_MAX 999\n",
  "var/lib/dpkg/status": "",
  "var/lib/dpkg/available": "",
};

const DIRECTORIES =
  "var/lib/dpkg/info var/lib/dpkg/updates var/lib/dpkg/triggers dev tmp run proc root var/cache var/mail";

/** Runs a program to its end. @throws Error with what it said, when it fails */
export async function must(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env: { LC_ALL: "C" } }).output();
  const said = new TextDecoder().decode(stdout);
  if (!success) throw new Error(`${program} ${args.join(" ")} failed:\n${said}${new TextDecoder().decode(stderr)}`);
  return said;
}

/** Makes the root. @param runtime another executable whose libraries are needed */
export async function makeRoot(runtime: string): Promise<string> {
  const root = await Deno.makeTempDir({ prefix: "diam-gw-root-" });
  await Deno.chmod(root, 0o755);
  for (const directory of DIRECTORIES.split(" ")) await Deno.mkdir(`${root}/${directory}`, { recursive: true });
  await Deno.chmod(`${root}/tmp`, 0o1777);
  for (const directory of ["usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc"]) {
    await Deno.mkdir(`${root}/${directory}`, { recursive: true });
  }
  for (const name of ["bin", "sbin", "lib", "lib64"]) await Deno.symlink(`usr/${name}`, `${root}/${name}`);
  for (const [path, text] of Object.entries(FILES)) await Deno.writeTextFile(`${root}/${path}`, text);
  const found = (await must("which", "-a", ...PROGRAMS)).split("\n").filter((path) => path !== "");
  const programs = PROGRAMS.map((name) => found.find((path) => path.endsWith(`/${name}`)) ?? name);
  for (const program of programs) {
    const to = `${root}/usr/bin/${program.slice(program.lastIndexOf("/") + 1)}`;
    await must("cp", "-L", program, to);
  }
  const libraries = new Set<string>();
  for (const program of [...programs, runtime]) {
    const said = await new Deno.Command("ldd", { args: [program] }).output();
    for (const [path] of new TextDecoder().decode(said.stdout).matchAll(/\/[^\s)]+/g)) {
      if (/\.so(\.|$)/.test(path)) libraries.add(path);
    }
  }
  for (const library of libraries) {
    const to = `${root}${library}`;
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    await must("cp", "-L", library, to);
  }
  await must("mknod", "-m", "666", `${root}/dev/null`, "c", "1", "3");
  await must("mknod", "-m", "666", `${root}/dev/urandom`, "c", "1", "9");
  return root;
}
