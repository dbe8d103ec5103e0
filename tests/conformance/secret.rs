//! What every store of secrets does.

use satama::secret::{Actor, Error, Value, Vault};
use satama_tests::{Harness, grant};

fn actor() -> Actor {
    Actor { component: "case".into(), digest: String::new(), instance: "1".into() }
}

fn vault(harness: &Harness) -> &Vault {
    harness.services.secret()
}

pub(crate) async fn a_secret_is_read_as_it_was_put(harness: &Harness) {
    let grant = grant("t");
    let (vault, shelf, actor) = (vault(harness), grant.secret(), actor());
    let value = Value::new(b"value".to_vec());
    let version = vault.put(shelf, "a", None, &value, &actor).await.unwrap();
    let secret = vault.get(shelf, "a", None, None, &actor).await.unwrap();
    assert_eq!(secret.version(), version);
    assert_eq!(vault.reveal(&secret, &actor).await.unwrap(), b"value");
    assert_eq!(vault.names(shelf, None, 10).await.unwrap().names, ["a"]);
    let described = vault.describe(shelf, "a", None).await.unwrap();
    assert_eq!(described.versions, [version]);
    assert!(vault.delete(shelf, "a", None, &actor).await.unwrap());
    let gone = vault.get(shelf, "a", None, None, &actor).await;
    assert!(matches!(gone, Err(Error::NotFound)));
}
