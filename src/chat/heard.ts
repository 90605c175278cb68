/**
 * What a gateway does with what all gateways are told.
 * @module
 */
import { encoded } from "./proto/mod.ts";
import type { Question, Word } from "./control_words.ts";
import type { Hub } from "./hub.ts";

/** Does what a word says. */
export function hear(hub: Hub, word: Word): void {
  switch (word.kind) {
    case "removed":
      for (const profileId of word.profiles) {
        hub.membership.forget(word.room, profileId);
        for (const session of [...hub.sessions.of(profileId)]) session.rooms.revoke(word.room, "removed");
      }
      return;
    case "deleted":
      hub.membership.forget(word.room);
      // Those who are about to come in as well.
      for (const session of hub.sessions) session.rooms.revoke(word.room, "deleted");
      return;
    case "added":
      for (const profileId of word.profiles) {
        for (const session of [...hub.sessions.of(profileId)]) {
          if (!session.wantsAllRooms || session.rooms.isLive(word.room)) continue;
          session.rooms.enter({ roomId: word.room, from: undefined, replyTo: "" });
        }
      }
      return;
    case "signal":
      return answer(hub, word, signal(hub, word));
    case "disconnect":
      return answer(hub, word, disconnect(hub, word));
    case "answer":
      if (word.to === hub.gatewayId) hub.questions.answered(word.nonce, word.count);
      return;
  }
}

function signal(hub: Hub, { to, toDevice, rooms, from, fromDevice, what, data }: Extract<Word, { kind: "signal" }>) {
  const event = encoded({
    payload: {
      case: "signal",
      value: { profileId: from, deviceId: fromDevice, kind: what, ...(data === undefined ? {} : { data }) },
    },
  });
  let count = 0;
  for (const session of hub.sessions.of(to, toDevice === "" ? undefined : toDevice)) {
    if (to === from && session.deviceId === fromDevice) continue;
    if (!rooms.some((room) => session.rooms.isLive(room))) continue;
    session.deliver(event);
    count++;
  }
  hub.meters.went("signal", count);
  return count;
}

function disconnect(hub: Hub, { profile, device }: Extract<Word, { kind: "disconnect" }>): number {
  const sessions = [...hub.sessions.of(profile, device === "" ? undefined : device)];
  for (const session of sessions) session.close(4010);
  return sessions.length;
}

function answer(hub: Hub, { asker, nonce }: Question, count: number): void {
  if (asker === hub.gatewayId) hub.questions.answered(nonce, count);
  else void hub.say({ kind: "answer", to: asker, nonce, count }, false);
}
