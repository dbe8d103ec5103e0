//! What every `secret::Store` must do, as its holder sees it, and as an operator does.

mod audit;
mod cached;
mod credential;
mod keys;
mod limit;
mod list;
mod many;
mod race;
mod reference;
mod retire;
mod right;
mod rotation;
mod uses;
mod version;

use std::sync::Arc;

use satama::Services;
use satama::grant::{Grant, Names, Scope, SecretGrant, Shelf};
use satama::secret::{
    Actor, Error, Event, Keyring, Keys, Metadata, Page, Secret, Upkeep as _, Value, Vault,
};
use satama_tests::{Harness, all_secrets, grant};
use tokio::task::JoinSet;

pub(crate) use self::audit::*;
pub(crate) use self::cached::*;
pub(crate) use self::credential::*;
pub(crate) use self::keys::*;
pub(crate) use self::limit::*;
pub(crate) use self::list::*;
pub(crate) use self::many::*;
pub(crate) use self::race::*;
pub(crate) use self::reference::*;
pub(crate) use self::retire::*;
pub(crate) use self::right::*;
pub(crate) use self::rotation::*;
pub(crate) use self::uses::*;
pub(crate) use self::version::*;

/// A tenant's secrets, or the credentials of one of its users, on one host.
#[derive(Debug, Clone)]
struct Hand {
    services: Services,
    grant: Arc<Grant>,
    user: Option<String>,
    actor: Actor,
}

/// The secrets of tenant `t`, and the credentials of its user `ann`: most of what is
/// true of the ones is true of the others.
fn both(h: &Harness) -> [Hand; 2] {
    let hand = Hand::new(&h.services, "t");
    [hand.clone(), hand.of("ann")]
}

/// The secrets of tenant `t`.
fn secrets(h: &Harness) -> Hand {
    Hand::new(&h.services, "t")
}

/// Another host on the same store, with these keys.
async fn host_with(h: &Harness, ring: Keyring) -> Services {
    h.builder().keys(Keys::fixed(ring)).build().await.unwrap()
}

fn names(patterns: &[&str]) -> Names {
    Names::new(patterns.iter().copied()).unwrap()
}

fn actor(instance: &str) -> Actor {
    let digest = format!("sha256:{}", "5a".repeat(32));
    Actor { component: "case".into(), digest, instance: instance.into() }
}

impl Hand {
    /// Every right to the secrets of `tenant`.
    fn new(services: &Services, tenant: &str) -> Self {
        let grant = Arc::new(grant(tenant));
        Self { services: services.clone(), grant, user: None, actor: actor("1") }
    }

    /// The credentials of `user` instead.
    fn of(self, user: &str) -> Self {
        Self { user: Some(user.to_owned()), ..self }
    }

    /// The same on another host.
    fn on(&self, services: &Services) -> Self {
        Self { services: services.clone(), ..self.clone() }
    }

    /// The same for another tenant with these rights.
    fn granted(&self, tenant: &str, granted: SecretGrant) -> Self {
        let grant = grant(tenant).with_secret(granted.clone()).with_credential(granted);
        Self { grant: Arc::new(grant), ..self.clone() }
    }

    /// The same, where `keep` versions are kept.
    fn keeping(&self, keep: u32) -> Self {
        self.granted("t", SecretGrant { keep: Some(keep), ..all_secrets() })
    }

    /// The same for another instance of the component.
    fn by(self, instance: &str) -> Self {
        Self { actor: actor(instance), ..self }
    }

    fn vault(&self) -> &Vault {
        self.services.secret()
    }

    fn shelf(&self) -> &Shelf {
        if self.user.is_some() { self.grant.credential() } else { self.grant.secret() }
    }

    fn scope(&self) -> Scope {
        self.shelf().scope().clone()
    }

    fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    async fn try_put(&self, name: &str, value: impl AsRef<[u8]>) -> Result<u64, Error> {
        let value = Value::new(value.as_ref().to_vec());
        self.vault().put(self.shelf(), name, self.user(), &value, &self.actor).await
    }

    async fn put(&self, name: &str, value: impl AsRef<[u8]>) -> u64 {
        self.try_put(name, value).await.unwrap()
    }

    async fn get(&self, name: &str) -> Result<Secret, Error> {
        self.vault().get(self.shelf(), name, self.user(), None, &self.actor).await
    }

    async fn at(&self, name: &str, version: u64) -> Result<Secret, Error> {
        self.vault().get(self.shelf(), name, self.user(), Some(version), &self.actor).await
    }

    async fn reveal(&self, secret: &Secret) -> Vec<u8> {
        self.vault().reveal(secret, &self.actor).await.unwrap()
    }

    /// The newest value; none if there is no such secret.
    async fn value(&self, name: &str) -> Option<Vec<u8>> {
        self.open(self.get(name).await).await
    }

    /// The value of a version; none if it is not there.
    async fn value_at(&self, name: &str, version: u64) -> Option<Vec<u8>> {
        self.open(self.at(name, version).await).await
    }

    async fn open(&self, got: Result<Secret, Error>) -> Option<Vec<u8>> {
        match got {
            Ok(secret) => Some(self.reveal(&secret).await),
            Err(Error::NotFound) => None,
            Err(err) => panic!("{}", satama::chain(&err)),
        }
    }

    async fn exists(&self, name: &str) -> bool {
        self.vault().exists(self.shelf(), name, self.user()).await.unwrap()
    }

    async fn describe(&self, name: &str) -> Result<Metadata, Error> {
        self.vault().describe(self.shelf(), name, self.user()).await
    }

    async fn try_delete(&self, name: &str) -> Result<bool, Error> {
        self.vault().delete(self.shelf(), name, self.user(), &self.actor).await
    }

    async fn delete(&self, name: &str) -> bool {
        self.try_delete(name).await.unwrap()
    }

    async fn try_page(&self, after: Option<&str>, limit: u32) -> Result<Page, Error> {
        match self.user() {
            None => self.vault().names(self.shelf(), after, limit).await,
            Some(user) => self.vault().of_user(self.shelf(), user, after, limit).await,
        }
    }

    /// All names, read in pages of `limit`, each of which is in order.
    async fn names(&self, limit: u32) -> Vec<String> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.try_page(after.as_deref(), limit).await.unwrap();
            assert!(page.names.len() <= limit as usize, "{page:?}");
            all.extend(page.names);
            match page.next {
                Some(next) => after = Some(next),
                None => return all,
            }
        }
    }

    /// What was recorded of this shelf, the newest first.
    async fn events(&self) -> Vec<Event> {
        self.vault().store().events(self.shelf().scope(), 100_000).await.unwrap()
    }
}

/// Runs `racer` many times at once, on two hosts of the same store.
async fn race<T, R>(h: &Harness, hand: &Hand, racer: impl Fn(usize, Hand) -> R) -> Vec<T>
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let hosts = [hand.services.clone(), h.other_host().await];
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        racers.spawn(racer(n, hand.on(&hosts[n % 2])));
    }
    racers.join_all().await
}

const RACERS: usize = 32;
