/** TCP flags that reassembly looks at. */
export const TCP_FLAG = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10 } as const;

/** A TCP segment. */
export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  /** See {@link TCP_FLAG}. */
  readonly flags: number;
  readonly data: Uint8Array;
}

/** Takes a TCP segment apart; undefined when its header is cut off or impossible. */
export function readTcpSegment(bytes: Uint8Array): TcpSegment | undefined {
  if (bytes.length < 20) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = (bytes[12]! >> 4) * 4;
  if (headerLength < 20 || headerLength > bytes.length) return undefined;
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    flags: bytes[13]!,
    data: bytes.subarray(headerLength),
  };
}
