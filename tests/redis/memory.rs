//! What the server forgets, and what it has no room for.

use redis::cmd;
use satama::chain;
use satama_tests::{hears, text};

use super::*;

/// Every call, each the first after the server has lost its scripts.
#[tokio::test]
async fn every_call_survives_the_loss_of_its_script() {
    let h = Harness::redis().await;
    let flush = async || h.server().query::<()>(cmd("SCRIPT").arg("FLUSH")).await;
    let b = h.bucket("b");
    let s = h.sessions("s", SLIDING);
    for _ in 0..2 {
        flush().await;
        b.set(entry("k", b"v", Some("g"))).await.unwrap();
        flush().await;
        assert_eq!(b.get("k").await.unwrap().unwrap(), b"v");
        flush().await;
        assert_eq!(b.get_many(&texts(&["k", "k"])).await.unwrap().len(), 2);
        flush().await;
        assert!(b.ttl("k").await.unwrap().is_some());
        flush().await;
        assert!(!b.set_if_absent(entry("k", b"w", None)).await.unwrap());
        flush().await;
        assert!(b.delete("k").await.unwrap());
        flush().await;
        assert_eq!(b.add(entry("n", b"", None), 1).await.unwrap(), 1);
        flush().await;
        b.set_many(&[entry("k", b"1", None), entry("l", b"2", None), entry("k", b"3", None)])
            .await
            .unwrap();
        assert_eq!(b.get("k").await.unwrap().unwrap(), b"3");
        flush().await;
        let mut claimed = claim(&b, "c", CLAIM, None).await;
        flush().await;
        claimed.complete(b"v", LONG).await.unwrap();
        b.invalidate(None).await.unwrap();
        flush().await;
        s.replace("id", fields(&["a"])).await.unwrap();
        flush().await;
        s.update("id", fields(&["b"])).await.unwrap();
        flush().await;
        s.remove("id", &texts(&["a"])).await.unwrap();
        assert_eq!(
            s.get("id").await.unwrap().unwrap().fields,
            fields(&["b"]).into_iter().collect()
        );
    }
}

/// As much as the server is set to keep: here, every write before it is answered.
#[tokio::test]
async fn sessions_are_as_durable_as_the_server() {
    let mut server = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let services = services(&server).await;
    let s = sessions(&services, FIXED);
    let written = s.replace("id", fields(&["a"])).await.unwrap();
    s.replace("cleared", fields(&["a"])).await.unwrap();
    s.clear("cleared").await.unwrap();
    bucket(&services).set(entry("k", b"v", Some("g"))).await.unwrap();
    server.restart();
    let services = at(server.url()).await.unwrap();
    let s = sessions(&services, FIXED);
    assert_eq!(s.get("id").await.unwrap().unwrap().version, written);
    assert_eq!(s.get("cleared").await.unwrap(), None);
    assert_eq!(bucket(&services).get("k").await.unwrap().unwrap(), b"v");
}

/// A server that evicts forgets values, or the generations that they need; what
/// was invalidated stays forgotten.
#[tokio::test]
async fn what_is_evicted_vanishes_and_never_returns() {
    let server = RedisServer::with(&["--maxmemory-policy", "allkeys-random"]);
    let services = services(&server).await;
    let b = bucket(&services);
    let info: String = server.query(cmd("INFO").arg("memory")).await;
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    let max = used.parse::<u64>().unwrap() + (400 << 10);
    server.query::<()>(cmd("CONFIG").arg(&["SET", "maxmemory"]).arg(max)).await;
    // A round writes twice as much as there is room for.
    let value = vec![b'x'; 8 << 10];
    let mut kept = 0;
    for round in 0..20_u8 {
        let value = [&[round], &value[..]].concat();
        let keys: Vec<_> = (0..100).map(|n| n.to_string()).collect();
        for (n, key) in keys.iter().enumerate() {
            b.set(entry(key, &value, (n % 2 == 0).then_some("g"))).await.unwrap();
        }
        for key in &keys {
            let found = b.get(key).await.unwrap();
            kept += usize::from(found.is_some());
            assert!(found.is_none_or(|found| found == value), "a value of another round");
        }
        b.invalidate(None).await.unwrap();
    }
    let info: String = server.query(cmd("INFO").arg("stats")).await;
    assert!(!info.contains("evicted_keys:0"), "the server had to evict: {info}");
    assert!(kept > 0);
}

/// A server that is full and evicts nothing refuses writes, wholly.
#[tokio::test]
async fn a_full_server_refuses_writes_and_serves_the_rest() {
    let server = RedisServer::start();
    let services = services(&server).await;
    let b = bucket(&services);
    let s = sessions(&services, SLIDING);
    b.set(entry("k", b"7", Some("g"))).await.unwrap();
    b.set(entry("doomed", b"v", Some("g"))).await.unwrap();
    b.add(entry("n", b"", None), 7).await.unwrap();
    let mut claimed = claim(&b, "claimed", CLAIM, Some("g")).await;
    let version = s.replace("id", fields(&["a"])).await.unwrap();
    let before = server.keys().await.len();

    let set = |max: &'static str| {
        let server = &server;
        async move { server.query::<()>(cmd("CONFIG").arg(&["SET", "maxmemory", max])).await }
    };
    set("1").await;
    assert_unavailable(&b.set(entry("new", b"v", Some("h"))).await.unwrap_err());
    assert_unavailable(&b.set(entry("k", b"8", Some("g"))).await.unwrap_err());
    assert_unavailable(&claimed.complete(b"v", LONG).await.unwrap_err());
    assert_unavailable(&b.set_many(&[entry("a", b"v", None); 2]).await.unwrap_err());
    assert_unavailable(&b.set_if_absent(entry("new", b"v", None)).await.unwrap_err());
    assert_unavailable(&b.add(entry("n", b"", None), 1).await.unwrap_err());
    assert_unavailable(&b.fill("new", Duration::ZERO, CLAIM, None).await.unwrap_err());
    assert_unavailable(&s.update("id", fields(&["b"])).await.unwrap_err());
    assert_unavailable(&s.replace("id", fields(&["b"])).await.unwrap_err());
    assert_unavailable(&s.replace("new", fields(&["b"])).await.unwrap_err());
    assert_eq!(server.keys().await.len(), before, "nothing was written");
    assert_eq!(b.get("k").await.unwrap().unwrap(), b"7");
    assert_eq!(b.get("n").await.unwrap().unwrap(), b"7");
    assert_eq!(s.get("id").await.unwrap().unwrap().version, version);
    // What makes room still works.
    assert!(b.delete("doomed").await.unwrap());
    b.invalidate(Some("g")).await.unwrap();
    assert_eq!(b.get("k").await.unwrap(), None);
    assert!(s.clear("id").await.unwrap());
    set("0").await;
    assert_eq!(b.add(entry("n", b"", None), 1).await.unwrap(), 8);
}

/// The same for channels; those that are there live on, and can be removed.
#[tokio::test]
async fn a_full_server_keeps_its_channels_and_takes_no_more() {
    let server = RedisServer::start();
    let services = services(&server).await;
    let (c, b) = channel::open(&services, "c", LONG);
    let longer = satama_tests::channels(&services, &grant("t"), "c", 2 * LONG);
    for id in ["id", "doomed", "closed"] {
        c.add(id, "1", Some("ann")).await.unwrap();
        b.subscribe("t", id, None).await.unwrap();
    }
    let mut socket = c.attach("attached", "1", None).await.unwrap();
    b.subscribe("t", "attached", None).await.unwrap();
    let version = c.set_state("id", Some("1")).await.unwrap();
    let position = b.publish("t", &text("kept"), None, channel::KEEP).await.unwrap();
    let before = channel::contents(&server).await;

    let set =
        async |max: &str| server.query::<()>(cmd("CONFIG").arg(&["SET", "maxmemory", max])).await;
    set("1").await;
    assert_unavailable(&c.add("new", "1", Some("ann")).await.unwrap_err());
    assert_unavailable(&c.attach("new", "1", Some("bob")).await.unwrap_err());
    assert_unavailable(&c.set_state("id", Some("2")).await.unwrap_err());
    assert_unavailable(&c.compare_and_set_state("id", version, "2").await.unwrap_err());
    assert_unavailable(&c.set_user("id", Some("bob")).await.unwrap_err());
    assert_unavailable(&b.subscribe("u", "id", None).await.unwrap_err());
    assert_unavailable(&b.subscribe("u", "attached", None).await.unwrap_err());
    assert_unavailable(&b.publish("t", &text("m"), None, None).await.unwrap_err());
    assert_unavailable(&b.publish("new", &text("m"), None, channel::KEEP).await.unwrap_err());
    assert_eq!(channel::contents(&server).await, before, "nothing was written");
    assert_eq!(c.state("id").await.unwrap().version, version);
    assert_eq!(b.history("t", None, 10).await.unwrap().position, position);
    assert_eq!(b.members("t", None, 1_000).await.unwrap().entries.len(), 4);
    // What needs no room, or makes some, still works.
    b.publish("plain", &text("m"), None, None).await.unwrap();
    assert!(c.send("attached", &text("sent")).await.unwrap());
    let all = texts(&["id", "doomed", "closed", "attached"]);
    assert_eq!(longer.touch(&all).await.unwrap(), texts(&[]));
    services.delivery().heartbeat().await;
    assert!(b.unsubscribe("t", "id").await.unwrap());
    c.set_user("id", None).await.unwrap();
    assert_eq!(c.remove(&texts(&["doomed"])).await.unwrap(), 1);
    c.disconnect("closed", 4000, "").await.unwrap();
    assert_eq!(b.members("t", None, 1_000).await.unwrap().entries.len(), 1);
    set("0").await;
    b.publish("t", &text("last"), None, None).await.unwrap();
    hears(&mut socket, &["kept", "sent", "last"]).await;
    c.add("doomed", "2", None).await.unwrap();
    assert_eq!(b.topics("doomed").await.unwrap(), texts(&[]));
    channel::assert_expire(&server, 2 * LONG).await;
}

/// Every call of channels and their hub, each the first after the server has lost
/// its scripts.
#[tokio::test]
async fn every_call_of_a_channel_survives_the_loss_of_its_script() {
    let h = Harness::redis().await;
    let flush = async || h.server().query::<()>(cmd("SCRIPT").arg("FLUSH")).await;
    let (c, b) = channel::open(&h.services, "c", LONG);
    let ids: Vec<_> = (0..20).map(|n| n.to_string()).collect();
    for _ in 0..2 {
        flush().await;
        let socket = c.attach("attached", "1", None).await.unwrap();
        for id in &ids {
            flush().await;
            c.add(id, "1", Some("ann")).await.unwrap();
        }
        flush().await;
        assert_eq!(c.touch(&ids).await.unwrap(), texts(&[]));
        flush().await;
        assert!(b.subscribe("t", "0", None).await.unwrap());
        flush().await;
        assert_eq!(b.topics("0").await.unwrap(), ["t"]);
        flush().await;
        assert_eq!(b.members("t", None, 1_000).await.unwrap().entries.len(), 1);
        flush().await;
        assert!(b.unsubscribe("t", "0").await.unwrap());
        flush().await;
        c.set_state("0", Some("1")).await.unwrap();
        flush().await;
        c.set_user("0", None).await.unwrap();
        flush().await;
        assert_eq!(c.list(Some("ann"), None, 1_000).await.unwrap().entries.len(), 19);
        flush().await;
        assert!(c.send("attached", &text("m")).await.unwrap());
        flush().await;
        let position = b.publish("t", &text("m"), None, channel::KEEP).await.unwrap();
        flush().await;
        assert_eq!(b.history("t", None, 0).await.unwrap().position, position);
        flush().await;
        h.services.delivery().heartbeat().await;
        flush().await;
        socket.detach().await.unwrap();
        flush().await;
        assert_eq!(c.remove(&ids).await.unwrap(), 20);
    }
}

fn assert_unavailable(err: &dyn std::error::Error) {
    let said = chain(err);
    assert!(said.contains("redis is unavailable") && said.contains("OOM"), "{said}");
}
