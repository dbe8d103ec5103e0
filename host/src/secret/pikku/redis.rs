//! The reference's secrets, where it keeps them: in one Redis server, under a prefix.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use redis::Value;

use super::{Error, Record, Salt};
use crate::error::Unavailable;
use crate::redis::Redis;
use crate::services::OpenError;

/// Keys that one SCAN looks at.
const SCAN_COUNT: u32 = 1_000;

/// The reference's store.
#[derive(Debug)]
pub struct Reference {
    redis: Redis,
    prefix: String,
}

impl Reference {
    /// The secrets under `prefix` at `url`: one server, as the reference needs it.
    pub async fn connect(url: &str, prefix: &str, deadline: Duration) -> Result<Self, OpenError> {
        if url.contains("+cluster") {
            return Err(OpenError::new(url, "the reference's secrets are in one server".into()));
        }
        let redis = Redis::connect(url, deadline).await?;
        Ok(Self { redis, prefix: prefix.to_owned() })
    }

    /// The names of all its secrets. Goes through the whole server, some thousand keys a
    /// round trip, and tells `found` how many it has so far.
    pub async fn names(&self, mut found: impl FnMut(usize)) -> Result<Vec<String>, Unavailable> {
        let prefix = self.key("");
        let pattern = escape(&prefix) + "*";
        let mut names = BTreeSet::new();
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(&cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCAN_COUNT);
            scan.arg("TYPE").arg("hash");
            let (next, keys): (String, Vec<Vec<u8>>) = self.redis.query(&scan).await?;
            // SCAN may give a key twice. A key that is not UTF-8 is not the reference's.
            let keys = keys.into_iter().filter_map(|key| String::from_utf8(key).ok());
            names.extend(keys.filter_map(|key| Some(key.strip_prefix(&prefix)?.to_owned())));
            found(names.len());
            if next == "0" {
                return Ok(names.into_iter().collect());
            }
            cursor = next;
        }
    }

    /// Its salts, by key version; none for one that is malformed.
    pub async fn salts(&self) -> Result<BTreeMap<String, Result<Salt, Error>>, Unavailable> {
        let all = redis::cmd("HGETALL").arg(self.salts_key()).clone();
        let salts: BTreeMap<String, String> = self.redis.query(&all).await?;
        Ok(salts.into_iter().map(|(version, salt)| (version, salt.parse())).collect())
    }

    /// Puts a salt for a key version that has none, and returns the one that it has.
    pub async fn put_salt(&self, version: u32, salt: &str) -> Result<String, Unavailable> {
        let mut put = redis::cmd("HSETNX");
        put.arg(self.salts_key()).arg(version).arg(salt);
        self.redis.query::<Value>(&put).await?;
        Ok(self.redis.query(redis::cmd("HGET").arg(self.salts_key()).arg(version)).await?)
    }

    /// A record, or what is wrong with it; none if it is not there.
    pub async fn record(&self, name: &str) -> Result<Option<Result<Record, Error>>, Unavailable> {
        let mut read = redis::cmd("HMGET");
        read.arg(self.key(name)).arg("ciphertext").arg("wrapped_dek").arg("key_version");
        type Fields = (Option<String>, Option<String>, Option<String>);
        let (ciphertext, wrapped_dek, version): Fields = match self.redis.query(&read).await {
            Ok(fields) => fields,
            // It holds bytes, so it was not written by the reference.
            Err(err) if err.kind() == redis::ErrorKind::Parse => {
                return Ok(Some(Err(Error::Malformed(super::Part::Ciphertext))));
            }
            Err(err) => return Err(err.into()),
        };
        let Some(ciphertext) = ciphertext else { return Ok(None) };
        let (wrapped_dek, version) = (wrapped_dek.unwrap_or_default(), version.unwrap_or_default());
        Ok(Some(Record::parse(&ciphertext, &wrapped_dek, &version)))
    }

    /// Writes a record, all of it at once.
    pub async fn put(&self, name: &str, record: &Record) -> Result<(), Unavailable> {
        let mut put = redis::cmd("HSET");
        put.arg(self.key(name))
            .arg("ciphertext")
            .arg(&record.ciphertext)
            .arg("wrapped_dek")
            .arg(&record.wrapped_dek)
            .arg("key_version")
            .arg(record.key_version);
        self.redis.query::<Value>(&put).await?;
        Ok(())
    }

    fn key(&self, name: &str) -> String {
        format!("{}:secret:{name}", self.prefix)
    }

    fn salts_key(&self) -> String {
        format!("{}:kek-salt", self.prefix)
    }
}

/// What stands for itself in a pattern (<https://redis.io/docs/latest/commands/keys/>).
fn escape(text: &str) -> String {
    let special = |c| matches!(c, '*' | '?' | '[' | ']' | '^' | '\\');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_no_pattern() {
        assert_eq!(escape("app[1]:*?"), "app\\[1\\]:\\*\\?");
    }
}
