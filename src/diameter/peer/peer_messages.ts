/**
 * DWR, DWA, DPR and DPA (RFC 6733 sections 5.4 and 5.5).
 * @module
 */
import { APPLICATION } from "../wire/application_ids.ts";
import { findAvp, unsigned32Of } from "../wire/avp.ts";
import { AVP, DISCONNECT_CAUSE } from "../wire/avp_codes.ts";
import { COMMAND } from "../wire/command_codes.ts";
import { FLAG, HEADER_LENGTH } from "../wire/header.ts";
import { MessageBuilder } from "../wire/message_builder.ts";
import { RESULT } from "../wire/result_codes.ts";
import type { LocalIdentity } from "./capabilities.ts";

interface Ids {
  readonly hopByHop: number;
  readonly endToEnd: number;
}

type CommandCode = typeof COMMAND.deviceWatchdog | typeof COMMAND.disconnectPeer;

function request(command: CommandCode, local: LocalIdentity, ids: Ids): MessageBuilder {
  return new MessageBuilder({ flags: FLAG.request, command, application: APPLICATION.common, ...ids })
    .text(AVP.originHost, local.originHost)
    .text(AVP.originRealm, local.originRealm);
}

/** A DWR (section 5.5.1). */
export function watchdogRequest(local: LocalIdentity, ids: Ids): Uint8Array<ArrayBuffer> {
  return request(COMMAND.deviceWatchdog, local, ids).unsigned32(AVP.originStateId, local.originStateId).finish();
}

/**
 * A DPR with its cause, see `DISCONNECT_CAUSE` (section 5.4.1); Origin-State-Id as in every message
 * (section 8.16).
 */
export function disconnectRequest(local: LocalIdentity, ids: Ids, cause: number): Uint8Array<ArrayBuffer> {
  return request(COMMAND.disconnectPeer, local, ids).unsigned32(AVP.disconnectCause, cause)
    .unsigned32(AVP.originStateId, local.originStateId).finish();
}

/** The DWA or DPA to a request with these ids and flags (sections 5.4.2 and 5.5.2). */
export function peerAnswer(
  command: CommandCode,
  local: LocalIdentity,
  to: Ids & { readonly flags: number },
): Uint8Array<ArrayBuffer> {
  const builder = new MessageBuilder({
    flags: to.flags & FLAG.proxiable,
    command,
    application: APPLICATION.common,
    hopByHop: to.hopByHop,
    endToEnd: to.endToEnd,
  });
  return builder.unsigned32(AVP.resultCode, RESULT.success)
    .text(AVP.originHost, local.originHost)
    .text(AVP.originRealm, local.originRealm)
    .unsigned32(AVP.originStateId, local.originStateId)
    .finish();
}

/**
 * Disconnect-Cause of the DPR from `start` to `end`; REBOOTING when it carries none (the mildest).
 */
export function disconnectCauseOf(bytes: Uint8Array, start: number, end: number): number {
  const avp = findAvp(bytes, AVP.disconnectCause, start + HEADER_LENGTH, end);
  return (avp === undefined ? undefined : unsigned32Of(bytes, avp)) ?? DISCONNECT_CAUSE.rebooting;
}
