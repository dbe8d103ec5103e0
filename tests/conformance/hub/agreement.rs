//! What the store says and what the host of a socket does: the same, whoever
//! subscribes and unsubscribes.

use super::*;

/// Reads until the marker, which the last of those who changed something has sent.
/// Returns what came before.
async fn until_marker(from: &Host, socket: &mut Attachment) -> Vec<String> {
    from.send("id", "the marker").await;
    let mut before = Vec::new();
    loop {
        let said = heard(socket).await;
        if said == "the marker" {
            return before;
        }
        before.push(said);
    }
}

/// Asserts that the socket of `id` hears those topics that the store says it has.
async fn assert_agrees(
    hosts: &[Host; 2],
    socket: &mut Attachment,
    witness: &mut Attachment,
    topics: &[&str],
) {
    // Each host's changes come before its marker.
    for host in hosts {
        until_marker(host, socket).await;
    }
    let subscribed = hosts[1].bus.topics("id").await.unwrap();
    for topic in topics {
        if subscribed.contains(&topic.to_string()) {
            until_heard(&hosts[1], topic, socket).await;
            assert!(member_ids(&hosts[0].bus, topic).await.contains(&"id".to_owned()));
        } else {
            assert!(!member_ids(&hosts[0].bus, topic).await.contains(&"id".to_owned()));
        }
    }
    for topic in topics {
        hosts[1].publish(topic, topic).await;
        while heard(witness).await != *topic {}
    }
    let said = until_marker(&hosts[1], socket).await;
    let heard: Vec<_> = said.iter().filter(|said| !said.starts_with("probe")).collect();
    let expected: Vec<_> = topics.iter().filter(|t| subscribed.contains(&t.to_string())).collect();
    assert_eq!(heard, expected, "of {subscribed:?}");
}

/// Each host changes one channel's topics as it likes, at the same time.
pub(crate) async fn hosts_that_change_one_channels_topics_end_in_agreement(h: &Harness) {
    let hosts = [Host::ours(h), Host::other(h).await];
    let topics = ["t", "u", "v"];
    let mut socket = hosts[0].attach("id").await;
    let mut witness = hosts[0].attach("witness").await;
    for topic in topics {
        hosts[0].bus.subscribe(topic, "witness", None).await.unwrap();
    }
    for round in 0..10_usize {
        let mut changes = JoinSet::new();
        for (n, host) in hosts.iter().enumerate() {
            let host = Host::new(host.services.clone());
            changes.spawn(async move {
                for m in 0..12_usize {
                    // No two rounds end alike, and no two hosts do the same.
                    let topic = topics[(m * (n + 1) + round) % 3];
                    if (m + n + round + m / 3) % 2 == 0 {
                        host.bus.subscribe(topic, "id", None).await.unwrap();
                    } else {
                        host.bus.unsubscribe(topic, "id").await.unwrap();
                    }
                    if (m + round) % 5 == 0 {
                        host.services.delivery().heartbeat().await;
                    }
                }
            });
        }
        changes.join_all().await;
        assert_agrees(&hosts, &mut socket, &mut witness, &topics).await;
    }
}

/// The same with positions, so that the socket catches up while that changes.
pub(crate) async fn hosts_that_catch_up_one_channel_end_in_agreement(h: &Harness) {
    let hosts = [Host::ours(h), Host::other(h).await];
    let since = hosts[0].keep("t", "probe of old").await.to_string();
    for n in 0..20 {
        hosts[0].keep("t", &format!("probe {n} of old")).await;
    }
    let mut socket = hosts[0].attach("id").await;
    let mut witness = hosts[0].listen("witness", "t").await;
    for round in 0..24_usize {
        let mut changes = JoinSet::new();
        for (n, host) in hosts.iter().enumerate() {
            let (host, since) = (Host::new(host.services.clone()), since.clone());
            changes.spawn(async move {
                for m in 0..4_usize {
                    let since = (m % 2 == round % 2).then_some(since.as_str());
                    match (m + n + round) % 3 {
                        0 => drop(host.bus.unsubscribe("t", "id").await.unwrap()),
                        _ => drop(host.bus.subscribe("t", "id", since).await.unwrap()),
                    }
                }
            });
        }
        // It reads meanwhile, as a socket does.
        let ends = async {
            changes.join_all().await;
            hosts[0].send("id", "the end").await;
        };
        let reads = async { while heard(&mut socket).await != "the end" {} };
        tokio::join!(ends, reads);
        assert_agrees(&hosts, &mut socket, &mut witness, &["t"]).await;
    }
}

/// A channel that is removed and added again by another host, while it is
/// subscribed: what is left is what the store says.
pub(crate) async fn a_removal_amid_changes_leaves_no_receiver(h: &Harness) {
    let hosts = [Host::ours(h), Host::other(h).await];
    let mut witness = hosts[0].listen("witness", "t").await;
    for n in 0..10 {
        let mut socket = hosts[0].attach("id").await;
        let id = ids(&["id"]);
        let (one, two, removed) = tokio::join!(
            hosts[0].bus.subscribe("t", "id", None),
            hosts[1].bus.subscribe("t", "id", None),
            hosts[1].channels.remove(&id),
        );
        for result in [one, two] {
            assert!(matches!(result, Ok(_) | Err(Error::NotFound)), "{result:?}");
        }
        assert_eq!(removed.unwrap(), 1);
        assert_eq!(closed(&mut socket).await.code, 1000);
        hosts[1].publish("t", &n.to_string()).await;
        assert_eq!(heard(&mut witness).await, n.to_string());
        assert_eq!(member_ids(&hosts[0].bus, "t").await, ["witness"]);
        drop(socket);
        hosts[1].channels.add("id", "1", None).await.unwrap();
        assert_eq!(hosts[0].bus.topics("id").await.unwrap(), ids(&[]));
        hosts[1].channels.remove(&ids(&["id"])).await.unwrap();
    }
}
