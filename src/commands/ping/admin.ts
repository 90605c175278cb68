/**
 * `ping` of an admin interface.
 * @module
 */
import * as z from "zod";
import { AdminClientError } from "../../ops/admin/client.ts";
import { escapeControls } from "../../ops/log/mod.ts";
import { adminClient, type ClientFlags } from "../admin/flags.ts";
import { identityShape, readinessShape } from "../admin/shapes.ts";
import { EXIT } from "../cli/command.ts";
import type { Interruption } from "../cli/signals.ts";
import { palette, print, printSentence } from "../cli/terminal.ts";
import { milliseconds } from "../../host/numbers.ts";
import { roundTrips, summaryText, tripsJson } from "./report.ts";

interface Flags extends ClientFlags {
  readonly count: number;
  readonly interval: number;
  readonly timeout: number;
  readonly json: boolean;
}

type Readiness = z.infer<typeof readinessShape>;

/** Asks for the status once, then `/readyz` again and again. Returns the exit code. */
export async function pingAdmin(url: string, flags: Flags, interruption: Interruption): Promise<number> {
  const client = await adminClient(url, flags, "ping", flags.timeout);
  const { green, red } = palette("stdout");
  const times: number[] = [];
  let sent = 0;
  let readiness: (Readiness & { readonly ready: boolean }) | undefined;
  let who: z.infer<typeof identityShape> | undefined;
  let failure: string | undefined;
  try {
    who = await client.get("/api/v1/status", identityShape, interruption.signal);
    const name = who.origin_host === undefined ? "" : ` ${escapeControls(who.origin_host)}`;
    if (!flags.json) print(`${client.url} is diam-gw ${escapeControls(who.version)}${name}`);
    while (!interruption.signal.aborted && (flags.count === 0 || sent < flags.count)) {
      if (sent > 0) await interruption.wait(flags.interval);
      if (interruption.signal.aborted) break;
      const begun = performance.now();
      sent++;
      const question = { method: "GET", path: "/readyz", signal: interruption.signal } as const;
      const { status, body } = await client.ask(question, readinessShape);
      const time = performance.now() - begun;
      times.push(time);
      readiness = { ...body, ready: status === 200 };
      const reason = body.reason === undefined ? "" : `: ${escapeControls(body.reason)}`;
      const said = `${status === 200 ? body.state : `not ready, ${body.state}`}${reason}`;
      if (!flags.json) print(`readyz ${sent}: ${milliseconds(time)}, ${(status === 200 ? green : red)(said)}`);
    }
  } catch (error) {
    if (!(error instanceof AdminClientError)) throw error;
    if (!interruption.signal.aborted) failure = error.message;
  }
  const trips = roundTrips(times);
  if (flags.json) {
    print(JSON.stringify(
      {
        url: client.url,
        version: who?.version ?? null,
        origin_host: who?.origin_host ?? null,
        ready: readiness?.ready ?? null,
        state: readiness?.state ?? null,
        reason: readiness?.reason ?? null,
        sent,
        answered: times.length,
        round_trip_ms: tripsJson(trips),
        error: failure ?? null,
      },
      undefined,
      2,
    ));
  } else if (sent > 0) print(summaryText("question", sent, times.length, trips));
  if (failure !== undefined) printSentence(failure);
  return failure === undefined && readiness?.ready === true ? EXIT.done : EXIT.failed;
}
