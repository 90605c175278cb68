import { SignJWT } from "jose";

/** A secret of HS256 for tests. */
export const SECRET = "a secret of tests that is longer than 32 bytes";

/** A token of `profile`. */
export async function tokenOf(profile: string, claims: Record<string, unknown> = {}): Promise<string> {
  return await new SignJWT({ sub: profile, aud: "service_chat_gateway", ...claims })
    .setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h").sign(new TextEncoder().encode(SECRET));
}
