//! Calls that are more than one command: what others may do in between.

use satama_tests::Gate;

use super::*;

/// The batch's first entry is set, another host invalidates, and the batch goes
/// on: its second entry, which begins a new generation, must not bring the first
/// one back.
#[tokio::test]
async fn an_invalidation_amid_a_batch_holds() {
    let server = RedisServer::start();
    let gate = Gate::new(&server);
    let (theirs, ours) = (at(gate.url()).await.unwrap(), services(&server).await);
    let (batching, b) = (bucket(&theirs), bucket(&ours));
    // Two keys of one shard, whose generations are the same.
    let scope = grant("t").cache("b").unwrap();
    let shard = scope.key("first").shard();
    let second = (0..).map(|n| n.to_string()).find(|k| scope.key(k).shard() == shard).unwrap();
    batching.set(entry("warm", b"v", Some("g"))).await.unwrap();

    for group in [None, Some("g")] {
        gate.pass(1);
        let batch = [entry("first", b"stale", group), entry(&second, b"v", group)];
        let (set, ()) = tokio::join!(batching.set_many(&batch), async {
            gate.held().await;
            while b.get("first").await.unwrap().is_none() {
                tokio::task::yield_now().await;
            }
            b.invalidate(group).await.unwrap();
            assert_eq!(b.get("first").await.unwrap(), None);
            gate.open();
        });
        set.unwrap();
        assert_eq!(b.get(&second).await.unwrap().unwrap(), b"v");
        assert_eq!(b.get("first").await.unwrap(), None, "{group:?}");
    }
}

/// A read is of one moment, or of none: a session that another host creates
/// meanwhile is there with its time, or not there.
#[tokio::test]
async fn a_session_that_is_created_amid_a_read_is_whole_or_absent() {
    let server = RedisServer::start();
    let gate = Gate::new(&server);
    let (theirs, ours) = (at(gate.url()).await.unwrap(), services(&server).await);
    for expiry in [FIXED, SLIDING] {
        for passed in [1, 2] {
            let reading = sessions(&theirs, expiry);
            let writing = sessions(&ours, FIXED);
            gate.pass(passed);
            let (found, ()) = tokio::join!(reading.get("id"), async {
                if passed == 2 && expiry == FIXED {
                    // The whole read passes, and nothing is held.
                    return;
                }
                gate.held().await;
                writing.replace("id", fields(&["a"])).await.unwrap();
                gate.open();
            });
            if let Some(found) = found.unwrap() {
                assert!(!found.expires_in.is_zero(), "{found:?}, after {passed} commands");
            }
            gate.open();
            writing.clear("id").await.unwrap();
        }
    }
}

/// Versions are the server's time, so those of one packet must not be of one time.
#[tokio::test]
async fn versions_differ_also_within_one_packet() {
    let h = Harness::redis().await;
    let s = h.sessions("s", SLIDING);
    // From here on the script is there, and calls reach the server in this order.
    let mut last = s.replace("id", Vec::new()).await.unwrap();
    for _ in 0..200 {
        let (one, cleared, two) = tokio::join!(
            s.replace("id", fields(&["a"])),
            s.clear("id"),
            s.replace("id", fields(&["a"])),
        );
        assert!(cleared.unwrap());
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!(last < one && one < two, "{last} {one} {two}");
        last = two;
    }
}
