//! Topics that are kept, read as history.

use satama::hub::History;

use super::*;

/// A history as text: what was said, and what is said of it.
fn said(history: &History) -> (Vec<String>, bool, bool) {
    let texts = history.messages.iter().map(|kept| match &kept.message {
        Message::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    });
    (texts.collect(), history.complete, history.more)
}

/// What was kept, all that was published since, and nothing after.
async fn assert_history(b: &Bus, since: Option<&Position>, expected: &[&str], complete: bool) {
    let since = since.map(ToString::to_string);
    let found = b.history("t", since.as_deref(), 100).await.unwrap();
    assert_eq!(said(&found), (ids(expected), complete, false), "since {since:?}");
}

async fn keep(b: &Bus, message: &str, messages: u32, ttl: Duration) -> Position {
    let keep = Some(Keep { messages, ttl });
    b.publish("t", &text(message), None, keep).await.unwrap().expect("it is kept")
}

pub(crate) async fn a_topic_is_not_kept_unless_one_says_so(h: &Harness) {
    let b = h.bus("c");
    for _ in 0..2 {
        let found = b.history("t", None, 100).await.unwrap();
        assert_eq!(said(&found).0, ids(&[]));
        assert_eq!((found.position, found.more), (None, false));
        assert_eq!(b.publish("t", &text("m"), None, None).await.unwrap(), None);
    }
}

pub(crate) async fn what_is_kept_is_read_in_order(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut positions = Vec::new();
    for (n, from) in [&ours, &theirs, &ours, &theirs].into_iter().enumerate() {
        positions.push(from.keep("t", &n.to_string()).await);
    }
    let all = ["0", "1", "2", "3"];
    for b in [&ours.bus, &theirs.bus] {
        assert_history(b, None, &all, true).await;
        for (n, position) in positions.iter().enumerate() {
            assert_history(b, Some(position), &all[n + 1..], true).await;
        }
        let found = b.history("t", None, 100).await.unwrap();
        let found_at: Vec<_> = found.messages.iter().map(|kept| kept.position.unwrap()).collect();
        assert_eq!(found_at, positions);
        assert_eq!(found.position, positions.last().copied());
    }
}

pub(crate) async fn a_position_is_a_short_text(h: &Harness) {
    let ours = Host::ours(h);
    let mut positions = std::collections::BTreeSet::new();
    for n in numbered(20) {
        let position = ours.keep("t", &n).await.to_string();
        assert!(position.len() <= 64, "{position}");
        assert_eq!(position.parse::<Position>().unwrap().to_string(), position);
        assert!(positions.insert(position), "no two are alike");
    }
}

pub(crate) async fn a_page_of_history_leads_to_the_next(h: &Harness) {
    let ours = Host::ours(h);
    for n in numbered(23) {
        ours.keep("t", &n).await;
    }
    for limit in [1, 5, 22, 23, 24, 100] {
        let (mut all, mut since) = (Vec::new(), None);
        loop {
            let page = ours.bus.history("t", since.as_deref(), limit).await.unwrap();
            let (texts, complete, more) = said(&page);
            assert!(complete);
            assert!(texts.len() <= limit as usize);
            all.extend(texts);
            assert_eq!(more, all.len() < 23, "after {} in pages of {limit}", all.len());
            since = page.position.map(|position| position.to_string());
            if !more {
                break;
            }
        }
        assert_eq!(all, numbered(23));
    }
}

pub(crate) async fn a_limit_of_zero_tells_the_position_alone(h: &Harness) {
    let ours = Host::ours(h);
    ours.keep("t", "1").await;
    let last = ours.keep("t", "2").await;
    let found = ours.bus.history("t", None, 0).await.unwrap();
    assert_eq!((found.position, found.messages.len()), (Some(last), 0));
    ours.bus.subscribe("t", "nobody", None).await.unwrap_err();
    assert_history(&ours.bus, found.position.as_ref(), &[], true).await;
    let next = ours.keep("t", "3").await;
    assert_history(&ours.bus, Some(&last), &["3"], true).await;
    assert_eq!(ours.bus.history("t", None, 0).await.unwrap().position, Some(next));
}

pub(crate) async fn as_many_are_kept_as_was_said_last(h: &Harness) {
    let b = h.bus("c");
    let mut at = Vec::new();
    for n in numbered(5) {
        at.push(keep(&b, &n, 3, LONG).await);
    }
    assert_history(&b, None, &["2", "3", "4"], false).await;
    assert_history(&b, Some(&at[0]), &["2", "3", "4"], false).await;
    assert_history(&b, Some(&at[2]), &["3", "4"], true).await;
    assert_history(&b, Some(&at[4]), &[], true).await;
    at.push(keep(&b, "5", 1, LONG).await);
    assert_history(&b, None, &["5"], false).await;
    assert_history(&b, Some(&at[3]), &["5"], false).await;
    // More are kept from now on, and none comes back.
    at.push(keep(&b, "6", 4, LONG).await);
    keep(&b, "7", 4, LONG).await;
    assert_history(&b, None, &["5", "6", "7"], false).await;
    assert_history(&b, Some(&at[5]), &["6", "7"], true).await;
}

pub(crate) async fn a_thousand_messages_may_be_kept(h: &Harness) {
    let ours = Host::ours(h);
    let mut first = None;
    for n in numbered(1_003) {
        let position = ours.keep("t", &n).await;
        first.get_or_insert(position);
    }
    let oldest = ours.bus.history("t", None, 2).await.unwrap();
    assert_eq!(said(&oldest), (ids(&["3", "4"]), false, true));
    let since = first.map(|position| position.to_string());
    let found = ours.bus.history("t", since.as_deref(), 100).await.unwrap();
    let (texts, complete, more) = said(&found);
    assert_eq!(texts, numbered(103)[3..]);
    assert_eq!((complete, more), (false, true));
}

pub(crate) async fn a_kept_topic_is_kept_by_all_who_publish(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    ours.publish("t", "before").await;
    let first = keep(&ours.bus, "first", 3, LONG).await;
    for n in numbered(2) {
        let position = theirs.bus.publish("t", &text(&n), None, None).await.unwrap();
        assert!(position.is_some(), "it is kept");
    }
    assert_history(&ours.bus, None, &["first", "0", "1"], true).await;
    assert_history(&ours.bus, Some(&first), &["0", "1"], true).await;
    theirs.bus.publish("t", &text("2"), None, None).await.unwrap();
    assert_history(&ours.bus, None, &["0", "1", "2"], false).await;
}

/// The messages go; that there were some is remembered.
pub(crate) async fn messages_are_forgotten_when_their_time_has_passed(h: &Harness) {
    let b = h.bus("c");
    let first = keep(&b, "1", 10, LONG).await;
    let last = keep(&b, "2", 10, BRIEF).await;
    h.advance(BRIEF).await;
    assert_history(&b, None, &[], false).await;
    assert_history(&b, Some(&first), &[], false).await;
    assert_history(&b, Some(&last), &[], true).await;
    let found = b.history("t", Some(&last.to_string()), 100).await.unwrap();
    assert_eq!(found.position, Some(last), "it is remembered for longer");
    let next = keep(&b, "3", 10, LONG).await;
    assert_history(&b, Some(&first), &["3"], false).await;
    assert_history(&b, None, &["3"], false).await;
    assert_history(&b, Some(&next), &[], true).await;
}

pub(crate) async fn a_later_message_keeps_the_earlier_ones(h: &Harness) {
    for topic in numbered(100) {
        let b = bus(&h.services, &grant("t"), &topic);
        keep(&b, "1", 10, BRIEF).await;
        let first = keep(&b, "2", 10, LONG).await;
        h.advance(BRIEF).await;
        let found = b.history("t", None, 100).await.unwrap();
        // On a slow machine the first was forgotten before the second.
        if found.complete {
            assert_history(&b, None, &["1", "2"], true).await;
            assert_history(&b, Some(&first), &[], true).await;
            return;
        }
    }
    panic!("never was the first still there");
}

pub(crate) async fn topics_and_hubs_have_their_own_history(h: &Harness) {
    let ours = Host::ours(h);
    let others = [
        bus(&h.services, &grant("u"), "c"),
        bus(&h.services, &grant("t"), "d"),
        bus(&h.services, &grant("t"), ""),
    ];
    let last = ours.keep("t", "ours").await;
    for topic in ["", "T", "t\0", "*", "t:"] {
        ours.keep(topic, topic).await;
        let found = ours.bus.history(topic, None, 100).await.unwrap();
        assert_eq!(said(&found), (ids(&[topic]), true, false));
    }
    for b in &others {
        let found = b.history("t", None, 100).await.unwrap();
        assert_eq!((said(&found).0, found.position), (ids(&[]), None));
        b.publish("t", &text("theirs"), None, KEEP).await.unwrap();
        assert_history(b, Some(&last), &["theirs"], false).await;
    }
    assert_history(&ours.bus, None, &["ours"], true).await;
}

/// They are refused, or nothing is said to be complete that is not.
pub(crate) async fn hostile_positions_do_no_harm(h: &Harness) {
    let b = h.bus("c");
    h.channels("c").add("id", "1", None).await.unwrap();
    let first = keep(&b, "1", 10, LONG).await.to_string();
    keep(&b, "2", 10, LONG).await;
    let other = b.publish("u", &text("other"), None, KEEP).await.unwrap().unwrap().to_string();
    let parts: Vec<_> = first.split('-').collect();
    let mut hostile = vec![
        other,
        format!("{}-{:x}-{}", parts[0], (1_u64 << 53) - 1, parts[2]),
        format!("{}-3-{}", parts[0], parts[2]),
        format!("{}-2-{}", parts[0], parts[2]),
        format!("{}-1-0000000000000000", parts[0]),
        format!("0000000000000000-1-{}", parts[2]),
        format!("{}-{:x}-{}", parts[0], 1_u64 << 53, parts[2]),
        format!("{}-ffffffffffffffff-{}", parts[0], parts[2]),
        format!("{first}-"),
        format!("{first}\0"),
        format!(" {first}"),
        first.to_uppercase() + "A",
        first.replace('-', "+"),
        "9".repeat(5_000),
    ];
    hostile.extend(["", "-", "--", "0-0-0", "1-1-1", "\0", "💥", "-1"].map(str::to_owned));
    hostile.extend((0..first.len()).filter_map(|end| first.get(..end)).map(ToOwned::to_owned));
    for position in hostile {
        match b.history("t", Some(&position), 100).await {
            Ok(found) => {
                assert!(!found.complete, "{position:?}: {found:?}");
                assert_eq!(said(&found).0, ["1", "2"], "{position:?}");
                b.subscribe("t", "id", Some(&position)).await.unwrap();
            }
            Err(err) => {
                assert!(matches!(err, Error::InvalidCursor | Error::Refused(_)), "{err:?}");
                let subscribed = b.subscribe("t", "id", Some(&position)).await;
                assert!(
                    matches!(subscribed, Err(Error::InvalidCursor | Error::Refused(_))),
                    "{position:?}: {subscribed:?}"
                );
            }
        }
        b.unsubscribe("t", "id").await.unwrap();
    }
}

pub(crate) async fn of_many_that_publish_each_has_its_own_position(h: &Harness) {
    let published = race(h, |n, b| async move {
        let mut published = Vec::new();
        for m in 0..4 {
            let said = format!("{n} {m}");
            let keep = KEEP.filter(|_| m % 2 == 0);
            let position = b.publish("t", &text(&said), None, keep).await.unwrap();
            published.push((said, position));
        }
        published
    });
    let published = published.await.concat();
    let b = h.bus("c");
    let first = b.history("t", None, 100).await.unwrap();
    let since = first.position.map(|position| position.to_string());
    let second = b.history("t", since.as_deref(), 100).await.unwrap();
    assert!(first.complete && second.complete && first.more && !second.more);
    let kept: Vec<_> = first.messages.into_iter().chain(second.messages).collect();
    assert_eq!(kept.len(), RACERS * 4);
    for (said, position) in published {
        let at = kept.iter().position(|kept| kept.message == text(&said)).unwrap();
        assert_eq!(kept[at].position, position, "{said}");
    }
}
