import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeJwt } from "jose";
import { ClientCredentials } from "../../../src/chat/auth/client_credentials.ts";
import { LocalIssuer } from "../../../src/chat/auth/local_issuer.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { until } from "../../support/until.ts";

const CLIENT = { id: "gateway client", secret: "s:e/c&ret" };

async function play(
  test: (own: ClientCredentials, issuer: LocalIssuer, clock: FakeClock) => Promise<void>,
  clientSecret = CLIENT.secret,
) {
  const listen = { hostname: "127.0.0.1", port: 0 };
  const issuer = await LocalIssuer.start({ listen, audience: "core", client: CLIENT });
  const clock = new FakeClock();
  const options = { tokenEndpoint: `${issuer.url}/token`, clientId: CLIENT.id, clientSecret };
  const own = new ClientCredentials(options, clock);
  try {
    await test(own, issuer, clock);
  } finally {
    own.close();
    await issuer.stop();
  }
}

Deno.test("F10: the gateway's own token is got once, whoever asks", async () => {
  await play(async (own) => {
    const [one, two] = await Promise.all([own.token(), own.token()]);
    assertEquals(one, two);
    assertEquals(own.token(), one);
    assertEquals(decodeJwt(one).sub, CLIENT.id);
  });
});

Deno.test("F10: it is renewed before it expires, and nobody waits for that", async () => {
  await play(async (own, _issuer, clock) => {
    const first = await own.token();
    clock.advance(0.8 * 3_600_000);
    assertEquals(own.token(), first);
    await until(() => own.token() !== first, "another token is there");
  });
});

Deno.test("F10: while it cannot be renewed the old one serves, and then it is said why there is none", async () => {
  await play(async (own, issuer, clock) => {
    const first = await own.token();
    await issuer.pause();
    clock.advance(0.9 * 3_600_000);
    assertEquals(own.token(), first);
    clock.advance(0.2 * 3_600_000);
    const error = await assertRejects(async () => await own.token(), Error, `POST ${issuer.url}/token`);
    assert(!error.message.includes("ret"), error.message);
    issuer.resume();
    assert(await own.token() !== first);
  });
});

Deno.test("F10: another one is got when the core did not take it", async () => {
  await play(async (own) => {
    const first = await own.token();
    own.refused("another");
    assertEquals(own.token(), first);
    own.refused(first);
    assert(typeof await own.token() === "string");
    assert(await own.token() !== first);
  });
});

Deno.test("F10, A9: a wrong secret is an error, and it does not tell it", async () => {
  await play(async (own) => {
    const error = await assertRejects(async () => await own.token(), Error, "expected 200, got 401");
    assert(!error.message.includes("wrong-secret"));
  }, "wrong-secret");
});
