// @ts-check
/// <reference lib="dom" />
/**
 * The connection to the gateway: a WebSocket, and another one when it is lost.
 * @module
 */
import { closeWords, Refused } from "./words.js";

/** @import { Line, LineState, Told } from "./types.d.ts" */

/**
 * ms until the first attempt after a loss, the longest wait, and that where the gateway wants rest.
 */
const [SOON, LATEST, LATER] = [500, 8_000, 5_000];

/**
 * @param {{
 *   url: string,
 *   hello: () => Promise<object>,
 *   told: (told: Told) => void,
 *   changed: (state: LineState) => void,
 * }} options hello: the first message, asked for anew each time; told: what answers no `ask`
 * @returns {Line}
 */
export function openLine({ url, hello, told, changed }) {
  /** @type {WebSocket | undefined} */
  let socket;
  let isOpen = false;
  /** @type {Map<string, { resolve: (told: Told) => void, reject: (error: Refused) => void }>} */
  const asked = new Map();
  let number = 0;
  /** Attempts since the last one that went well. */
  let attempts = 0;
  /** Which attempt is under way: what belongs to another one is not listened to. */
  let turn = 0;
  /** When the gateway advised to come back, in ms. */
  let advice = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let beat;

  function forget() {
    turn++;
    clearTimeout(timer);
    clearInterval(beat);
    const old = socket;
    socket = undefined;
    isOpen = false;
    const failed = [...asked.values()];
    asked.clear();
    for (const { reject } of failed) reject(new Refused("lost", "the connection was lost"));
    if (old === undefined) return;
    // Deaf from now on, as if it were gone.
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  }

  /** @param {string} why @param {number} pause ms; Infinity: until it is told to */
  function lost(why, pause) {
    forget();
    if (pause === Infinity) return changed({ kind: "ended", why, again: 0 });
    timer = setTimeout(connect, pause);
    changed({ kind: "waiting", why, again: Date.now() + pause });
  }

  function backOff() {
    return Math.min(LATEST, SOON * 2 ** attempts++) * (0.75 + Math.random() / 2);
  }

  async function connect() {
    forget();
    const mine = turn;
    changed({ kind: "connecting", why: "", again: 0 });
    /** @type {object} */
    let greeting;
    try {
      greeting = await hello();
    } catch (error) {
      if (mine === turn) lost(error instanceof Error ? error.message : String(error), backOff());
      return;
    }
    if (mine !== turn) return;
    const own = socket = new WebSocket(url, ["chat.v1.json"]);
    own.onopen = () => own.send(JSON.stringify({ hello: greeting }));
    own.onmessage = ({ data }) => take(JSON.parse(data));
    own.onclose = ({ code, reason }) => {
      const { why, again } = closeWords(code, reason);
      const pause = again === "never" ? Infinity : again === "later" ? LATER : advice > 0 ? advice : backOff();
      advice = 0;
      lost(why, pause);
    };
  }

  /** @param {Told} event */
  function take(event) {
    const { replyTo = "", welcome, reconnect, error } = event;
    const waiting = asked.get(replyTo);
    if (waiting !== undefined) {
      asked.delete(replyTo);
      if (error === undefined) waiting.resolve(event);
      else waiting.reject(new Refused(error.code, error.message ?? ""));
      return;
    }
    if (reconnect !== undefined) advice = reconnect.delayMs ?? 0;
    if (welcome !== undefined) {
      isOpen = true;
      attempts = 0;
      beat = setInterval(listen, welcome.heartbeatIntervalMs ?? 30_000);
      changed({ kind: "open", why: "", again: 0 });
    }
    told(event);
  }

  /** A page does not see the gateway's pings: whether it is still there has to be asked. */
  let isAsking = false;
  function listen() {
    if (isAsking) return lost("the gateway does not answer any more", 0);
    isAsking = true;
    const done = () => isAsking = false;
    ask({ ping: {} }).then(done, done);
  }

  /** @param {object} payload @returns {Promise<Told>} */
  function ask(payload) {
    const { promise, resolve, reject } = Promise.withResolvers();
    if (socket === undefined || !isOpen) reject(new Refused("lost", "there is no connection"));
    else {
      const id = String(++number);
      asked.set(id, { resolve, reject });
      socket.send(JSON.stringify({ id, ...payload }));
    }
    return promise;
  }

  return {
    ask,
    say(payload) {
      if (isOpen) socket?.send(JSON.stringify(payload));
    },
    cut: (pause) => lost("you have cut it", pause),
    connect: () => void connect(),
  };
}
