/** Every function of credentials, and their errors. */

import * as credential from "@satama/guest/credential";

import { bytes, filled } from "./bytes.ts";
import { metadataShown, pageShown, value } from "./secret.ts";
import { type Lines, worked } from "./show.ts";

const USER = "ann-ä€😀";
const MAIL = "granted/open/mail";

export function all(t: Lines): void {
  t.say(
    "get missing",
    worked(() => credential.get(MAIL, USER)),
  );
  t.say("exists", () => credential.exists(MAIL, USER));
  let put = 0;
  t.say("put", () => {
    put = credential.put(MAIL, USER, bytes("token"));
    return put > 0;
  });
  t.say(
    "reveal",
    value(() => credential.get(MAIL, USER)),
  );
  t.say(
    "reveal the version",
    value(() => credential.get(MAIL, USER, put)),
  );
  t.say(
    "of another user",
    worked(() => credential.get(MAIL, "")),
  );
  t.say("exists", () => credential.exists(MAIL, USER));
  t.say("describe", () => metadataShown(credential.describe(MAIL, USER)));
  t.say(
    "put for the empty user",
    worked(() => credential.put(MAIL, "", bytes(""))),
  );
  t.say(
    "put another",
    worked(() => credential.put("granted/b", USER, bytes("b"))),
  );
  t.say(
    "reveal it",
    value(() => credential.get("granted/b", USER)),
  );
  lists(t);
  refusals(t);
  t.say("delete", () => credential.delete(MAIL, USER));
  t.say("delete again", () => credential.delete(MAIL, USER));
  t.say("delete", () => credential.delete(MAIL, ""));
  t.say("delete", () => credential.delete("granted/b", USER));
  t.say("of user", () => pageShown(credential.ofUser(USER, undefined, 1000)));
}

function lists(t: Lines): void {
  t.say("of user", () => pageShown(credential.ofUser(USER, undefined, 1000)));
  t.say("of user, after", () => pageShown(credential.ofUser(USER, "granted/b", 1000)));
  t.say("all of user", () => [...credential.eachOfUser(USER)]);
  t.say("users", () => pageShown(credential.users(MAIL, undefined, 1000)));
  t.say("all users", () => [...credential.eachUser(MAIL)]);
  t.say("users of what may not be read", () => pageShown(credential.users("write-only")));
  t.say(
    "larger page",
    worked(() => credential.ofUser(USER, undefined, 1001)),
  );
  t.say(
    "larger page of users",
    worked(() => credential.users("granted/b", undefined, 1001)),
  );
}

function refusals(t: Lines): void {
  t.say("longest user", () => credential.exists("granted/b", "u".repeat(255)));
  t.say("longer user", () => credential.exists("granted/b", "u".repeat(256)));
  t.say(
    "get what may not be read",
    worked(() => credential.get("write-only", USER)),
  );
  t.say("put what may not be written", () => credential.put("read-only", USER, bytes("x")));
  t.say("a bad name", () => credential.put("granted/ä", USER, bytes("x")));
  t.say("larger value", () => credential.put("granted/b", USER, filled(65_537, 1)));
}
