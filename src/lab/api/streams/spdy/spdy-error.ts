/** The other side broke the protocol: the connection ends, and nothing else does. */
export class SpdyError extends Error {
  override readonly name = 'SpdyError';
}
