import { isAscii, isUtf8 } from 'node:buffer';

/** Bytes as text, or in words why they are not the text of a manifest. */
export type DecodedText =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'not-text'; readonly problem: string; readonly hint: string };

function startsWith(bytes: Uint8Array, ...prefix: readonly number[]): boolean {
  return prefix.every((byte, at) => bytes[at] === byte);
}

/** The number of the first line that is not valid UTF-8. A line feed is never part of a longer character. */
function firstInvalidLine(bytes: Buffer): number {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
    line += 1;
  }
  return line;
}

/**
 * Decodes what a manifest may be written in: UTF-8 with or without a byte order mark, and UTF-16 with one (editors
 * on Windows write it). Everything else is named for what it seems to be instead of becoming U+FFFD garbage.
 */
export function decodeText(bytes: Buffer): DecodedText {
  if (startsWith(bytes, 0xff, 0xfe, 0, 0) || startsWith(bytes, 0, 0, 0xfe, 0xff)) {
    return { type: 'not-text', problem: 'it is UTF-32 text', hint: 'save it as UTF-8' };
  }
  if (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff)) return decodeUtf16(bytes);
  if (startsWith(bytes, 0x1f, 0x8b)) {
    return {
      type: 'not-text',
      problem: 'it is gzip-compressed',
      hint: 'decompress it first: gunzip -c FILE | sallyport ... -f -',
    };
  }
  if (isAscii(bytes)) {
    // latin1 is a plain copy and equals UTF-8 here; a NUL is ASCII too.
    return bytes.includes(0) ? binary(bytes) : { type: 'text', text: bytes.toString('latin1') };
  }
  if (bytes.includes(0)) return binary(bytes);
  if (!isUtf8(bytes)) {
    return {
      type: 'not-text',
      problem: `line ${firstInvalidLine(bytes)} is not valid UTF-8`,
      hint: 'save it as UTF-8',
    };
  }
  const start = startsWith(bytes, 0xef, 0xbb, 0xbf) ? 3 : 0;
  return { type: 'text', text: bytes.toString('utf8', start) };
}

function decodeUtf16(bytes: Buffer): DecodedText {
  if (bytes.length % 2 !== 0) {
    return {
      type: 'not-text',
      problem: 'it begins as UTF-16 text but ends in the middle of a character',
      hint: 'save it as UTF-8',
    };
  }
  const bigEndian = bytes[0] === 0xfe;
  const body = bigEndian ? Buffer.from(bytes).swap16() : bytes;
  const text = body.toString('utf16le', 2);
  if (text.includes('\0')) return binary(bytes);
  return { type: 'text', text };
}

function binary(bytes: Buffer): DecodedText {
  // Text in UTF-16 without its mark has a NUL beside nearly every character, always on the same side.
  const sample = bytes.subarray(0, 512);
  const zeros = [0, 0];
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const likelyUtf16 = Math.min(even, odd) === 0 && Math.max(even, odd) * 5 >= sample.length * 2;
  return likelyUtf16
    ? { type: 'not-text', problem: 'it looks like UTF-16 text without a byte order mark', hint: 'save it as UTF-8' }
    : { type: 'not-text', problem: 'it is a binary file', hint: 'give YAML or JSON manifests' };
}
