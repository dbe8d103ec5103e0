/** A secret that no key of this host opens. */

import * as credential from "@satama/guest/credential";
import * as secret from "@satama/guest/secret";

import { metadataShown } from "./secret.ts";
import { type Lines, worked } from "./show.ts";

export function all(t: Lines): void {
  const known = "granted/open/known";
  t.say(
    "get",
    worked(() => secret.get(known)),
  );
  t.say(
    "get many",
    worked(() => secret.getMany([known])),
  );
  t.say("exists", () => secret.exists(known));
  t.say("describe", () => metadataShown(secret.describe(known)));
  t.say(
    "get a credential",
    worked(() => credential.get(known, "ann")),
  );
}
