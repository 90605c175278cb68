import { assertEquals, assertMatch } from "@std/assert";
import { FROM_SOURCE } from "../../support/gateway_process.ts";

const CONFIG = "server: { listen: ['127.0.0.1:0'] }\nadmin: { listen: '' }\ndra_pool: { dras: [] }\n";

async function started(socket: string, directory: string) {
  await Deno.writeTextFile(`${directory}/gw.yaml`, CONFIG);
  const [program, ...args] = FROM_SOURCE;
  return new Deno.Command(program!, {
    args: [...args, "serve", "-c", `${directory}/gw.yaml`],
    env: { NOTIFY_SOCKET: socket },
    stderr: "piped",
    stdout: "null",
  }).spawn();
}

Deno.test("a service manager hears when the gateway is ready, and when it takes leave", async () => {
  const directory = await Deno.makeTempDir();
  const manager = Deno.listenDatagram({ transport: "unixpacket", path: `${directory}/notify` });
  const said = async () => new TextDecoder().decode((await manager.receive())[0]);
  try {
    const child = await started(`${directory}/notify`, directory);
    const output = child.output();
    assertEquals(await said(), "READY=1");
    child.kill("SIGTERM");
    assertEquals(await said(), "STOPPING=1");
    const { code, stderr } = await output;
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  } finally {
    manager.close();
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a service manager that cannot be told is a warning, and the gateway serves", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const child = await started(`${directory}/nobody`, directory);
    let log = "";
    let isTold = false;
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      log += text;
      if (isTold || !log.includes("READY=1")) continue;
      child.kill("SIGTERM");
      isTold = true;
    }
    assertEquals((await child.status).code, 0, log);
    assertMatch(log, /the service manager could not be told READY=1: /);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
