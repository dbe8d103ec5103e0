//! A cluster: calls go to where their keys are, also while that changes.

use satama_tests::Cluster;

use crate::PATIENCE;
use crate::subscribe::Ears;

#[tokio::test]
async fn starts() {
    let start = std::time::Instant::now();
    let cluster = Cluster::with_replicas().await;
    eprintln!("{:?}", start.elapsed());
    let mut ears = Ears::at(&cluster.url(), PATIENCE).await;
    for n in 0..10 {
        let name = n.to_string();
        ears.subscribe(&name).await;
        assert_eq!(ears.publish(&name, "x").await, 1);
        ears.expect(&name, "x").await;
    }
}
