/**
 * A message as the relay's stages see it.
 * @module
 */
import { Block } from "../../src/net/block.ts";
import { Incoming } from "../../src/diameter/relay/core/incoming.ts";
import type { RelayPeer } from "../../src/diameter/relay/core/relay_peer.ts";

/**
 * `bytes` as they came from `from`, behind `before` bytes of others, with octets in the way all
 * around.
 */
export function incoming(from: RelayPeer, bytes: Uint8Array, before = 0): Incoming {
  const block = new Block(before + bytes.length + 8);
  block.bytes.fill(0xee);
  block.bytes.set(bytes, before);
  const message = new Incoming();
  message.begin(from, block, { receivedAt: 0, tick: 0, refused: false });
  message.moveTo(before);
  return message;
}
