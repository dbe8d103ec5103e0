/** Every function of secrets, and their errors. */

import * as secret from "@satama/guest/secret";
import { reveal } from "@satama/guest/secret-reveal";

import { bytes, filled } from "./bytes.ts";
import { type Lines, Plain, show, worked } from "./show.ts";

export function metadataShown(metadata: secret.Metadata): Plain {
  const { version, versions, createdMs, updatedMs } = metadata;
  const known = createdMs > 0 && updatedMs >= createdMs;
  const newest = versions.at(-1) === version && isSorted(versions);
  return new Plain(`${versions.length} versions ${newest} ${known}`);
}

export function pageShown({ names, next }: secret.Page): Plain {
  return new Plain(`${show(names)} ${next === undefined ? "end" : "more"}`);
}

function isSorted(values: number[]): boolean {
  return values.every((value, n) => n === 0 || value >= (values[n - 1] ?? 0));
}

/** The value of a secret. */
export function value(get: () => secret.Secret): () => Uint8Array {
  return () => {
    using handle = get();
    return reveal(handle);
  };
}

export function all(t: Lines): void {
  values(t);
  versions(t);
  lists(t);
  refusals(t);
}

function values(t: Lines): void {
  t.say(
    "get missing",
    worked(() => secret.get("granted/a")),
  );
  t.say("exists", () => secret.exists("granted/a"));
  let put = 0;
  t.say("put", () => {
    put = secret.put("granted/open/a", bytes("salasana-ä€😀"));
    return put > 0;
  });
  const handle = secret.get("granted/open/a");
  t.say("version", () => handle.version === put);
  t.say(
    "reveal",
    value(() => handle),
  );
  t.say("exists", () => secret.exists("granted/open/a"));
  t.say("describe", () => metadataShown(secret.describe("granted/open/a")));
  t.say(
    "put empty",
    worked(() => secret.put("granted/open/empty", bytes(""))),
  );
  t.say(
    "reveal it",
    value(() => secret.get("granted/open/empty")),
  );
  t.say(
    "put another",
    worked(() => secret.put("granted/b", bytes("b"))),
  );
  t.say(
    "reveal it",
    value(() => secret.get("granted/b")),
  );
  const names = ["granted/open/a", "granted/none", "granted/b", "other"];
  t.say("get many", () => secret.getMany(names).map((found) => found !== undefined));
}

function versions(t: Lines): void {
  const put = (value: string) => secret.put("granted/open/v", bytes(value));
  const versions = [put("1"), put("22"), put("333"), put("4444")] as const;
  t.say("versions grow", () => isSorted([...versions]) && versions[0] > 0);
  t.say("describe", () => metadataShown(secret.describe("granted/open/v")));
  const get = (version?: number) => value(() => secret.get("granted/open/v", version));
  t.say("newest", get());
  t.say("an older one", get(versions[1]));
  t.say("one that is forgotten", get(versions[0]));
  for (const version of [0, 2 ** 53 + 2, 2 ** 63]) t.say("one that never was", get(version));
}

function lists(t: Lines): void {
  t.say("names", () => pageShown(secret.names(undefined, 1000)));
  t.say("names after", () => pageShown(secret.names("granted/open/a", 1000)));
  t.say("a page of none", () => pageShown(secret.names(undefined, 0)));
  t.say("all names", () => [...secret.eachName()]);
  t.say(
    "larger page",
    worked(() => secret.names(undefined, 1001)),
  );
  for (const name of ["granted/b", "granted/open/empty", "granted/open/v"]) {
    t.say("delete", () => secret.delete(name));
  }
  t.say("delete again", () => secret.delete("granted/b"));
  t.say("describe", () => metadataShown(secret.describe("granted/b")));
}

function refusals(t: Lines): void {
  t.say(
    "get what may not be read",
    worked(() => secret.get("write-only")),
  );
  t.say("put what may not be written", () => secret.put("read-only", bytes("x")));
  t.say("delete what may not be written", () => secret.delete("read-only"));
  t.say(
    "read what may be read",
    worked(() => secret.get("read-only")),
  );
  t.say(
    "reveal what may not be revealed",
    value(() => secret.get("read-only")),
  );
  t.say("a bad name", () => secret.put("granted/ä", bytes("x")));
  t.say("the empty name", () => secret.put("", bytes("x")));
  t.say(
    "get of a bad name",
    worked(() => secret.get("granted/ä")),
  );
  t.say(
    "largest value",
    worked(() => secret.put("granted/l", filled(65_536, 9))),
  );
  t.say("larger value", () => secret.put("granted/l", filled(65_537, 9)));
  const many = (count: number) => () =>
    secret.getMany(Array.from({ length: count }, () => "granted/l")).length;
  t.say("most at a time", many(64));
  t.say("more at a time", many(65));
  t.say("delete", () => secret.delete("granted/l"));
}
