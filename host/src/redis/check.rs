//! Settings with which a server loses what services were told was kept.

use std::collections::HashMap;
use std::sync::Arc;

use redis::{Cmd, FromRedisValue, RedisError};

use super::link::Link;
use crate::store_url::without_password;

/// What is asked for. A server tells what it knows of these.
const SETTINGS: [&str; 6] =
    ["maxmemory", "maxmemory-policy", "save", "appendonly", "appendfsync", "min-replicas-to-write"];

/// A setting, what is lost with it, and what to set instead.
type Warning = (String, &'static str, &'static str);

/// Warns of each setting of the masters that loses data, once.
pub(super) async fn warn(masters: &[Arc<Link>], url: &str) {
    let store = without_password(url);
    let mut told = Vec::new();
    for master in masters {
        match warnings_of(master).await {
            Ok(found) => {
                for warning in found {
                    if !told.contains(&warning) {
                        let (setting, loss, fix) = &warning;
                        tracing::warn!(%store, "the server's setting `{setting}`: {loss}; {fix}");
                        told.push(warning);
                    }
                }
            }
            // A provider may have hidden or renamed it, or the user may not ask.
            Err(why) => {
                tracing::info!(%store, "the server does not tell its settings, which are \
                    therefore not checked: {why}");
                return;
            }
        }
    }
}

async fn warnings_of(master: &Link) -> Result<Vec<Warning>, RedisError> {
    let mut get = redis::cmd("CONFIG");
    get.arg("GET").arg(&SETTINGS);
    let settings: HashMap<String, String> = ask(master, &get).await?;
    let replication: String = ask(master, redis::cmd("INFO").arg("replication")).await?;
    let mut lines = replication.lines();
    let replicas = lines.find_map(|line| line.strip_prefix("connected_slaves:")).unwrap_or("0");
    Ok(warnings(&settings, replicas))
}

async fn ask<T: FromRedisValue>(master: &Link, cmd: &Cmd) -> Result<T, RedisError> {
    Ok(redis::from_redis_value(master.send(cmd).await?.extract_error()?)?)
}

fn warnings(settings: &HashMap<String, String>, replicas: &str) -> Vec<Warning> {
    // What a server does not know, it does not do.
    let is = |name: &str, values: &[&str]| {
        settings.get(name).is_none_or(|value| values.contains(&value.as_str()))
    };
    let line = |name: &str| {
        let value = settings.get(name).map_or("", String::as_str);
        if value.is_empty() { format!("{name} \"\"") } else { format!("{name} {value}") }
    };
    let mut found = Vec::new();
    let mut add = |setting, loss, fix| found.push((setting, loss, fix));
    if !is("maxmemory", &["0"]) && !is("maxmemory-policy", &["noeviction"]) {
        add(
            line("maxmemory-policy"),
            "when the server is full, it forgets sessions and whatever else it likes, unasked",
            "set `maxmemory-policy noeviction`, or put the cache alone on this server",
        );
    }
    if !is("appendonly", &["yes"]) && is("save", &[""]) {
        add(line("appendonly"), "when the server ends, everything is lost", "set `appendonly yes`");
    } else if !is("appendonly", &["yes"]) {
        add(
            line("appendonly"),
            "when the server ends unexpectedly, all writes since its last snapshot are lost",
            "set `appendonly yes`",
        );
    } else if !is("appendfsync", &["always", "everysec"]) {
        add(
            line("appendfsync"),
            "when the machine ends unexpectedly, the writes of half a minute or so are lost",
            "set `appendfsync everysec`, or `always`",
        );
    }
    if replicas != "0" && is("min-replicas-to-write", &["0"]) {
        add(
            line("min-replicas-to-write"),
            "a master that is cut off goes on to accept writes, which are lost at the failover",
            "set `min-replicas-to-write 1`",
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(changes: &[(&str, &str)], replicas: &str) -> Vec<String> {
        let good = [
            ("maxmemory", "0"),
            ("maxmemory-policy", "noeviction"),
            ("save", "3600 1"),
            ("appendonly", "yes"),
            ("appendfsync", "everysec"),
            ("min-replicas-to-write", "0"),
        ];
        let settings = good.iter().chain(changes);
        let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
        let warnings = warnings(&settings.collect(), replicas);
        warnings.into_iter().map(|(setting, ..)| setting).collect()
    }

    #[test]
    fn what_loses_data_is_told() {
        assert!(of(&[], "0").is_empty());
        assert!(of(&[("min-replicas-to-write", "1")], "2").is_empty());
        assert_eq!(of(&[], "1"), ["min-replicas-to-write 0"]);
        let evicts = [("maxmemory", "100"), ("maxmemory-policy", "allkeys-lru")];
        assert_eq!(of(&evicts, "0"), ["maxmemory-policy allkeys-lru"]);
        // Without a limit nothing is evicted.
        assert!(of(&evicts[1..], "0").is_empty());
        assert_eq!(of(&[("appendonly", "no")], "0"), ["appendonly no"]);
        assert_eq!(of(&[("appendonly", "no"), ("save", "")], "0"), ["appendonly no"]);
        assert_eq!(of(&[("appendfsync", "no")], "0"), ["appendfsync no"]);
        assert!(warnings(&HashMap::new(), "0").is_empty());
    }
}
