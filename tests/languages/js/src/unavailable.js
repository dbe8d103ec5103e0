/** A store that does not answer. */
import { Bucket } from "@satama/guest/cache";
import { Store as Channels } from "@satama/guest/channel";
import * as credential from "@satama/guest/credential";
import { Bus } from "@satama/guest/hub";
import * as run from "@satama/guest/run";
import * as secret from "@satama/guest/secret";
import { Store as Sessions, sliding } from "@satama/guest/session";
import { bytes } from "./bytes.js";
import { MINUTE } from "./cache.js";
import { MISSING } from "./run.js";
import { worked } from "./show.js";

export function all(t) {
  const say = (what, call) => t.say(what, worked(call));
  const b = Bucket.open("granted");
  say("cache get", () => b.get("a"));
  say("cache set", () => b.set("a", bytes("1"), MINUTE));
  say("cache fill", () => b.fill("a", { waitMs: 0, claimMs: 1000 }));
  const s = Sessions.open("granted", sliding(1000));
  say("session get", () => s.get("a"));
  say("session replace", () => s.replace("a", {}));
  const c = Channels.open("granted", 1000);
  say("channel get", () => c.get("a"));
  say("channel send", () => c.send("a", ""));
  const h = Bus.open("granted");
  say("hub publish", () => h.say("t", ""));
  say("hub topics", () => h.topics("a"));
  say("secret get", () => secret.get("granted/a"));
  say("secret names", () => secret.names(undefined, 10));
  say("secret put", () => secret.put("granted/a", bytes("")));
  say("credential get", () => credential.get("granted/a", "ann"));
  const r = run.Runs.open("story");
  say("run names", () => run.names());
  say("run start", () => r.begin(null));
  say("run get", () => r.get(MISSING));
}
