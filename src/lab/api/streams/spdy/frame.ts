/** Frames of SPDY/3.1 as far as a server that pushes nothing needs them, and how they are written. */
export type SpdyFrame =
  | {
      readonly type: 'syn-stream';
      readonly streamId: number;
      readonly fin: boolean;
      /** The other side does not want to hear anything on it. */
      readonly unidirectional: boolean;
      readonly headers: ReadonlyMap<string, string>;
    }
  /** Of a stream of ours, which there are none of, or more headers, which say nothing here. */
  | { readonly type: 'headers'; readonly streamId: number; readonly fin: boolean }
  | { readonly type: 'rst-stream'; readonly streamId: number; readonly status: number }
  | { readonly type: 'settings'; readonly initialWindow: number | undefined }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'go-away'; readonly lastStreamId: number }
  /** Stream 0 is the connection. */
  | { readonly type: 'window-update'; readonly streamId: number; readonly delta: number }
  /** A piece of a data frame; `fin` only on the last one. */
  | { readonly type: 'data'; readonly streamId: number; readonly bytes: Buffer; readonly fin: boolean };

export const FRAME_TYPE = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const RST_STATUS = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5 } as const;
export const GO_AWAY_STATUS = { ok: 0, protocolError: 1 } as const;
/** Until somebody says otherwise, of streams and of the connection. */
export const INITIAL_WINDOW_BYTES = 64 * 1024;
export const MAX_WINDOW_BYTES = 0x7fff_ffff;
export const SETTING_INITIAL_WINDOW = 7;
export const FLAG_FIN = 1;
export const FLAG_UNIDIRECTIONAL = 2;

const CONTROL_VERSION_3 = 0x8003;

function control(type: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(8 + payload.length);
  frame.writeUInt16BE(CONTROL_VERSION_3, 0);
  frame.writeUInt16BE(type, 2);
  // Flags are never set.
  frame.writeUInt32BE(payload.length, 4);
  payload.copy(frame, 8);
  return frame;
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}

export function synReplyFrame(streamId: number, headerBlock: Buffer): Buffer {
  return control(FRAME_TYPE.synReply, Buffer.concat([words(streamId), headerBlock]));
}

export function rstStreamFrame(streamId: number, status: number): Buffer {
  return control(FRAME_TYPE.rstStream, words(streamId, status));
}

export function pingFrame(id: number): Buffer {
  return control(FRAME_TYPE.ping, words(id));
}

export function goAwayFrame(lastStreamId: number, status: number): Buffer {
  return control(FRAME_TYPE.goAway, words(lastStreamId, status));
}

export function windowUpdateFrame(streamId: number, delta: number): Buffer {
  return control(FRAME_TYPE.windowUpdate, words(streamId, delta));
}

/** @param bytes less than 16 MiB */
export function dataFrame(streamId: number, bytes: Buffer, fin: boolean): Buffer {
  const frame = Buffer.allocUnsafe(8 + bytes.length);
  frame.writeUInt32BE(streamId, 0);
  frame.writeUInt32BE((((fin ? FLAG_FIN : 0) << 24) | bytes.length) >>> 0, 4);
  bytes.copy(frame, 8);
  return frame;
}
