/** Too many handles, and too many calls; and a function that calls until it may not. */

import { Bucket } from "@satama/guest/cache";
import { Store as Channels } from "@satama/guest/channel";
import * as credential from "@satama/guest/credential";
import { Bus } from "@satama/guest/hub";
import * as run from "@satama/guest/run";
import * as secret from "@satama/guest/secret";
import { reveal } from "@satama/guest/secret-reveal";
import { hmacSha256 } from "@satama/guest/secret-use";
import { Store as Sessions, fixed } from "@satama/guest/session";
import { call, setState } from "@satama/guest/workflow";

import { claim } from "./cache.ts";
import { type Lines, codeOf, worked } from "./show.ts";

/** More than any limit here. */
const MANY = 100_000;

/** Opens handles until that is refused; closes them all, and opens one more. */
function exhaust(t: Lines, what: string, open: (n: number) => Disposable): void {
  const held: Disposable[] = [];
  t.say(what, () =>
    codeOf(() => {
      for (let n = 0; n < MANY; n++) held.push(open(n));
    }),
  );
  for (const handle of held) handle[Symbol.dispose]();
  t.say(
    "once they are closed",
    worked(() => open(MANY)[Symbol.dispose]()),
  );
}

export function handles(t: Lines): void {
  exhaust(t, "buckets", () => Bucket.open("granted"));
  const b = Bucket.open("granted");
  exhaust(t, "claims", (n) => claim(b.fill(`claim-${n}`, { waitMs: 0, claimMs: 60_000 })));
  b.close();
  exhaust(t, "sessions", () => Sessions.open("granted", fixed(1000)));
  exhaust(t, "channels", () => Channels.open("granted", 1000));
  exhaust(t, "buses", () => Bus.open("granted"));
  exhaust(t, "runs", () => run.Runs.open("story"));
  exhaust(t, "secrets", () => secret.get("granted/open/known"));
  exhaust(t, "credentials", () => credential.get("granted/open/known", "ann"));
}

/**
 * Calls until that is refused. It was allowed before, or is not for want of calls made elsewhere: both are
 * told the same.
 */
function flood(t: Lines, what: string, call: () => unknown): void {
  t.say(what, () =>
    codeOf(() => {
      for (let n = 0; n < MANY; n++) call();
    }),
  );
}

export function calls(t: Lines): void {
  const b = Bucket.open("granted");
  const s = Sessions.open("granted", fixed(1000));
  const c = Channels.open("granted", 1000);
  const h = Bus.open("granted");
  const r = run.Runs.open("story");
  const known = secret.get("granted/open/known");
  flood(t, "cache", () => b.exists("a"));
  flood(t, "counts", () => b.counts());
  flood(t, "session", () => s.get("a"));
  flood(t, "channel", () => c.touch([]));
  flood(t, "hub", () => h.history("a", undefined, 0));
  flood(t, "run", () => r.get("a"));
  flood(t, "names", () => run.names());
  flood(t, "secret", () => secret.exists("granted/a"));
  flood(t, "secret-use", () => hmacSha256(known, new Uint8Array()));
  flood(t, "secret-reveal", () => reveal(known));
  flood(t, "credential", () => credential.exists("granted/a", "ann"));
}

/** Has a function call until that is refused. */
export function insists(): unknown {
  return call("insist", null);
}

/** Sets a part of its run's state until that is refused, and says how. */
export function insist(): string | null {
  try {
    for (let n = 0; n < MANY; n++) setState("insisted", n);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return null;
}
