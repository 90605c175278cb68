/**
 * The example's auth service: Login gives a session and a token for it.
 * @module
 */
import { SignJWT } from "jose";
import { STATUS } from "../../rpc/status.ts";
import { LOGIN_REQUEST, LOGIN_RESPONSE, type LoginRequest, METHOD } from "./my_service.ts";
import { ProtobufError } from "./protobuf.ts";
import { CallError, type Method } from "../../rpc/server.ts";
import { StoreAway, type UserStore } from "./users.ts";

/** What an auth service needs. */
export interface AuthOptions {
  readonly users: UserStore;
  /** Signs tokens (HS256). */
  readonly secret: string;
  /** ms that a token holds. */
  readonly tokenLife: number;
}

/** Its methods. */
export function authMethods({ users, secret, tokenLife }: AuthOptions): Readonly<Record<string, Method>> {
  const key = new TextEncoder().encode(secret);
  return {
    async [METHOD.login](request, call) {
      const { username, password } = loginRequest(request);
      if (username === "" || password === "") {
        throw new CallError(STATUS.INVALID_ARGUMENT, "username and password are required");
      }
      if (!await isUser(users, username, password)) {
        throw new CallError(STATUS.UNAUTHENTICATED, "wrong username or password");
      }
      const sessionId = crypto.randomUUID();
      const now = Math.floor(Date.now() / 1000);
      const expiresAt = now + Math.ceil(tokenLife / 1000);
      const token = await new SignJWT({ session_id: sessionId }).setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setSubject(username).setIssuedAt(now).setExpirationTime(expiresAt).sign(key);
      await call.send(LOGIN_RESPONSE.encode({ sessionId, token, expiresAt }));
      call.end();
    },
  };
}

async function isUser(users: UserStore, name: string, password: string): Promise<boolean> {
  try {
    return await users.check(name, password);
  } catch (error) {
    if (error instanceof StoreAway) throw new CallError(STATUS.UNAVAILABLE, "user store unavailable");
    throw error;
  }
}

function loginRequest(bytes: Uint8Array): LoginRequest {
  try {
    return LOGIN_REQUEST.decode(bytes);
  } catch (error) {
    if (error instanceof ProtobufError) throw new CallError(STATUS.INTERNAL, error.message);
    throw error;
  }
}
