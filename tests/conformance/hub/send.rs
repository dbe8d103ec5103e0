//! What is sent to one channel, and how its socket ends.

use satama::delivery::Close;

use super::*;

fn close(code: u16, reason: &str) -> Close {
    Close { code, reason: reason.to_owned() }
}

pub(crate) async fn what_is_sent_reaches_the_socket_from_any_host(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut one = ours.attach("one").await;
    let mut two = ours.attach("two").await;
    for n in numbered(50) {
        ours.send("one", &format!("{n} of ours")).await;
        theirs.send("two", &format!("{n} of theirs")).await;
    }
    for n in numbered(50) {
        hears(&mut one, &[&format!("{n} of ours")]).await;
        hears(&mut two, &[&format!("{n} of theirs")]).await;
    }
    ours.assert_silent(&mut one).await;
    theirs.assert_silent(&mut two).await;
}

pub(crate) async fn sending_tells_whether_a_host_holds_the_socket(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    ours.channels.add("added", "1", None).await.unwrap();
    let socket = ours.attach("attached").await;
    for from in [&ours, &theirs] {
        assert!(!from.channels.send("added", &text("m")).await.unwrap());
        assert!(from.channels.send("attached", &text("m")).await.unwrap());
        let missing = from.channels.send("missing", &text("m")).await;
        assert!(matches!(missing, Err(satama::channel::Error::NotFound)), "{missing:?}");
    }
    socket.detach().await.unwrap();
    let gone = theirs.channels.send("attached", &text("m")).await;
    assert!(matches!(gone, Err(satama::channel::Error::NotFound)), "{gone:?}");
}

pub(crate) async fn a_close_reaches_the_socket_after_what_was_sent(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    for (n, from) in [&ours, &theirs].into_iter().enumerate() {
        let id = n.to_string();
        let mut socket = ours.listen(&id, "t").await;
        from.send(&id, "last").await;
        from.channels.disconnect(&id, 4001, "ä \0 over").await.unwrap();
        hears(&mut socket, &["last"]).await;
        assert_eq!(closed(&mut socket).await, close(4001, "ä \0 over"));
        assert_eq!(member_ids(&ours.bus, "t").await, ids(&[]));
    }
}

pub(crate) async fn removing_closes_the_sockets_with_1000(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let all = ids(&["a", "b", "c"]);
    let mut sockets =
        [ours.listen("a", "t").await, theirs.listen("b", "t").await, ours.attach("c").await];
    assert_eq!(theirs.channels.remove(&all).await.unwrap(), 3);
    for socket in &mut sockets {
        assert_eq!(closed(socket).await, close(1000, ""));
    }
}

pub(crate) async fn nothing_comes_after_the_channel_was_removed(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut socket = ours.listen("id", "t").await;
    let mut witness = ours.listen("witness", "t").await;
    theirs.channels.remove(&ids(&["id"])).await.unwrap();
    // As another channel, which has no socket.
    theirs.channels.add("id", "1", None).await.unwrap();
    assert!(!theirs.channels.send("id", &text("not for it")).await.unwrap());
    assert_eq!(closed(&mut socket).await, close(1000, ""));
    theirs.publish("t", "not for it").await;
    hears(&mut witness, &["not for it"]).await;
}

pub(crate) async fn detaching_removes_the_channel_at_once(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    for _ in 0..20 {
        let socket = ours.listen("id", "t").await;
        assert_eq!(member_ids(&theirs.bus, "t").await, ["id"]);
        socket.detach().await.unwrap();
        assert!(theirs.channels.get("id").await.is_err());
        assert_eq!(member_ids(&theirs.bus, "t").await, ids(&[]));
    }
}

pub(crate) async fn dropping_a_socket_removes_the_channel_soon(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    drop(ours.listen("id", "t").await);
    until("the channel is gone", async || theirs.channels.get("id").await.is_err()).await;
    assert_eq!(member_ids(&theirs.bus, "t").await, ids(&[]));
}

/// A client that comes back at once, with the same id, to the same host: nothing
/// of its earlier socket reaches the new one.
pub(crate) async fn a_socket_that_comes_back_hears_nothing_of_its_earlier_end(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    for n in 0..50 {
        let socket = ours.listen("id", "t").await;
        if n % 2 == 0 {
            theirs.send("id", "for the earlier one").await;
        }
        socket.detach().await.unwrap();
        let mut socket = ours.attach("id").await;
        ours.assert_silent(&mut socket).await;
        socket.detach().await.unwrap();
    }
}

/// Who was removed, and has come back on another host, is not removed again when
/// the host of the earlier socket learns of its end.
pub(crate) async fn the_end_of_an_old_socket_leaves_a_new_channel_alone(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    for how in ["detach", "drop"] {
        let mut old = ours.listen(how, "t").await;
        theirs.channels.remove(&ids(&[how])).await.unwrap();
        let mut new = theirs.listen(how, "t").await;
        assert_eq!(closed(&mut old).await, close(1000, ""));
        let later = format!("after {how}");
        let watched = ours.attach(&later).await;
        if how == "detach" {
            old.detach().await.unwrap();
        } else {
            drop(old);
            // Removals of one host are made in their order, this one after that.
            drop(watched);
            until("the later one is gone", async || ours.channels.get(&later).await.is_err()).await;
        }
        ours.channels.get(how).await.expect("the new channel is another");
        ours.publish("t", "for the new one").await;
        hears(&mut new, &["for the new one"]).await;
    }
}

/// The same on one host, where the old socket is still about to be closed.
pub(crate) async fn a_removed_channel_may_come_back_while_its_old_socket_closes(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut old = ours.listen("id", "t").await;
    theirs.channels.remove(&ids(&["id"])).await.unwrap();
    let mut new = ours.listen("id", "t").await;
    assert_eq!(closed(&mut old).await, close(1000, ""));
    drop(old);
    let mut witness = ours.listen("witness", "t").await;
    theirs.publish("t", "for the new one").await;
    hears(&mut witness, &["for the new one"]).await;
    hears(&mut new, &["for the new one"]).await;
    theirs.assert_silent(&mut new).await;
}

pub(crate) async fn one_channel_has_one_socket(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut socket = ours.listen("id", "t").await;
    for host in [&ours, &theirs] {
        let second = host.channels.attach("id", "{}", None).await;
        assert!(matches!(second, Err(satama::channel::Error::Exists)), "{second:?}");
        let added = host.channels.add("id", "{}", None).await;
        assert!(matches!(added, Err(satama::channel::Error::Exists)), "{added:?}");
    }
    // Also one that failed took nothing from the first when it was dropped.
    theirs.publish("t", "still here").await;
    hears(&mut socket, &["still here"]).await;
    ours.channels.get("id").await.unwrap();
    theirs.assert_silent(&mut socket).await;
}
