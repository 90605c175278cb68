/**
 * Which headers go to the core, and which come back. PURE.
 * @module
 */
import type { CoreCall, Headers } from "./forwarder.ts";

/** What the gateway alone may say; whatever a device sends under these names is dropped. */
const OURS = /^x-(profile-id|device-id|gateway-id|forwarded(-.*)?|real-ip|envoy-.*|original-.*|grpc-web|user-agent)$/;
/** Others than `x-` that pass. */
const TRACE = ["traceparent", "tracestate"] as const;

/** The headers of a call, beside those of the protocol. */
export function coreHeaders(call: CoreCall, gatewayId: string): Record<string, string> {
  const { caller, headers, remote } = call;
  const sent: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    if (name.startsWith("x-") && !OURS.test(name)) sent[name] = headers[name]!;
  }
  for (const name of TRACE) {
    const value = headers[name];
    if (value !== undefined) sent[name] = value;
  }
  if (caller.token !== "") sent["authorization"] = `Bearer ${caller.token}`;
  sent["x-profile-id"] = caller.profileId;
  if (caller.deviceId !== undefined) sent["x-device-id"] = caller.deviceId;
  sent["x-gateway-id"] = gatewayId;
  if (remote !== "") sent["x-forwarded-for"] = remote;
  return sent;
}

/** The content type of a call in Connect: the device's own where it is one, parameters too (F2). */
export function contentTypeOf({ encoding, headers }: CoreCall): string {
  const plain = `application/${encoding}`;
  const said = headers["content-type"] ?? "";
  return said.split(";", 1)[0]!.trim().toLowerCase() === plain ? said : plain;
}

/** Of one connection, of one protocol, or ours to say (RFC 9110 section 7.6.1). */
const NOT_BACK =
  /^(:.*|connection|keep-alive|proxy-.*|te|trailer|trailers|transfer-encoding|upgrade|content-.*|date|server|grpc-.*|accept-.*|connect-.*|access-control-.*|set-cookie|x-gateway-id)$/;

/** Whether a header of the core's answer goes to the device. */
export function goesBack(name: string): boolean {
  return !NOT_BACK.test(name);
}

/** The headers that go to the device. */
export function answerHeaders(names: Iterable<readonly [name: string, value: string]>): Headers {
  const sent: Record<string, string> = {};
  for (const [name, value] of names) {
    if (!goesBack(name)) continue;
    sent[name] = Object.hasOwn(sent, name) ? `${sent[name]}, ${value}` : value;
  }
  return sent;
}
