//! Every function of credentials, and their errors.

use satama_guest::credential;

use crate::secret::value;
use crate::show::{Lines, List, worked};

const USER: &str = "ann-ä€😀";

pub fn all(t: &mut Lines) {
    t.say("get missing", worked(credential::get("granted/open/mail", USER, None)));
    t.say("exists", credential::exists("granted/open/mail", USER));
    let put = credential::put("granted/open/mail", USER, b"token");
    t.say("put", put.as_ref().map(|version| *version > 0).map_err(Clone::clone));
    t.say("reveal", value(credential::get("granted/open/mail", USER, None)));
    t.say("reveal the version", value(credential::get("granted/open/mail", USER, put.ok())));
    t.say("of another user", worked(credential::get("granted/open/mail", "", None)));
    t.say("exists", credential::exists("granted/open/mail", USER));
    t.say("describe", credential::describe("granted/open/mail", USER));
    t.say("put for the empty user", worked(credential::put("granted/open/mail", "", b"")));
    t.say("put another", worked(credential::put("granted/b", USER, b"b")));
    t.say("reveal it", value(credential::get("granted/b", USER, None)));
    t.say("of user", credential::of_user(USER, None, 1000));
    t.say("of user, after", credential::of_user(USER, Some("granted/b"), 1000));
    let all: Result<Vec<_>, _> = credential::all_of_user(USER).collect();
    t.say("all of user", all.map(List));
    t.say("users", credential::users("granted/open/mail", None, 1000));
    let all: Result<Vec<_>, _> = credential::all_users("granted/open/mail").collect();
    t.say("all users", all.map(List));
    t.say("users of what may not be read", credential::users("write-only", None, 1000));
    t.say("larger page", credential::of_user(USER, None, 1001));
    t.say("larger page of users", credential::users("granted/b", None, 1001));
    t.say("longest user", credential::exists("granted/b", &"u".repeat(255)));
    t.say("longer user", credential::exists("granted/b", &"u".repeat(256)));
    t.say("get what may not be read", worked(credential::get("write-only", USER, None)));
    t.say("put what may not be written", credential::put("read-only", USER, b"x"));
    t.say("a bad name", credential::put("granted/ä", USER, b"x"));
    t.say("larger value", credential::put("granted/b", USER, &[1; 65_537]));
    t.say("delete", credential::delete("granted/open/mail", USER));
    t.say("delete again", credential::delete("granted/open/mail", USER));
    t.say("delete", credential::delete("granted/open/mail", ""));
    t.say("delete", credential::delete("granted/b", USER));
    t.say("of user", credential::of_user(USER, None, 1000));
}
