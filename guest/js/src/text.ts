/** UTF-8: what `TextEncoder` and `TextDecoder` do, also on the engine that has neither. */

/** What stands for bytes that are no text. */
const REPLACEMENT = 0xfffd;

/** A text as UTF-8. Half of a surrogate pair becomes U+FFFD. */
export function encode(text: string): Uint8Array {
  const bytes = new Uint8Array(byteLength(text));
  let at = 0;
  for (const char of text) {
    const code = scalar(char);
    if (code < 0x80) {
      bytes[at++] = code;
    } else if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
      bytes[at++] = 0x80 | (code & 0x3f);
    } else if (code < 0x10000) {
      bytes[at++] = 0xe0 | (code >> 12);
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at++] = 0x80 | (code & 0x3f);
    } else {
      bytes[at++] = 0xf0 | (code >> 18);
      bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at++] = 0x80 | (code & 0x3f);
    }
  }
  return bytes;
}

/** How many bytes a text has as UTF-8. */
export function byteLength(text: string): number {
  let length = 0;
  for (const char of text) length += width(scalar(char));
  return length;
}

/** As much of a text as has at most this many bytes, cut between characters. */
export function cut(text: string, bytesMax: number): string {
  let length = 0;
  let end = 0;
  for (const char of text) {
    length += width(scalar(char));
    if (length > bytesMax) return text.slice(0, end);
    end += char.length;
  }
  return text;
}

function scalar(char: string): number {
  const code = char.codePointAt(0) ?? REPLACEMENT;
  return code >= 0xd800 && code < 0xe000 ? REPLACEMENT : code;
}

function width(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/**
 * Bytes as text. What is not UTF-8 becomes U+FFFD, as `TextDecoder` has it; or is a TypeError, if it
 * is to be `fatal`. A byte order mark is kept.
 */
export function decode(bytes: Uint8Array, options: { fatal?: boolean } = {}): string {
  const parts: string[] = [];
  let codes: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const [code, length] = next(bytes, at);
    if (code < 0 && options.fatal) throw new TypeError("the bytes are not UTF-8");
    codes.push(code < 0 ? REPLACEMENT : code);
    at += length;
    if (codes.length === 4096) {
      parts.push(String.fromCodePoint(...codes));
      codes = [];
    }
  }
  parts.push(String.fromCodePoint(...codes));
  return parts.join("");
}

/**
 * The character at a place and its length; below zero if it is none, and how much is passed over then
 * (https://encoding.spec.whatwg.org/#utf-8-decoder).
 */
function next(bytes: Uint8Array, at: number): [code: number, length: number] {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return [first, 1];
  if (first < 0xc2 || first > 0xf4) return [-1, 1];
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  let code = first & (0xff >> (length + 1));
  for (let n = 1; n < length; n++) {
    const byte = bytes[at + n] ?? 0;
    const low = n > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = n > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (byte < low || byte > high) return [-1, n];
    code = (code << 6) | (byte & 0x3f);
  }
  return [code, length];
}
