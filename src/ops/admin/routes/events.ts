/**
 * `/api/v1/events`: what happens, as server-sent events.
 * @module
 */
import type { EventHub } from "../event_hub.ts";
import { GAP } from "../event_log.ts";
import { content, type Route, route } from "../route.ts";

const TYPE = "text/event-stream";

/** The route. @param kinds every kind of event, with a sentence on what it tells */
export function eventsRoute(hub: EventHub, kinds: Readonly<Record<string, string>>): Route {
  const all = { ...kinds, [GAP]: "Some of what was missed is gone: ask for the state anew." };
  const list = Object.entries(all).map(([kind, what]) => `- \`${kind}\`: ${what}`).join("\n");
  return route({
    method: "GET",
    path: "/api/v1/events",
    summary: "What happens, as server-sent events",
    description:
      "`event` is the kind, `data` is `{at, kind, ...}`. A reader who comes back with Last-Event-ID gets what " +
      `it missed. There is a comment at least every 15 s. A reader who does not read is let go.\n\n${list}`,
    answer: { description: "One event after the other.", type: TYPE },
    problems: [503],
    handle({ header, isHead, hangUp }) {
      if (isHead) return content(TYPE, "");
      // A proxy must not collect events before it passes them on.
      return content(TYPE, hub.open(header("last-event-id"), hangUp), { "x-accel-buffering": "no" });
    },
  });
}
