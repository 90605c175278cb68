import { assert, assertEquals } from "@std/assert";
import { parseAllDocuments } from "yaml";
import { parse } from "@std/yaml";
import { chatEnvironment } from "../../src/chat/config/environment.ts";
import { runMain } from "../commands/run_main.ts";

const DIRECTORY = new URL("../../config/deploy/chat/", import.meta.url);
const read = (name: string) => Deno.readTextFileSync(new URL(name, DIRECTORY));

// deno-lint-ignore no-explicit-any
type Manifest = any;

const manifests: Manifest[] = parseAllDocuments(read("kubernetes.yaml")).map((document) => {
  assertEquals(document.errors, []);
  return document.toJS();
});

function manifest(kind: string, name = "chat-gateway"): Manifest {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  assert(found !== undefined, `no ${kind} ${name}`);
  return found;
}

Deno.test("the manifests of the chat gateway have what Kubernetes asks of their kinds", () => {
  for (const { apiVersion, kind, metadata, spec, data } of manifests) {
    const version = {
      ConfigMap: "v1",
      Service: "v1",
      Deployment: "apps/v1",
      Ingress: "networking.k8s.io/v1",
      HorizontalPodAutoscaler: "autoscaling/v2",
    }[kind as string];
    assertEquals(apiVersion, version, kind);
    assert(/^[a-z][a-z0-9-]*$/.test(metadata.name));
    assert(spec !== undefined || data !== undefined, kind);
    if (kind !== "Deployment") continue;
    assertEquals(spec.selector.matchLabels, { app: spec.template.metadata.labels.app });
    for (const { name, image, ports } of spec.template.spec.containers) {
      assert(name !== "" && image !== "" && ports.every((port: Manifest) => port.containerPort > 0));
    }
  }
  const kinds = ["Deployment", "Service"].flatMap((kind) => [[kind, "redis"], [kind, "chat-gateway"]]);
  for (const [kind, name] of [...kinds, ["Ingress"], ["HorizontalPodAutoscaler"], ["ConfigMap"]]) manifest(kind!, name);
});

Deno.test("what a manifest of the chat gateway refers to is in the others", () => {
  const { spec: { replicas, template: { metadata: { labels }, spec: pod } } } = manifest("Deployment");
  const [container] = pod.containers;
  const { spec: service } = manifest("Service");
  assertEquals([replicas, service.selector, service.sessionAffinity], [3, labels, "ClientIP"]);
  const ports = container.ports.map((port: Manifest) => port.name);
  assertEquals(service.ports.map((port: Manifest) => port.targetPort), ports);
  assertEquals(container.ports.map((port: Manifest) => port.containerPort), [80, 50051]);
  const probes = [container.livenessProbe, container.readinessProbe].map((probe) => probe.httpGet);
  assertEquals(probes, [{ path: "/healthz", port: "http" }, { path: "/readyz", port: "http" }]);
  const { data } = manifest("ConfigMap");
  assertEquals(container.envFrom, [{ configMapRef: { name: "chat-gateway" } }]);
  const [{ name, configMap: { items: [{ key, path }] } }] = pod.volumes;
  const [mount] = container.volumeMounts;
  assertEquals([mount.name, `${mount.mountPath}/${path}`], [name, data.DIAM_GW_CONFIG]);
  assert(key in data);
  for (const { backend } of manifest("Ingress").spec.rules[0].http.paths) {
    assertEquals([backend.service.name, ports.includes(backend.service.port.name)], ["chat-gateway", true]);
  }
  const { spec: { scaleTargetRef, metrics, behavior } } = manifest("HorizontalPodAutoscaler");
  assertEquals([scaleTargetRef.kind, scaleTargetRef.name], ["Deployment", "chat-gateway"]);
  assertEquals(metrics[0].pods.metric.name, "diamgw_chat_connections");
  assert(behavior.scaleDown.stabilizationWindowSeconds > behavior.scaleUp.stabilizationWindowSeconds);
});

Deno.test("the configuration in the manifests is one, and devices have time to leave", async () => {
  const { data } = manifest("ConfigMap");
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(file, data["chat.yaml"]);
  const { "chat.yaml": _, DIAM_GW_CONFIG: __, ...environment } = data;
  const { code, stdout, stderr } = await runMain(["check", "chat", "-c", file, "--print"], environment);
  await Deno.remove(file);
  assertEquals([code, stderr.includes("warning")], [0, false], stderr);
  const seconds = (key: string) => Number(new RegExp(`${key}: (\\d+)s`).exec(stdout)?.[1]);
  const { terminationGracePeriodSeconds } = manifest("Deployment").spec.template.spec;
  assert(terminationGracePeriodSeconds > seconds("drain_spread") + seconds("drain_timeout"));
  const timeout = manifest("Ingress").metadata.annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"];
  assert(Number(timeout) > seconds("heartbeat_interval"));
});

Deno.test("the compose file has Redis beside the gateway, on its two ports, and the image is what it runs", () => {
  const { services } = parse(read("compose.yaml")) as Manifest;
  assertEquals(services.redis.image, "redis:7-alpine");
  const { image, ports, environment, depends_on: before } = services["chat-gateway"];
  assertEquals([image, ports], ["chat-gateway:latest", ["80:80", "50051:50051"]]);
  assertEquals(before.every((name: string) => name in services), true);
  assertEquals(chatEnvironment((name) => environment[name]?.replace(/^\$\{\w+:-(.*)\}$/, "$1")).problems, []);
  const dockerfile = read("Dockerfile");
  assert(dockerfile.includes("EXPOSE 80 50051\n") && dockerfile.includes('CMD ["serve", "chat"]'));
});
