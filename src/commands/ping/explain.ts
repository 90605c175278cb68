/**
 * What may be done about a peer that cannot be reached, or that does not answer as one.
 * @module
 */
import { RESULT } from "../../diameter/wire/result_codes.ts";
import { formatDuration } from "../../ops/config/units.ts";
import type { ExchangeError } from "./exchange.ts";

/** What was asked for, in the words of the command line. */
export interface Asked {
  /** `HOST:PORT`. */
  readonly peer: string;
  readonly originHost: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly isTls: boolean;
  /** A client certificate was given. */
  readonly hasCertificate: boolean;
}

/** One sentence: what failed, with whom, and what to do. */
export function explain(error: ExchangeError, asked: Asked): string {
  const advice = adviceFor(error, asked);
  return `${DOES_NOT[error.stage]} ${asked.peer}: ${error.message}${advice === "" ? "" : `; ${advice}`}`;
}

const DOES_NOT = {
  connect: "cannot connect to",
  capabilities: "cannot exchange capabilities with",
  open: "lost",
} as const;

function adviceFor({ stage, why, message, resultCode, cause }: ExchangeError, asked: Asked): string {
  const { originHost, timeout, isTls, hasCertificate } = asked;
  switch (why) {
    case "failed":
      return stage === "connect" ? connectAdvice(message, codeOf(cause), asked) : "";
    case "stranger":
      if (stage === "open") return "";
      return message.includes("look like TLS") ? "give --tls" : "is it the port of a Diameter peer?";
    case "silent":
      return stage === "capabilities"
        ? `is it a Diameter peer${isTls ? "" : " without TLS"}? (--timeout ${formatDuration(timeout)})`
        : `--timeout ${formatDuration(timeout)}`;
    case "closed":
      if (stage === "open") return "";
      if (isTls && !hasCertificate) return "does it want a client certificate (--cert, --key)?";
      return `it may not know ${originHost} (--origin-host) or this address${
        isTls ? "" : ", or want TLS (--tls)"
      }: its log tells which`;
    case "refused":
      return resultCode === undefined ? "" : REFUSALS[resultCode]?.(originHost) ?? "";
  }
}

/** What a CEA's Result-Code asks for (RFC 6733 section 5.3). */
const REFUSALS: Readonly<Record<number, (originHost: string) => string>> = {
  [RESULT.unknownPeer]: (host) => `it has to know ${host}, or --origin-host has to name whom it knows`,
  [RESULT.noCommonApplication]: () => "--application ID[:VENDOR] names what it serves",
  [RESULT.noCommonSecurity]: () => "it wants TLS: give --tls, perhaps with another port",
  [RESULT.electionLost]: (host) => `it is connected with ${host} already: ping under a name of its own (--origin-host)`,
};

function connectAdvice(message: string, code: string, { peer, isTls }: Asked): string {
  if (/lookup|ENOTFOUND|EAI_AGAIN/.test(`${message} ${code}`)) return "is the name right?";
  if (!isTls) return /refused/.test(message) ? "does a Diameter peer listen there?" : "";
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") return "it does not speak TLS: leave out --tls";
  if (code === "ECONNRESET") return "does it speak TLS on this port? a plain Diameter peer is asked without --tls";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `--server-name NAME says which name it has, when it is not that of ${peer}`;
  }
  if (/CERT|VERIFY|ISSUER|SIGNED/.test(code)) return "--ca FILE names the authority to trust";
  return /refused|ECONNREFUSED/.test(`${message} ${code}`) ? "does a Diameter peer listen there?" : "";
}

function codeOf(cause: unknown): string {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? code : "";
}
