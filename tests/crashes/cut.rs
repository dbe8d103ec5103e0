//! Replies that are cut off at each of their bytes, with the connection that they came on: the
//! server has done what was asked, and the worker cannot know.

use satama_tests::RedisServer;

use super::case::{Case, Sends};
use super::ground::{Ground, LEASE, Store, host_at, work};
use super::wire::Wire;

/// Longer than the reply to a write, which has no news.
const OFFSETS: usize = 48;

/// Fewer replies than a run brings.
const REPLIES: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_is_cut_at_each_byte() {
    let server = RedisServer::start();
    let wire = Wire::before(&server);
    let ground = Ground::on(Store::Redis(server)).await;
    let host = host_at(&wire.url()).await;
    let worker = work(&host, "t", LEASE).await;
    let case = Case { name: "kinds", workflow: "kinds", input: "null", sends: Sends::Nothing };
    let runs = ground.runs("t");
    let run = case.start(&runs).await;
    let whole = case.outcome(&ground, "t", &run).await;
    let mut cuts = 0;
    for bytes in 0..OFFSETS {
        let replies = bytes * 7 % REPLIES;
        wire.cut(replies, bytes);
        let run = case.start(&runs).await;
        let done = case.outcome(&ground, "t", &run).await;
        assert_eq!(done.history, whole.history, "cut after {replies} replies and {bytes} bytes");
        cuts += usize::from(wire.is_cut());
    }
    assert!(cuts > OFFSETS / 2, "only {cuts} replies were cut");
    worker.stop().await;
}
