import { assert, assertEquals, assertThrows } from "@std/assert";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from "jose";
import { TokenRefusal } from "../../../src/chat/auth/checker.ts";
import { JwtChecker } from "../../../src/chat/auth/jwt_checker.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { until } from "../../support/until.ts";
import { AUDIENCE, OPTIONS, said, withIssuer } from "./scene.ts";

const MALFORMED = "unauthenticated: the token is malformed";
const SECRET = "a secret of the tests, 32 bytes long";

/** Signed with HS256. */
function shared(claims: Record<string, unknown>, secret: Uint8Array | string = SECRET): Promise<string> {
  const key = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(key);
}
const now = () => Math.floor(Date.now() / 1000);
const good = () => ({ sub: "ann", aud: AUDIENCE, exp: now() + 60 });

Deno.test("A2: a token of the issuer tells profile, device, end and claims", async () => {
  await withIssuer(async (issuer, checker) => {
    const token = await issuer.mint({ sub: "auth0|1a.b", deviceId: "phone-1", claims: { exp: 4_000_000_000, x: 1 } });
    const checked = await checker.check(token);
    assert(!(checked instanceof TokenRefusal));
    assertEquals(checked.profileId, "auth0|1a.b");
    assertEquals(checked.deviceClaim, "phone-1");
    assertEquals(checked.expiresAt, 4_000_000_000_000);
    assertEquals(checked.claims["x"], 1);
    assertEquals(checker.state, "up");
  });
});

Deno.test("A2: claims that are not as they must be are refused, and it is said which", async () => {
  await withIssuer(async (issuer, checker) => {
    const without = (name: string) => ({ [name]: undefined });
    for (
      const [claims, why] of [
        [{ aud: "another" }, "the token is for another audience"],
        [{ aud: ["another", "x"] }, "the token is for another audience"],
        [without("aud"), "the token has no aud"],
        [{ iss: "https://elsewhere.example" }, "the token is of another issuer"],
        [without("iss"), "the token has no iss"],
        [without("exp"), "the token has no exp"],
        [{ exp: "4000000000" }, "the token's exp is not as expected"],
        [{ exp: now() - 30 }, "the token has expired"],
        [{ nbf: now() + 30 }, "the token does not hold yet"],
        [without("sub"), "the token has no sub"],
        [{ sub: "" }, "the token's sub is no id of a profile"],
        [{ sub: 7 }, "the token's sub is no id of a profile"],
        [{ sub: "a:b" }, "the token's sub is no id of a profile"],
        [{ device_id: "a b" }, "the token's device_id is no id of a device"],
        [{ device_id: 1 }, "the token's device_id is no id of a device"],
      ] as const
    ) {
      const token = await issuer.mint({ sub: "ann", claims });
      assertEquals(await said(checker.check(token)), `unauthenticated: ${why}`, JSON.stringify(claims));
    }
    assertEquals(await said(checker.check(await issuer.mint({ sub: "ann", claims: { aud: ["x", AUDIENCE] } }))), "ann");
    assertEquals(
      await said(checker.check(await issuer.mint({ sub: "ann", claims: { iss: `${issuer.url}/` } }))),
      "ann",
    );
  });
});

Deno.test("A2: clocks may differ by the leeway", async () => {
  await withIssuer(async (issuer, checker) => {
    for (const claims of [{ exp: now() - 2 }, { nbf: now() + 3 }]) {
      assertEquals(await said(checker.check(await issuer.mint({ sub: "ann", claims }))), "ann");
    }
  });
});

Deno.test("A2: a token that nobody signed is refused", async () => {
  await withIssuer(async (issuer, checker) => {
    const claims = { ...good(), iss: issuer.url };
    const none = new UnsecuredJWT(claims).encode();
    const [, body] = none.split(".");
    const header = (alg: string) => btoa(JSON.stringify({ alg, kid: issuer.publicJwk.kid })).replaceAll("=", "");
    assertEquals(await said(checker.check(none)), MALFORMED);
    for (const alg of ["none", "None", "NONE", "", "HS256", "RS1", "constructor"]) {
      const refused = await said(checker.check(`${header(alg)}.${body}.AAAA`));
      assert(
        /^unauthenticated: the token('s algorithm is not allowed| is malformed)$/.test(refused),
        `${alg}: ${refused}`,
      );
    }
  });
});

Deno.test("A2: whoever signs with the public key as a secret is refused", async () => {
  await withIssuer(async (issuer, checker) => {
    const key = await importJWK({ ...issuer.publicJwk }, "ES256", { extractable: true }) as CryptoKey;
    const claims = { ...good(), iss: issuer.url };
    const encoder = new TextEncoder();
    for (const secret of [await exportSPKI(key), JSON.stringify(issuer.publicJwk), issuer.publicJwk.x!]) {
      const token = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: issuer.publicJwk.kid! })
        .sign(encoder.encode(secret));
      assertEquals(await said(checker.check(token)), "unauthenticated: the token's algorithm is not allowed");
    }
  });
});

Deno.test("A2: an algorithm that is not listed is refused, though the key is the issuer's", async () => {
  await withIssuer(async (issuer, checker) => {
    const token = await issuer.mint({ sub: "ann" });
    assertEquals(await said(checker.check(token)), "unauthenticated: the token's algorithm is not allowed");
  }, { algorithms: ["RS256"] });
});

Deno.test("A2: no algorithm of a secret can be listed for an issuer", () => {
  for (const name of ["HS256", "none", "dir", ""]) {
    const options = { ...OPTIONS, issuer: "http://127.0.0.1:1", algorithms: [name] };
    assertThrows(() => new JwtChecker(options), TypeError, "signatures with a public key");
  }
  assertThrows(() => new JwtChecker(OPTIONS), TypeError, "expected an issuer, a key set or a secret");
});

Deno.test("A2: a signature of somebody else, or a token that was changed, is refused", async () => {
  await withIssuer(async (issuer, checker) => {
    const { privateKey } = await generateKeyPair("ES256");
    const forged = await new SignJWT({ ...good(), iss: issuer.url })
      .setProtectedHeader({ alg: "ES256", kid: issuer.publicJwk.kid! }).sign(privateKey);
    assertEquals(await said(checker.check(forged)), "unauthenticated: the token's signature does not hold");
    const [header, , signature] = (await issuer.mint({ sub: "ann" })).split(".");
    const [, other] = (await issuer.mint({ sub: "bob" })).split(".");
    const changed = `${header}.${other}.${signature}`;
    assertEquals(await said(checker.check(changed)), "unauthenticated: the token's signature does not hold");
  });
});

Deno.test("A2: what is no token is refused, whatever it is", async () => {
  await withIssuer(async (issuer, checker) => {
    const token = await issuer.mint({ sub: "ann" });
    const [header, body, signature] = token.split(".") as [string, string, string];
    const huge = await issuer.mint({ sub: "ann", claims: { x: "x".repeat(20_000) } });
    for (
      const wrong of [
        "",
        ".",
        "..",
        "...",
        "abc",
        "a.b.c",
        `${header}.${body}`,
        `${header}.${body}.`,
        `${token}.${signature}`,
        `${token}..${signature}`,
        ` ${token}`,
        `${token}\n`,
        `${header}.${body}=.${signature}`,
        `${header}.!!!!.${signature}`,
        `${header}..${signature}`,
        `${btoa("[]").replaceAll("=", "")}.${body}.${signature}`,
        `${btoa('{"alg":"ES256"').replaceAll("=", "")}.${body}.${signature}`,
        `e30.${body}.${signature}`,
        huge,
        "x".repeat(1_000_000),
        `${"x".repeat(500_000)}.${"x".repeat(500_000)}.x`,
        "Ä.Ö.Ü",
        "\u0000.\u0000.\u0000",
      ]
    ) {
      assertEquals(await said(checker.check(wrong)), MALFORMED, wrong.slice(0, 80));
    }
    assertEquals(await said(checker.check(token)), "ann");
  });
});

Deno.test("A2: a critical header that nobody here knows makes a token bad", async () => {
  const token = await new SignJWT(good()).setProtectedHeader({ alg: "HS256", crit: ["exp-x"], "exp-x": 1 })
    .sign(new TextEncoder().encode(SECRET), { crit: { "exp-x": true } });
  assertEquals(await said(new JwtChecker({ ...OPTIONS, secret: SECRET }).check(token)), MALFORMED);
});

Deno.test("A2: with a secret only HS256 counts", async () => {
  const checker = new JwtChecker({ ...OPTIONS, secret: SECRET });
  assertEquals(checker.state, "up");
  assertEquals(await said(checker.check(await shared(good()))), "ann");
  const other = await shared(good(), "another secret, of 32 bytes, too");
  assertEquals(await said(checker.check(other)), "unauthenticated: the token's signature does not hold");
  const { privateKey } = await generateKeyPair("ES256");
  const asymmetric = await new SignJWT(good()).setProtectedHeader({ alg: "ES256" }).sign(privateKey);
  assertEquals(await said(checker.check(asymmetric)), "unauthenticated: the token's algorithm is not allowed");
  const longer = await new SignJWT(good()).setProtectedHeader({ alg: "HS512" })
    .sign(new TextEncoder().encode(SECRET.repeat(2)));
  assertEquals(await said(checker.check(longer)), "unauthenticated: the token's algorithm is not allowed");
});

Deno.test("A2: a token that names no key is tried with those that could have signed it", async () => {
  const [one, two] = [await generateKeyPair("EdDSA"), await generateKeyPair("EdDSA")];
  const keys = [await exportJWK(one.publicKey), await exportJWK(two.publicKey)];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => Response.json({ keys }));
  const checker = new JwtChecker({ ...OPTIONS, jwksUri: `http://127.0.0.1:${server.addr.port}/keys` });
  try {
    const signed = (key: CryptoKey) => new SignJWT(good()).setProtectedHeader({ alg: "EdDSA" }).sign(key);
    assertEquals(await said(checker.check(await signed(two.privateKey))), "ann");
    const stranger = await generateKeyPair("EdDSA");
    const refused = await said(checker.check(await signed(stranger.privateKey)));
    assertEquals(refused, "unauthenticated: the token's signature does not hold");
  } finally {
    checker.close();
    await server.shutdown();
  }
});

Deno.test("A2: a token that comes again costs no cryptography, until it expires", async () => {
  let wall = Date.now();
  await withIssuer(
    async (issuer, checker) => {
      const token = await issuer.mint({ sub: "ann", life: 60_000 });
      const first = await checker.check(token);
      assert(checker.check(token) === first, "expected the same verdict at once");
      wall += 60_000;
      assert(checker.check(token) === first, "expected the leeway to count");
      wall += 10_000;
      assertEquals(await said(checker.check(token)), "unauthenticated: the token has expired");
    },
    {},
    { wallClock: () => wall },
  );
});

Deno.test("A5: a token of a key that is new is taken, and the one of a key that went is not", async () => {
  await withIssuer(async (issuer, checker) => {
    const old = await issuer.mint({ sub: "ann" });
    assertEquals(await said(checker.check(old)), "ann");
    await issuer.rotate();
    assertEquals(await said(checker.check(await issuer.mint({ sub: "bob" }))), "bob");
    const refused = await said(checker.check(old));
    assertEquals(refused, "unauthenticated: the token was signed with a key that is not known");
  });
});

Deno.test("A5: keys that nobody knows make the issuer be asked once per cooldown, not once each", async () => {
  const clock = new FakeClock();
  await withIssuer(
    async (issuer, checker) => {
      assertEquals(await said(checker.check(await issuer.mint({ sub: "ann" }))), "ann");
      const { privateKey } = await generateKeyPair("ES256");
      const unknown = (kid: string) =>
        new SignJWT({ ...good(), iss: issuer.url }).setProtectedHeader({ alg: "ES256", kid }).sign(privateKey);
      const ask = async () => {
        const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => unknown(`k${i}`)));
        for (const answer of await Promise.all(tokens.map((token) => said(checker.check(token))))) {
          assertEquals(answer, "unauthenticated: the token was signed with a key that is not known");
        }
      };
      assertEquals(issuer.keyReads, 1);
      await ask();
      await ask();
      assertEquals(issuer.keyReads, 2);
      clock.advance(5_000);
      await ask();
      assertEquals(issuer.keyReads, 3);
    },
    {},
    { clock },
  );
});

Deno.test("A7: while the issuer cannot be reached nobody is refused for good, and it comes back by itself", async () => {
  const clock = new FakeClock();
  const moves: string[] = [];
  await withIssuer(
    async (issuer, checker) => {
      const token = await issuer.mint({ sub: "ann" });
      await issuer.pause();
      const late = new JwtChecker({ ...OPTIONS, issuer: issuer.url }, { clock, moved: (state) => moves.push(state) });
      try {
        const refused = await late.check(token);
        assert(refused instanceof TokenRefusal);
        assertEquals(refused.code, "unavailable");
        assertEquals(refused.message, "the issuer of tokens cannot be reached");
        assert(refused.retryAfterMs! > 0 && refused.retryAfterMs! <= 5_000);
        assertEquals(late.state, "down");
        issuer.resume();
        clock.advance(refused.retryAfterMs!);
        await until(() => late.state === "up", "the keys are read");
        assertEquals(await said(late.check(token)), "ann");
        assertEquals(moves, ["down", "up"]);
      } finally {
        late.close();
      }
      assertEquals(await said(checker.check(token)), "ann");
    },
    {},
    { clock },
  );
});

Deno.test("A7: keys that are known serve on while the issuer is away; a new one waits for it", async () => {
  await withIssuer(async (issuer, checker) => {
    const [first, second] = [await issuer.mint({ sub: "ann" }), await issuer.mint({ sub: "bob" })];
    assertEquals(await said(checker.check(first)), "ann");
    await issuer.rotate();
    const third = await issuer.mint({ sub: "cid" });
    await issuer.pause();
    assertEquals(await said(checker.check(second)), "bob");
    assertEquals(await said(checker.check(third)), "unavailable: the issuer of tokens cannot be reached");
    assertEquals(checker.state, "down");
    assertEquals(await said(checker.check(second)), "bob");
    issuer.resume();
    await until(async () => await said(checker.check(third)) === "cid", "the new key is known");
    assertEquals(checker.state, "up");
  });
});

for (
  const [what, answer] of [
    ["no JSON", () => new Response("<html>")],
    ["another status", () => new Response("no", { status: 500 })],
    ["no key set", () => Response.json({ keys: "none" })],
    ["endless bytes", () => new Response("x".repeat(2_000_000))],
  ] as const
) {
  Deno.test(`A7: an issuer that answers with ${what} counts as one that cannot be reached`, async () => {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
    const reasons: string[] = [];
    const options = { ...OPTIONS, jwksUri: `http://127.0.0.1:${server.addr.port}/keys` };
    const checker = new JwtChecker(options, { moved: (_, reason) => reasons.push(reason) });
    try {
      assertEquals(await said(checker.check("a.b.c")), "unavailable: the issuer of tokens cannot be reached");
      assertEquals(reasons.length, 1);
    } finally {
      checker.close();
      await server.shutdown();
    }
  });
}

Deno.test("A7: an issuer that says it is another one is not believed", async () => {
  await withIssuer(async (issuer) => {
    const reasons: string[] = [];
    const options = { ...OPTIONS, issuer: issuer.url.replace("127.0.0.1", "localhost") };
    const checker = new JwtChecker(options, { moved: (_, reason) => reasons.push(reason) });
    try {
      const token = await issuer.mint({ sub: "ann" });
      assertEquals(await said(checker.check(token)), "unavailable: the issuer of tokens cannot be reached");
      assert(reasons[0]?.includes("it says it is another one"), reasons[0]);
    } finally {
      checker.close();
    }
  });
});

Deno.test("A9: no reason of a refusal has a part of the token in it", async () => {
  await withIssuer(async (issuer, checker) => {
    const claims = { aud: "audience-of-mine", iss: "issuer-of-mine" };
    const token = await issuer.mint({ sub: "ann", claims });
    const parts = token.split(".").flatMap((part) => [part, part.slice(0, 12)]);
    for (const wrong of [token, token.slice(0, -4), `${token}x`, token.replace(".", "..")]) {
      const answer = await said(checker.check(wrong));
      for (const part of [...parts, "audience-of-mine", "issuer-of-mine"]) assert(!answer.includes(part), answer);
    }
  });
});
