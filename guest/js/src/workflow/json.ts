/** Values as JSON, and what to say of those that are none. */

import { Failure } from "../failure.ts";
import { encode } from "../json.ts";

/** A value that a body asks something with, or returns. */
export function input(value: unknown): string {
  try {
    return encode(value);
  } catch (cause) {
    throw new Failure("invalid-json", String((cause as Error).message), { retry: false, cause });
  }
}

/** What came of something. */
export function output<T>(json: string, code: string = "invalid-result"): T {
  try {
    return JSON.parse(json) as T;
  } catch (cause) {
    throw new Failure(code, String((cause as Error).message), { retry: false, cause });
  }
}
