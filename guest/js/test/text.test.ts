/** UTF-8, SHA-256 and canonical JSON, beside what Node.js has. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";

import { canonical } from "../src/canonical.ts";
import { stackOf } from "../src/log.ts";
import { hex, sha256 } from "../src/sha256.ts";
import { byteLength, cut, decode, encode } from "../src/text.ts";

const TEXTS = [
  "",
  "a",
  "ä",
  "€",
  "😀",
  "a\0ä€😀\u07ff\u0800\uffff",
  "\ud800",
  "x\udc00y",
  "\ufeffa",
];

test("text is encoded as TextEncoder does", () => {
  for (const text of TEXTS) {
    assert.deepEqual(encode(text), new TextEncoder().encode(text));
    assert.equal(byteLength(text), Buffer.byteLength(text));
  }
});

test("bytes are decoded as TextDecoder does", () => {
  const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  const leads = [0x41, 0x80, 0xbf, 0xc1, 0xc2, 0xe0, 0xe1, 0xed, 0xf0, 0xf4, 0xf5, 0xff];
  const samples = TEXTS.map(encode);
  for (const one of leads) {
    for (const two of leads) {
      for (const three of leads) samples.push(Uint8Array.of(one, two, three, 0x8f, 0x41, one));
    }
  }
  for (let n = 0; n < 500; n++) samples.push(Uint8Array.from(randomBytes(n % 40)));
  samples.push(encode("ä€😀".repeat(5000)));
  for (const bytes of samples) {
    assert.equal(decode(bytes), lenient.decode(bytes));
    let valid = true;
    try {
      strict.decode(bytes);
    } catch {
      valid = false;
    }
    if (valid) assert.equal(decode(bytes, { fatal: true }), strict.decode(bytes));
    else assert.throws(() => decode(bytes, { fatal: true }), TypeError);
  }
});

test("text is cut between characters", () => {
  assert.equal(cut("ä€😀", 9), "ä€😀");
  assert.equal(cut("ä€😀", 8), "ä€");
  assert.equal(cut("ä€😀", 4), "ä");
  assert.equal(cut("ä", 1), "");
});

test("a digest is that of Node.js", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 70_000]) {
    const data = randomBytes(length);
    assert.equal(hex(sha256(data)), createHash("sha256").update(data).digest("hex"));
  }
});

/** The example of RFC 8785, §3.2.2 to §3.2.4: https://www.rfc-editor.org/rfc/rfc8785#section-3.2.2 */
test("JSON is canonical as in the RFC", () => {
  const value = JSON.parse(
    `{"numbers": [333333333.33333329, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
      "literals": [null, true, false]}`,
  );
  const expected = `{"literals":[null,true,false],"numbers":[333333333.3333333,4.5,0.002,1e-27],"string":"€$\\u000f\\nA'B\\"\\\\\\\\\\"/"}`;
  assert.equal(canonical(value), expected);
  assert.equal(
    canonical({ "\u{10000}": 1, "\uffff": 2, a: undefined }),
    '{"\u{10000}":1,"\uffff":2}',
  );
  assert.equal(canonical(new Date(0)), '"1970-01-01T00:00:00.000Z"');
});

test("a stack names its causes", () => {
  const text = stackOf(new Error("outer", { cause: new TypeError("inner") }));
  assert.match(text, /^Error: outer\n +at .*\ncaused by: TypeError: inner\n/s);
  assert.equal(stackOf("a text"), "a text");
});
