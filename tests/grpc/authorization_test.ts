import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SignJWT, UnsecuredJWT } from "jose";
import { HmacTokenValidator, TokenAuthorization } from "../../src/grpc/authorization.ts";
import { Metadata } from "../../src/grpc/metadata.ts";
import { TokenError } from "../../src/grpc/parts.ts";
import { REFUSAL } from "../../src/grpc/refusals.ts";
import { HeaderList } from "../../src/http2/hpack/header_list.ts";

const SECRET = "a secret of the tests, 32 bytes long";
/** Seconds since 1970. */
const NOW = 1_800_000_000;

function token(claims: Record<string, unknown>, { secret = SECRET, alg = "HS256" } = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}
const GOOD = { session_id: "s-1", exp: NOW + 60 };

function headers(...fields: readonly (readonly [string, string])[]): HeaderList {
  const list = new HeaderList().append(":path", "/s.S/M");
  for (const [name, value] of fields) list.append(name, value);
  return list;
}

const validator = (clockTolerance = 0, now = () => NOW * 1000) =>
  new HmacTokenValidator({ secret: SECRET, clockTolerance }, now);
const judged = (list: HeaderList) => new TokenAuthorization(validator()).judge(list);

const session = ["session-id", "s-1"] as const;
const withToken = (value: string, ...more: readonly (readonly [string, string])[]) =>
  headers(session, ["authorization", value], ...more);

for (
  const [what, list] of [
    ["no session", async () => headers(["authorization", await token(GOOD)])],
    ["an empty session", async () => headers(["session-id", ""], ["authorization", await token(GOOD)])],
    ["neither session nor token", () => headers()],
  ] as const
) {
  Deno.test(`a call with ${what} is told that the session is missing`, async () => {
    assertEquals(await judged(await list()), REFUSAL.missingSession);
  });
}

for (
  const [what, list] of [
    ["no token", () => headers(session)],
    ["an empty token", () => withToken("")],
    ["Bearer and nothing", () => withToken("Bearer ")],
    ["what is no token", () => withToken("Bearer abc")],
    ["another scheme", async () => withToken(`Basic ${await token(GOOD)}`)],
    ["two tokens", async () => withToken(await token(GOOD), ["authorization", await token(GOOD)])],
    ["two sessions", async () => withToken(await token(GOOD), session)],
    ["a token of another secret", async () => withToken(await token(GOOD, { secret: "x".repeat(32) }))],
    ["a token of HS512", async () => withToken(await token(GOOD, { alg: "HS512", secret: SECRET.repeat(2) }))],
    ["a token of nobody (alg none)", () => withToken(new UnsecuredJWT(GOOD).encode())],
    ["a token that has expired", async () => withToken(await token({ ...GOOD, exp: NOW }))],
    ["a token that never expires", async () => withToken(await token({ session_id: "s-1" }))],
    ["a token that is not valid yet", async () => withToken(await token({ ...GOOD, nbf: NOW + 1 }))],
    ["a token of another session", async () => withToken(await token({ ...GOOD, session_id: "s-2" }))],
    ["a token without a session", async () => withToken(await token({ exp: NOW + 60 }))],
    ["a session that is no text", async () => withToken(await token({ ...GOOD, session_id: ["s-1"] }))],
    ["an expiry that is no number", async () => withToken(await token({ ...GOOD, exp: "tomorrow" }))],
    ["a token with a changed claim", async () => {
      const [head, , signature] = (await token(GOOD)).split(".");
      return withToken(`${head}.${btoa(JSON.stringify({ ...GOOD, sub: "root" })).replace(/=+$/, "")}.${signature}`);
    }],
    ["a token with characters that no token has", async () => withToken(`${await token(GOOD)}\xff`)],
  ] as const
) {
  Deno.test(`a call with ${what} is told that the token is missing or invalid`, async () => {
    assertEquals(await judged(await list()), REFUSAL.badToken);
  });
}

for (const scheme of ["", "Bearer ", "bearer ", "BEARER  "]) {
  Deno.test(`a token that holds opens the route: ${JSON.stringify(scheme)}`, async () => {
    assertEquals(await judged(withToken(`${scheme}${await token(GOOD)}`)), undefined);
  });
}

Deno.test("clocks may differ by the tolerance, and no more", async () => {
  const tolerant = new TokenAuthorization(validator(10_000));
  const judge = async (claims: Record<string, unknown>) => await tolerant.judge(withToken(await token(claims)));
  assertEquals(await judge({ ...GOOD, exp: NOW - 9 }), undefined);
  assertEquals(await judge({ ...GOOD, nbf: NOW + 10 }), undefined);
  assertEquals(await judge({ ...GOOD, exp: NOW - 10 }), REFUSAL.badToken);
  assertEquals(await judge({ ...GOOD, nbf: NOW + 11 }), REFUSAL.badToken);
});

Deno.test("a token that comes again is judged at once, until it expires", async () => {
  let now = NOW;
  const authorization = new TokenAuthorization(validator(0, () => now * 1000));
  const list = withToken(await token(GOOD));
  const other = headers(["session-id", "s-2"], ["authorization", await token(GOOD)]);
  const first = authorization.judge(list);
  assert(first instanceof Promise);
  assertEquals(await first, undefined);
  assertEquals(authorization.judge(list), undefined);
  assertEquals(authorization.judge(other), REFUSAL.badToken);
  now = GOOD.exp;
  assertEquals(await authorization.judge(list), REFUSAL.badToken);
});

Deno.test("a token that never held is verified each time", async () => {
  const authorization = new TokenAuthorization(validator());
  const list = withToken(await token(GOOD, { secret: "x".repeat(32) }));
  await authorization.judge(list);
  const again = authorization.judge(list);
  assert(again instanceof Promise);
  await again;
});

Deno.test("session header and claim can have other names", async () => {
  const own = new HmacTokenValidator({ secret: SECRET, sessionClaim: "sid" }, () => NOW * 1000);
  const authorization = new TokenAuthorization(own, { sessionHeader: "x-session" });
  const value = await token({ sid: "s-1", exp: NOW + 60 });
  assertEquals(await authorization.judge(headers(["x-session", "s-1"], ["authorization", value])), undefined);
  assertEquals(await authorization.judge(withToken(value)), REFUSAL.missingSession);
});

Deno.test("it is a part of a chain, and a validator of somebody else can stand in it", async () => {
  const asked: unknown[] = [];
  const authorization = new TokenAuthorization({
    validate: (...args) => {
      asked.push(args);
      return args[0] === "good" ? Promise.resolve({}) : Promise.reject(new TokenError("no"));
    },
  });
  const process = (value: string) => authorization.process({ metadata: new Metadata(withToken(value)) });
  assertEquals(await process("good"), undefined);
  assertEquals(await process("Bearer bad"), REFUSAL.badToken);
  assertEquals(asked, [["good", "s-1"], ["bad", "s-1"]]);
});

Deno.test("a validator that breaks is not taken for a token that does not hold", async () => {
  const authorization = new TokenAuthorization({ validate: () => Promise.reject(new RangeError("broken")) });
  await assertRejects(async () => await authorization.judge(withToken("x")), RangeError, "broken");
});

Deno.test("what is wrong with a token is told to who asks", async () => {
  const value = await token(GOOD);
  await assertRejects(() => validator().validate(value, "s-2"), TokenError, "the token was made for another session");
  await assertRejects(() => validator().validate("x", "s-1"), TokenError);
  assertEquals((await validator().validate(value, "s-1"))["exp"], GOOD.exp);
});

Deno.test("no tokens are judged by an empty secret", () => {
  assertThrows(() => new HmacTokenValidator({ secret: "" }), TypeError, "expected the secret of the tokens");
});
