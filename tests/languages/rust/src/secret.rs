//! Every function of secrets, and their errors.

use satama_guest::secret::{self, Error, Metadata, Page, Secret};
use satama_guest::secret_reveal;

use crate::show::{Lines, List, Show, worked};

impl Show for Metadata {
    fn show(&self) -> String {
        let known = self.created_ms > 0 && self.updated_ms >= self.created_ms;
        let newest = self.versions.last() == Some(&self.version);
        format!("{} versions {} {known}", self.versions.len(), newest && self.versions.is_sorted())
    }
}

impl Show for Page {
    fn show(&self) -> String {
        let next = if self.next.is_some() { "more" } else { "end" };
        format!("{} {next}", List(self.names.clone()).show())
    }
}

/// The value of a secret.
pub fn value(secret: Result<Secret, Error>) -> Result<Vec<u8>, Error> {
    secret_reveal::reveal(&secret?)
}

pub fn all(t: &mut Lines) {
    values(t);
    versions(t);
    lists(t);
    refusals(t);
}

fn values(t: &mut Lines) {
    t.say("get missing", worked(secret::get("granted/a", None)));
    t.say("exists", secret::exists("granted/a"));
    let put = secret::put("granted/open/a", "salasana-ä€😀".as_bytes());
    t.say("put", put.as_ref().map(|version| *version > 0).map_err(Clone::clone));
    let handle = secret::get("granted/open/a", None);
    t.say("version", handle.as_ref().is_ok_and(|secret| Ok(secret.version()) == put));
    t.say("reveal", value(handle));
    t.say("exists", secret::exists("granted/open/a"));
    t.say("describe", secret::describe("granted/open/a"));
    t.say("put empty", worked(secret::put("granted/open/empty", b"")));
    t.say("reveal it", value(secret::get("granted/open/empty", None)));
    t.say("put another", worked(secret::put("granted/b", b"b")));
    t.say("reveal it", value(secret::get("granted/b", None)));
    let names = ["granted/open/a", "granted/none", "granted/b", "other"].map(String::from);
    let many = secret::get_many(&names);
    t.say("get many", many.map(|many| List(many.iter().map(Option::is_some).collect())));
}

fn versions(t: &mut Lines) {
    let put = |value: &[u8]| secret::put("granted/open/v", value).unwrap_or(0);
    let versions = [put(b"1"), put(b"22"), put(b"333"), put(b"4444")];
    t.say("versions grow", versions.is_sorted() && versions[0] > 0);
    t.say("describe", secret::describe("granted/open/v"));
    t.say("newest", value(secret::get("granted/open/v", None)));
    t.say("an older one", value(secret::get("granted/open/v", Some(versions[1]))));
    t.say("one that is forgotten", value(secret::get("granted/open/v", Some(versions[0]))));
    for version in [0, (1 << 53) + 2, 1 << 63] {
        t.say("one that never was", value(secret::get("granted/open/v", Some(version))));
    }
}

fn lists(t: &mut Lines) {
    t.say("names", secret::names(None, 1000));
    t.say("names after", secret::names(Some("granted/open/a"), 1000));
    t.say("a page of none", secret::names(None, 0));
    let all: Result<Vec<_>, _> = secret::all_names().collect();
    t.say("all names", all.map(List));
    t.say("larger page", secret::names(None, 1001));
    for name in ["granted/b", "granted/open/empty", "granted/open/v"] {
        t.say("delete", secret::delete(name));
    }
    t.say("delete again", secret::delete("granted/b"));
    t.say("describe", secret::describe("granted/b"));
}

fn refusals(t: &mut Lines) {
    t.say("get what may not be read", worked(secret::get("write-only", None)));
    t.say("put what may not be written", secret::put("read-only", b"x"));
    t.say("delete what may not be written", secret::delete("read-only"));
    t.say("read what may be read", worked(secret::get("read-only", None)));
    t.say("reveal what may not be revealed", value(secret::get("read-only", None)));
    t.say("a bad name", secret::put("granted/ä", b"x"));
    t.say("the empty name", secret::put("", b"x"));
    t.say("get of a bad name", worked(secret::get("granted/ä", None)));
    t.say("largest value", worked(secret::put("granted/l", &[9; 65_536])));
    t.say("larger value", secret::put("granted/l", &[9; 65_537]));
    let names = |count: usize| vec!["granted/l".to_owned(); count];
    t.say("most at a time", secret::get_many(&names(64)).map(|many| many.len()));
    t.say("more at a time", secret::get_many(&names(65)).map(|many| many.len()));
    t.say("delete", secret::delete("granted/l"));
}
