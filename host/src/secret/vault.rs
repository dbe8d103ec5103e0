//! Secrets by name: limits, encryption, the store.

use std::fmt;

use super::*;

impl Vault {
    /// Secrets on `store`, with no keys: every call that needs one fails.
    pub fn new(store: Backend, clock: Clock) -> Self {
        Self { store: Arc::new(store), keys: None, opened: None, clock }
    }

    /// With these keys.
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Keeps the values that were decrypted for `ttl`, in this process's memory.
    pub fn with_cache(mut self, ttl: Duration) -> Self {
        self.opened = Some(Opened::new(ttl, self.clock.clone()));
        self
    }

    /// The keys, if there are any.
    pub fn keys(&self) -> Result<&Keys, Error> {
        self.keys.as_ref().ok_or(Error::NoKeyring)
    }

    /// What keeps the secrets: for what an operator does, and for tests. No grant is
    /// asked for there.
    #[doc(hidden)]
    pub fn store(&self) -> &Backend {
        &self.store
    }

    /// The newest version of a secret, or the one that is asked for.
    pub async fn get(
        &self,
        shelf: &Shelf,
        name: &str,
        user: Option<&str>,
        version: Option<u64>,
        actor: &Actor,
    ) -> Result<Secret, Error> {
        check_user(user)?;
        let item = match shelf.item(name, user, Right::Read) {
            Ok(item) => item,
            Err(refused) => {
                self.record_refused(shelf, &[name], user, Action::Read, actor).await?;
                return Err(Error::Hidden(refused));
            }
        };
        let mut found = self.read(vec![(item, version)], actor).await?;
        found.pop().flatten().ok_or(Error::NotFound)
    }

    /// The newest version of each secret; none for those that are not there, and for
    /// those that may not be read.
    pub async fn get_many(
        &self,
        shelf: &Shelf,
        names: &[String],
        actor: &Actor,
    ) -> Result<Vec<Option<Secret>>, Error> {
        Refused::over("the list of secrets", names.len(), MANY_MAX)?;
        let mut places = Vec::with_capacity(names.len());
        let mut wanted = Vec::with_capacity(names.len());
        let mut refused = Vec::new();
        for (at, name) in names.iter().enumerate() {
            match shelf.item(name, None, Right::Read) {
                Ok(item) => {
                    places.push(at);
                    wanted.push((item, None));
                }
                Err(_) => refused.push(name.as_str()),
            }
        }
        self.record_refused(shelf, &refused, None, Action::Read, actor).await?;
        let mut all: Vec<_> = names.iter().map(|_| None).collect();
        for (at, found) in places.into_iter().zip(self.read(wanted, actor).await?) {
            all[at] = found;
        }
        Ok(all)
    }

    async fn read(
        &self,
        wanted: Vec<(Item<'_>, Option<u64>)>,
        actor: &Actor,
    ) -> Result<Vec<Option<Secret>>, Error> {
        let keys = self.keys()?;
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let kept = |item: &Item<'_>| self.opened.as_ref().and_then(|opened| opened.find(item));
        let kept: Vec<_> = wanted.iter().map(|(item, _)| kept(item)).collect();
        let known = |kept: &Option<(u64, _)>| kept.as_ref().map(|(version, _)| *version);
        let reads: Vec<_> = wanted
            .iter()
            .zip(&kept)
            .map(|((item, version), kept)| Read {
                item: item.clone(),
                version: *version,
                known: known(kept),
            })
            .collect();
        let found = match self.store.read(&reads, actor).await {
            Ok(found) => found,
            Err(err) => return Err(self.unread(&reads, err, actor).await?),
        };
        for (read, found) in reads.iter().zip(&found) {
            let version = found.as_ref().map(|stored| stored.version).or(read.version);
            let outcome = if found.is_some() { "ok" } else { "not-found" };
            trace(&read.item, actor, Action::Read, version.unwrap_or(0), outcome);
        }
        let mut all = Vec::with_capacity(found.len());
        for ((read, kept), found) in reads.iter().zip(kept).zip(found) {
            let Some(Stored { version, sealed }) = found else {
                self.forget(read);
                all.push(None);
                continue;
            };
            let value = match (sealed, kept) {
                (None, Some((_, value))) => value,
                (None, None) => return Err(malformed(&read.item)),
                (Some(sealed), _) => self.open(keys, read, version, &sealed, actor).await?,
            };
            all.push(Some(Secret::new(&read.item, version, value)));
        }
        Ok(all)
    }

    /// The error of a read. What the store cannot make sense of is recorded as what does
    /// not open.
    async fn unread(
        &self,
        reads: &[Read<'_>],
        err: StoreError,
        actor: &Actor,
    ) -> Result<Error, Error> {
        let err = err.into();
        let is_it = |read: &&Read<'_>| match &err {
            Error::Undecryptable { id, .. } => read.item.id() == id,
            _ => false,
        };
        if let Some(Read { item, version, .. }) = reads.iter().find(is_it) {
            self.record_undecryptable(item, version.unwrap_or(0), &err, actor).await?;
        }
        Ok(err)
    }

    async fn record_undecryptable(
        &self,
        item: &Item<'_>,
        version: u64,
        err: &Error,
        actor: &Actor,
    ) -> Result<(), Error> {
        let (action, outcome) = (Action::Read, err.outcome());
        let entry = Entry { action, id: item.id(), version, outcome };
        self.record(item.scope(), &[(item.shard(), entry)], actor).await
    }

    /// Decrypts what was read. That it did not open is recorded as well.
    async fn open(
        &self,
        keys: &Keys,
        read: &Read<'_>,
        version: u64,
        sealed: &Sealed,
        actor: &Actor,
    ) -> Result<Arc<Value>, Error> {
        let item = &read.item;
        let identity = record::Identity { scope: item.scope(), id: item.id(), version };
        match record::open(keys, identity, sealed).await {
            Ok(value) => {
                let value = Arc::new(value);
                if let (Some(opened), None) = (&self.opened, read.version) {
                    opened.keep(item, version, &value);
                }
                Ok(value)
            }
            Err(err) => {
                self.record_undecryptable(item, version, &err, actor).await?;
                Err(err)
            }
        }
    }

    /// Whether there is such a secret, for who may read it.
    pub async fn exists(
        &self,
        shelf: &Shelf,
        name: &str,
        user: Option<&str>,
    ) -> Result<bool, Error> {
        match self.describe(shelf, name, user).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound | Error::Hidden(_)) => Ok(false),
            Err(err) => Err(err),
        }
    }

    /// What is known of a secret.
    pub async fn describe(
        &self,
        shelf: &Shelf,
        name: &str,
        user: Option<&str>,
    ) -> Result<Metadata, Error> {
        check_user(user)?;
        let item = shelf.item(name, user, Right::Read).map_err(Error::Hidden)?;
        let Some(Description { first, versions }) = self.store.describe(&item).await? else {
            return Err(Error::NotFound);
        };
        let version = versions.last().copied().ok_or_else(|| malformed(&item))?;
        Ok(Metadata { version, created_ms: first / 1000, updated_ms: version / 1000, versions })
    }

    /// Makes `value` the newest version of a secret, and returns that version.
    pub async fn put(
        &self,
        shelf: &Shelf,
        name: &str,
        user: Option<&str>,
        value: &Value,
        actor: &Actor,
    ) -> Result<u64, Error> {
        check_user(user)?;
        Refused::over("a secret", value.reveal().len(), shelf.value_bytes_max())?;
        crate::grant::check_name(name)?;
        let item = self.writable(shelf, name, user, Action::Write, actor).await?;
        let keys = self.keys()?;
        let (mut floor, mut read_again) = (0, true);
        for _ in 0..PUT_TRIES {
            let version = self.version_after(floor);
            let identity = record::Identity { scope: item.scope(), id: item.id(), version };
            let sealed = record::seal(keys, identity, value).await.map_err(Error::Keys)?;
            match self.store.put(&item, version, &sealed, actor).await {
                Ok(Put::Done) => {
                    trace(&item, actor, Action::Write, version, "ok");
                    if let Some(opened) = &self.opened {
                        opened.forget(&item);
                    }
                    return Ok(version);
                }
                // Not the next one, which all would choose who have the same clock.
                Ok(Put::Stale(newest)) => floor = newest + u64::from(seal::random::<1>()[0]),
                // The operator has another primary key by now.
                Err(StoreError::Barred(_)) if read_again => {
                    read_again = false;
                    keys.read_again().await;
                }
                Err(err) => return Err(err.into()),
            }
        }
        let source = "many hosts write this secret at once".into();
        Err(Error::Unavailable(Unavailable { store: "secret", source }))
    }

    /// A version above `floor`, by this host's clock if that is ahead.
    fn version_after(&self, floor: u64) -> u64 {
        let now = self.clock.micros();
        // Lua's numbers hold versions to 2^53, which is in the year 2255.
        if now < 1 << 53 { now.max(floor + 1) } else { floor + 1 }
    }

    /// Forgets a secret with all its versions. True if there was one.
    pub async fn delete(
        &self,
        shelf: &Shelf,
        name: &str,
        user: Option<&str>,
        actor: &Actor,
    ) -> Result<bool, Error> {
        check_user(user)?;
        let item = self.writable(shelf, name, user, Action::Delete, actor).await?;
        let deleted = self.store.delete(&item, actor).await?;
        trace(&item, actor, Action::Delete, 0, if deleted { "ok" } else { "not-found" });
        if let Some(opened) = &self.opened {
            opened.forget(&item);
        }
        Ok(deleted)
    }

    /// The item, if it may be written.
    async fn writable<'a>(
        &self,
        shelf: &'a Shelf,
        name: &'a str,
        user: Option<&'a str>,
        action: Action,
        actor: &Actor,
    ) -> Result<Item<'a>, Error> {
        match shelf.item(name, user, Right::Write) {
            Ok(item) => Ok(item),
            Err(refused) => {
                self.record_refused(shelf, &[name], user, action, actor).await?;
                Err(refused.into())
            }
        }
    }

    /// Records that somebody tried what is not granted.
    async fn record_refused(
        &self,
        shelf: &Shelf,
        names: &[&str],
        user: Option<&str>,
        action: Action,
        actor: &Actor,
    ) -> Result<(), Error> {
        if names.is_empty() {
            return Ok(());
        }
        let prefix = user.map(Shelf::user_prefix).unwrap_or_default();
        // What was asked for may be anything, and of any length.
        let id = |name: &&str| prefix.chars().chain(name.chars().take(128)).collect::<String>();
        let ids: Vec<_> = names.iter().map(id).collect();
        let entries = names.iter().zip(&ids).map(|(name, id)| {
            let entry = Entry { action, id, version: 0, outcome: "access-denied" };
            (shelf.shard_of(user.unwrap_or(name)), entry)
        });
        self.record(shelf.scope(), &entries.collect::<Vec<_>>(), actor).await
    }

    pub(super) async fn record(
        &self,
        scope: &crate::grant::Scope,
        entries: &[(u8, Entry<'_>)],
        actor: &Actor,
    ) -> Result<(), Error> {
        self.store.record(scope, entries, actor).await?;
        for (_, entry) in entries {
            audit::trace(scope.path(), actor, *entry);
        }
        Ok(())
    }

    fn forget(&self, read: &Read<'_>) {
        if let (Some(opened), None) = (&self.opened, read.version) {
            opened.forget(&read.item);
        }
    }
}

impl Secret {
    fn new(item: &Item<'_>, version: u64, value: Arc<Value>) -> Self {
        Self {
            scope: item.scope().clone(),
            shard: item.shard(),
            id: item.id().into(),
            version,
            value,
            may_be_revealed: item.may_be_revealed(),
            held: None,
        }
    }

    /// Counts the value among `all` that an instance holds, if there is room for it.
    pub(super) fn hold(&mut self, all: &Arc<AtomicU64>) -> Result<(), Refused> {
        let bytes = self.value.reveal().len() as u64;
        let more = |held| Some(held + bytes).filter(|held| *held <= HELD_BYTES_MAX);
        all.try_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .map_err(|_| Refused::Quota("bytes of secrets held"))?;
        self.held = Some(Held { all: all.clone(), bytes });
        Ok(())
    }

    /// Which version it is.
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut secret = f.debug_struct("Secret");
        secret.field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}

pub(super) fn check_user(user: Option<&str>) -> Result<(), Refused> {
    user.map_or(Ok(()), |user| Refused::over("a user", user.len(), USER_BYTES_MAX))
}

fn trace(item: &Item<'_>, actor: &Actor, action: Action, version: u64, outcome: &str) {
    let entry = Entry { action, id: item.id(), version, outcome };
    audit::trace(item.scope().path(), actor, entry);
}

fn malformed(item: &Item<'_>) -> Error {
    let source = Unopened::Malformed("it has no value");
    Error::Undecryptable { id: item.id().to_owned(), source }
}
