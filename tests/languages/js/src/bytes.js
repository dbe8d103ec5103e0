/** Bytes of a text, and of a length. */
import { encode } from "@satama/guest/text";

export const bytes = encode;

/** So many bytes, all the same. */
export function filled(length, byte) {
  return new Uint8Array(length).fill(byte);
}
