import { assert, assertEquals } from "@std/assert";
import { parse, parseAllDocuments } from "yaml";
import * as z from "zod";
import { parseDuration } from "../../src/ops/config/units.ts";
import { runMain } from "../commands/run_main.ts";
import { freePort } from "../support/free_port.ts";
import { FROM_SOURCE, GatewayProcess } from "../support/gateway_process.ts";
import { until } from "../support/until.ts";

const DIRECTORY = new URL("../../config/deploy/diameter/", import.meta.url).pathname;
const text = (name: string) => Deno.readTextFile(`${DIRECTORY}${name}`);

const configuration = await text("container.yaml");
const documents = parseAllDocuments(await text("kubernetes.yaml")).map((document) => document.toJS());
const compose = parse(await text("compose.yaml"), { merge: true });

const labels = z.strictObject({ app: z.literal("diam-gw") });
const metadata = z.strictObject({ name: z.string(), labels });
const selector = z.strictObject({ matchLabels: labels });
const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string(), port: z.string() }),
  periodSeconds: z.int(),
  failureThreshold: z.int(),
});
const container = z.strictObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(z.looseObject({ name: z.string() })),
  ports: z.array(z.strictObject({ name: z.string(), containerPort: z.int() })),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  lifecycle: z.strictObject({
    preStop: z.strictObject({ exec: z.strictObject({ command: z.tuple([z.literal("sleep"), z.string()]) }) }),
  }),
  resources: z.looseObject({}),
  securityContext: z.looseObject({
    readOnlyRootFilesystem: z.literal(true),
    allowPrivilegeEscalation: z.literal(false),
  }),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
});
const pod = z.looseObject({
  terminationGracePeriodSeconds: z.int(),
  containers: z.tuple([container]),
  volumes: z.array(z.looseObject({ name: z.string() })),
});
const statefulSet = z.strictObject({
  apiVersion: z.literal("apps/v1"),
  kind: z.literal("StatefulSet"),
  metadata,
  spec: z.strictObject({
    serviceName: z.string(),
    replicas: z.int().min(2),
    podManagementPolicy: z.string(),
    selector,
    template: z.strictObject({ metadata: z.strictObject({ labels }), spec: pod }),
  }),
});

const ofKind = (kind: string) => documents.filter((document) => document.kind === kind);
const { spec } = statefulSet.parse(ofKind("StatefulSet")[0]);
const [gateway] = spec.template.spec.containers;

/** Variables of the configuration, and what stands in for them. */
const variables = [...new Set([...configuration.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name))];
const environment = {
  DIAM_GW_HOST: "diam-gw-1",
  DIAM_GW_REALM: "edge.example.com",
  DIAM_GW_ADMIN_TOKEN: "0123456789abcdef0123456789abcdef",
  DIAM_GW_ADDRESS: "10.244.1.7",
  DRA_1_HOST: "127.0.0.1",
  DRA_2_HOST: "127.0.0.2",
};

Deno.test("the ConfigMap has the text of container.yaml", () => {
  assertEquals(ofKind("ConfigMap")[0].data, { "diam-gw.yaml": configuration });
});

Deno.test("the configuration is good, and each replica has an Origin-Host of its own", async () => {
  assertEquals(variables.toSorted(), Object.keys(environment).toSorted());
  const { code, stdout, stderr } = await runMain(["check", "-c", `${DIRECTORY}container.yaml`], environment);
  assertEquals(code, 0, stderr);
  assert(stdout.includes("diam-gw-1.edge.example.com in edge.example.com"), stdout);
  const host = gateway.env.find(({ name }) => name === "DIAM_GW_HOST");
  assertEquals(host?.["valueFrom"], { fieldRef: { fieldPath: "metadata.name" } });
  const address = gateway.env.find(({ name }) => name === "DIAM_GW_ADDRESS");
  assertEquals(address?.["valueFrom"], { fieldRef: { fieldPath: "status.podIP" } });
});

Deno.test("Kubernetes and compose give every variable that the configuration has", () => {
  assertEquals(gateway.env.map(({ name }) => name).toSorted(), variables.toSorted());
  assertEquals(Object.keys(compose.services.gateway.environment).toSorted(), variables.toSorted());
});

Deno.test("the token comes from the Secret, and every reference of the StatefulSet is to something there", () => {
  const [secret] = ofKind("Secret");
  const token = gateway.env.find(({ name }) => name === "DIAM_GW_ADMIN_TOKEN");
  assertEquals(token?.["valueFrom"], { secretKeyRef: { name: secret.metadata.name, key: "DIAM_GW_ADMIN_TOKEN" } });
  assertEquals(Object.keys(secret.stringData), ["DIAM_GW_ADMIN_TOKEN"]);
  const headless = ofKind("Service").find(({ metadata }) => metadata.name === spec.serviceName);
  assertEquals(headless?.spec.clusterIP, "None");
  const ports = new Set(gateway.ports.map(({ name }) => name));
  for (const service of ofKind("Service")) {
    assertEquals(service.spec.selector, { app: "diam-gw" });
    for (const { targetPort } of service.spec.ports) assert(ports.has(targetPort), targetPort);
  }
  const volumes = new Set(spec.template.spec.volumes.map(({ name }) => name));
  for (const { name } of gateway.volumeMounts) assert(volumes.has(name), name);
  const disruption = z.looseObject({
    apiVersion: z.literal("policy/v1"),
    spec: z.strictObject({ maxUnavailable: z.literal(1), selector }),
  });
  disruption.parse(ofKind("PodDisruptionBudget")[0]);
});

Deno.test("there is time to drain before a container is killed", () => {
  const drain = parseDuration(parse(configuration).gateway.drain_timeout)! / 1000;
  const before = Number(gateway.lifecycle.preStop.exec.command[1]);
  assert(spec.template.spec.terminationGracePeriodSeconds >= before + drain + 5);
  assert(parseDuration(compose.services.gateway.stop_grace_period)! / 1000 >= drain + 5);
});

Deno.test("probes of the kubelet are answered without a token, and nothing else is", async () => {
  const admin = freePort();
  const own = configuration.replace("0.0.0.0:3868", "127.0.0.1:0").replace("0.0.0.0:9868", `0.0.0.0:${admin}`)
    .replace(/\$\{(\w+)\}/g, (_all, name: keyof typeof environment) => environment[name]);
  await using process = await GatewayProcess.start(FROM_SOURCE, own);
  await until(() => process.entries.some(({ event }) => event === "admin_listening"), "the admin interface to listen");
  // The kubelet asks by the address of the pod.
  const status = async (line: string, host = `${environment.DIAM_GW_ADDRESS}:9868`) => {
    using connection = await Deno.connect({ port: admin });
    await connection.write(
      new TextEncoder().encode(`${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
    );
    const buffer = new Uint8Array(1024);
    return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0)).split(" ", 2)[1];
  };
  assertEquals(gateway.startupProbe.httpGet.path, "/healthz");
  assertEquals(await status(`GET ${gateway.livenessProbe.httpGet.path}`), "200");
  // There are no DRAs here.
  assertEquals(await status(`GET ${gateway.readinessProbe.httpGet.path}`), "503");
  assertEquals(await status("GET /api/v1/status"), "401");
  assertEquals(await status("GET /healthz", "elsewhere.example.com"), "403");
});

Deno.test("images have short names: where they come from is said by whoever runs them", async () => {
  const images = [
    gateway.image,
    ...Object.values<{ image: string }>(compose.services).map(({ image }) => image),
    ...[...(await text("Containerfile")).matchAll(/^FROM (\S+)/gm)].map(([, image = ""]) => image),
  ];
  for (const image of images) assert(/^[a-z-]+(:[\w.-]+)?$/.test(image), image);
});

Deno.test("the image runs the command line of the service, as a user without rights", async () => {
  const file = await text("Containerfile");
  const [, command = "[]"] = /^CMD (.+)$/m.exec(file) ?? [];
  assertEquals(JSON.parse(command), gateway.args);
  assert(/^USER 65532:65532$/m.test(file));
  assert(gateway.volumeMounts.some(({ mountPath }) => `${mountPath}/diam-gw.yaml` === gateway.args[2]));
});
