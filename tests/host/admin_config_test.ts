import { assert, assertEquals } from "@std/assert";
import { adminSection } from "../../src/host/config.ts";
import { defaultConfig, diffConfig, loadConfig, plainConfig } from "../../src/ops/config/mod.ts";

const SECTIONS = [adminSection] as const;

const load = (text: string) => loadConfig(SECTIONS, { file: "gw.yaml", text });

function good(text: string) {
  const loaded = load(text);
  assert(loaded.ok, loaded.errors.join("\n"));
  return loaded;
}

Deno.test("the admin interface masks subscribers and records what it can, unless told otherwise", () => {
  const { listen: _, ...admin } = defaultConfig(SECTIONS).admin;
  assertEquals(admin, {
    token: "",
    hosts: [],
    mask: "subscriber",
    trace: { maxBytes: 16 * 1024 * 1024, sample: "auto", bodies: true },
  });
});

Deno.test("every key of the admin interface is taken and printed as people write it", () => {
  const { config } = good(`
admin:
  listen: 127.0.0.1
  token: hunter2
  hosts: [gw1.example.com, 10.0.0.1]
  mask: none
  tls: {cert: c.pem, key: k.pem, client_ca: ca.pem}
  trace: {max_bytes: 0, sample: 0.25, bodies: false}
`);
  assertEquals(config.admin, {
    listen: { hostname: "127.0.0.1", port: 9868 },
    token: "hunter2",
    hosts: ["gw1.example.com", "10.0.0.1"],
    mask: "none",
    tls: { cert: "c.pem", key: "k.pem", clientCa: "ca.pem" },
    trace: { maxBytes: 0, sample: 0.25, bodies: false },
  });
  assertEquals(plainConfig(SECTIONS, config), {
    admin: {
      listen: "127.0.0.1:9868",
      token: "********",
      hosts: ["gw1.example.com", "10.0.0.1"],
      mask: "none",
      tls: { cert: "c.pem", key: "k.pem", client_ca: "ca.pem" },
      trace: { max_bytes: "0", sample: 0.25, bodies: false },
    },
  });
  assertEquals(good('admin: {listen: ""}').config.admin.listen, null);
});

const WRONG: [text: string, error: string][] = [
  [
    "{listen: 0.0.0.0:9868}",
    "listen: expected a loopback address or a token in admin.token, got 0.0.0.0:9868 without one",
  ],
  ["{listen: '[::]:1'}", "listen: expected a loopback address or a token in admin.token, got [::]:1 without one"],
  ["{listen: 'x:'}", 'listen: expected HOST:PORT, got "x:"'],
  ["{hosts: gw.example}", 'hosts: expected a list such as [gw1.example.com], got "gw.example"'],
  ["{hosts: ['http://gw']}", 'hosts[0]: expected a host name or an address, got "http://gw"'],
  ["{mask: all}", 'mask: expected none or subscriber, got "all"'],
  ["{tls: {key: k}}", "tls.cert: missing: the file of the certificate"],
  ["{tls: {cert: c}}", "tls.key: missing: the file of the private key"],
  ["{trace: {sample: 2}}", "trace.sample: expected auto, or a number 0..1, got 2"],
  ["{trace: {sample: often}}", 'trace.sample: expected auto, or a number 0..1, got "often"'],
  ["{trace: {max_bytes: 16MB}}", 'trace.max_bytes: expected a size in bytes, or such as 64KiB or 1MiB, got "16MB"'],
];
for (const [text, error] of WRONG) {
  Deno.test(`a wrong admin interface gets one line that says what to do: ${text}`, () => {
    assertEquals(load(`admin: ${text}`).errors, [`gw.yaml: admin.${error}`]);
  });
}

Deno.test("beyond this host without TLS, a token is warned about", () => {
  const place = "gw.yaml: admin.listen: warning: reachable beyond this host without TLS";
  const { warnings } = good("admin: {listen: 10.0.0.1:9868, token: t}");
  assertEquals([warnings.length, warnings[0]?.startsWith(place)], [1, true]);
  assertEquals(good("admin: {listen: 10.0.0.1:9868, token: t, tls: {cert: c, key: k}}").warnings, []);
  assertEquals(good("admin: {listen: 127.0.0.1:9868}").warnings, []);
});

Deno.test("of the admin interface, its address, TLS and what is recorded need a restart", () => {
  const { changes, needsRestart } = diffConfig(
    SECTIONS,
    good("").config,
    good("admin: {listen: 127.0.0.1:1, token: t, tls: {cert: c, key: k}, trace: {bodies: false}}").config,
  );
  assertEquals(changes.map(({ path }) => path), ["admin.listen", "admin.token", "admin.trace.bodies", "admin.tls"]);
  assertEquals(needsRestart, ["admin.listen", "admin.trace.bodies", "admin.tls"]);
});
