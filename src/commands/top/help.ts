/**
 * What the screen of keys says.
 * @module
 */

/** Every key, and what it does. */
export const HELP: readonly (readonly [key: string, does: string])[] = [
  ["q, Ctrl-C", "quit"],
  ["j, k, arrows", "select a DRA; g, G: the first, the last"],
  ["s", "sort by priority, traffic, in flight, name"],
  ["d", "disable it: DPR, no requests; asks first"],
  ["e", "enable it again; asks first"],
  ["r", "reconnect it now; asks first"],
  ["w", "give it a weight until the next reload"],
  ["Ctrl-L", "draw the screen anew"],
  ["", ""],
  ["USE", "yes: gets requests; no: cannot; off: disabled"],
  ["TO/S, FROM/S", "messages to the peer, from it, each second"],
  ["rejected", "requests answered with an error of our own"],
  ["expired", "requests that nobody answered in time"],
  ["abandoned", "requests whose sender left before the answer"],
];
