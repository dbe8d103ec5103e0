//! Ten thousand channels, which all listen to one topic.

use satama_guest::channel::Store;
use satama_guest::hub::Bus;

use crate::show::{Lines, Show};

/// As many as a page has.
const PAGE: u32 = 1000;

/// The items of a list, page by page.
fn read<E: Show>(
    t: &mut Lines,
    what: &str,
    mut page: impl FnMut(Option<&str>) -> Result<(Vec<String>, Option<String>), E>,
) {
    let (mut all, mut next) = (Vec::new(), None::<String>);
    loop {
        match page(next.as_deref()) {
            Ok((items, more)) => {
                all.extend(items);
                next = more;
            }
            Err(err) => return t.say(what, Err::<(), E>(err)),
        }
        if next.is_none() {
            break;
        }
    }
    all.sort();
    t.say(what, all.len());
    all.dedup();
    t.say("different ones", all.len());
    t.say("first", all.first().cloned());
    t.say("last", all.last().cloned());
}

pub fn all(t: &mut Lines) {
    let s = Store::open("many", 60_000).expect("it is granted");
    read(t, "of user", |after| {
        let page = s.of_user("ann", after, PAGE)?;
        Ok::<_, satama_guest::channel::Error>((
            page.entries.into_iter().map(|entry| entry.id).collect(),
            page.next,
        ))
    });
    read(t, "all", |after| {
        let page = s.all(after, PAGE)?;
        Ok::<_, satama_guest::channel::Error>((
            page.entries.into_iter().map(|entry| entry.id).collect(),
            page.next,
        ))
    });
    let b = Bus::open("many").expect("it is granted");
    read(t, "members", |after| {
        let page = b.members("topic", after, PAGE)?;
        Ok::<_, satama_guest::hub::Error>((
            page.members.into_iter().map(|member| member.channel).collect(),
            page.next,
        ))
    });
}
