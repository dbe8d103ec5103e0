//! Secrets by their values, for tests that are about what is in the store.

use satama::grant::Shelf;
use satama::secret::{Actor, Error, Value, Vault};

/// Somebody, for the audit.
pub fn actor() -> Actor {
    Actor { component: "c".into(), digest: String::new(), instance: "1".into() }
}

/// Puts a value, and returns its version.
pub async fn put_secret(
    vault: &Vault,
    shelf: &Shelf,
    name: &str,
    user: Option<&str>,
    value: &str,
) -> u64 {
    vault.put(shelf, name, user, &Value::new(value.into()), &actor()).await.unwrap()
}

/// The newest value, revealed.
pub async fn get_secret(
    vault: &Vault,
    shelf: &Shelf,
    name: &str,
    user: Option<&str>,
) -> Result<String, Error> {
    let secret = vault.get(shelf, name, user, None, &actor()).await?;
    let value = vault.reveal(&secret, &actor()).await?;
    Ok(String::from_utf8(value).unwrap())
}
