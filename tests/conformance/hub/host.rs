//! Hosts: they keep their sockets' channels alive, and leave nothing when they end.

use super::*;

/// Far longer than a host is held up for, and short enough to be waited out.
const HEARTBEAT: Duration = Duration::from_millis(400);

/// How long a socket's channel lives when its host has ended.
const LIFE: Duration = Duration::from_millis(1_200);

pub(crate) async fn a_sockets_channel_lives_as_long_as_its_host(h: &Harness) {
    let host = Host::new(h.builder().heartbeat(HEARTBEAT).build().await.unwrap());
    let ours = Host::ours(h);
    let mut socket = host.listen("id", "t").await;
    for _ in 0..3 {
        h.advance(LIFE / 2).await;
        host.services.delivery().heartbeat().await;
    }
    assert_eq!(member_ids(&ours.bus, "t").await, ["id"]);
    ours.publish("t", "still here").await;
    hears(&mut socket, &["still here"]).await;
    ours.assert_silent(&mut socket).await;
}

/// A host with one socket, which ends as a process does that is killed. Its
/// channel would live for an hour, if that were the handle's to say.
async fn crash(h: &Harness, id: &'static str) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (builder, grant) = (h.builder().heartbeat(HEARTBEAT), grant("t"));
    let attached = runtime.spawn(async move {
        let host = Host::of(builder.build().await.unwrap(), &grant);
        let socket = host.listen(id, "t").await;
        // Nobody is left to say goodbye.
        std::mem::forget((host, socket));
    });
    attached.await.unwrap();
    runtime.shutdown_background();
}

pub(crate) async fn a_host_that_crashes_leaves_nothing(h: &Harness) {
    let ours = Host::ours(h);
    let mut socket = ours.listen("stays", "t").await;
    crash(h, "crashed").await;
    ours.publish("t", "one").await;
    until("its channel has ended", async || {
        h.advance(LIFE).await;
        ours.channels.get("crashed").await.is_err()
    })
    .await;
    assert_eq!(member_ids(&ours.bus, "t").await, ["stays"]);
    let page = ours.channels.list(None, None, 10).await.unwrap();
    assert_eq!(page.entries, [("stays".to_owned(), None)]);
    ours.publish("t", "two").await;
    hears(&mut socket, &["one", "two"]).await;
    let mut again = ours.listen("crashed", "t").await;
    ours.publish("t", "three").await;
    hears(&mut socket, &["three"]).await;
    hears(&mut again, &["three"]).await;
}

/// A client whose host has crashed comes back elsewhere with another id, and with
/// the position it had.
pub(crate) async fn who_comes_back_from_a_crashed_host_has_no_gap(h: &Harness) {
    let ours = Host::ours(h);
    let last = ours.keep("t", "heard").await;
    crash(h, "crashed").await;
    ours.keep("t", "missed").await;
    let mut socket = ours.attach("back").await;
    assert!(ours.bus.subscribe("t", "back", Some(&last.to_string())).await.unwrap());
    ours.keep("t", "new").await;
    hears(&mut socket, &["missed", "new"]).await;
}

pub(crate) async fn a_host_that_is_dropped_removes_its_channels(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut stays = ours.listen("stays", "t").await;
    let sockets = [theirs.listen("a", "t").await, theirs.listen("b", "t").await];
    let listener = theirs.bus.listen(&["t"]).await.unwrap();
    drop((sockets, listener, theirs));
    until("its channels are gone", async || member_ids(&ours.bus, "t").await == ["stays"]).await;
    ours.publish("t", "still here").await;
    hears(&mut stays, &["still here"]).await;
}

/// A heartbeat changes nothing that anybody could hear.
pub(crate) async fn a_heartbeat_disturbs_nobody(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut sockets = Vec::new();
    for n in 0..10 {
        let mut socket = ours.attach(&n.to_string()).await;
        theirs.bus.subscribe("t", &n.to_string(), None).await.unwrap();
        theirs.bus.subscribe("ended", &n.to_string(), None).await.unwrap();
        theirs.bus.unsubscribe("ended", &n.to_string()).await.unwrap();
        until_heard(&ours, "t", &mut socket).await;
        sockets.push(socket);
    }
    let mut host = ours.bus.listen(&["t"]).await.unwrap();
    for n in 0..5 {
        ours.services.delivery().heartbeat().await;
        theirs.services.delivery().heartbeat().await;
        theirs.publish("ended", "for nobody").await;
        theirs.publish("t", &n.to_string()).await;
        hears(&mut host, &[&n.to_string()]).await;
    }
    for socket in &mut sockets {
        loop {
            let said = heard(socket).await;
            if said == "0" {
                break;
            }
            assert!(said.starts_with("probe"), "{said}");
        }
        hears(socket, &["1", "2", "3", "4"]).await;
        theirs.assert_silent(socket).await;
    }
}
