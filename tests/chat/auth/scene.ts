/**
 * A checker beside an issuer of our own.
 * @module
 */
import { type CheckerParts, JwtChecker, type TokenOptions } from "../../../src/chat/auth/jwt_checker.ts";
import { LocalIssuer } from "../../../src/chat/auth/local_issuer.ts";
import { TokenRefusal, type Verdict } from "../../../src/chat/auth/checker.ts";

export const AUDIENCE = "service_chat_gateway";

/** What the contract says where nothing else is set. */
export const OPTIONS: TokenOptions = {
  issuer: "",
  jwksUri: "",
  secret: "",
  audience: AUDIENCE,
  algorithms: ["RS256", "ES256", "EdDSA"],
  leeway: 5_000,
  jwksCooldown: 5_000,
};

/** Plays with an issuer and a checker that asks it. */
export async function withIssuer(
  play: (issuer: LocalIssuer, checker: JwtChecker) => Promise<void>,
  options: Partial<TokenOptions> = {},
  parts: CheckerParts = {},
): Promise<void> {
  const issuer = await LocalIssuer.start({ listen: { hostname: "127.0.0.1", port: 0 }, audience: AUDIENCE });
  const checker = new JwtChecker({ ...OPTIONS, issuer: issuer.url, ...options }, parts);
  try {
    await play(issuer, checker);
  } finally {
    checker.close();
    await issuer.stop();
  }
}

/** `ann`, or `unauthenticated: why`. */
export async function said(verdict: Verdict | Promise<Verdict>): Promise<string> {
  const came = await verdict;
  return came instanceof TokenRefusal ? `${came.code}: ${came.message}` : came.profileId;
}
