//! The rights of a Redis user who is to serve one tenant, and no other.
//!
//! What confines the user is the key: it begins with the tenant, escaped, so that no
//! tenant's prefix is another's (<https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/>).

use crate::grant::{Grant, Scope};
use crate::{cache, channel, hub, secret, session, workflow};

/// What every service uses: to connect, to run scripts, to publish and to subscribe. In
/// a cluster also to learn who has which slot, behind Sentinels who is the master.
const COMMANDS: [&str; 12] = [
    "ping",
    "info",
    "role",
    "select",
    "evalsha",
    "script|load",
    "ssubscribe",
    "sunsubscribe",
    "spublish",
    "cluster|slots",
    "cluster|shards",
    "asking",
];

/// Commands for `redis-cli` that make `user` one who can do all that the services do
/// for the tenant of `grant`, and nothing else. The last one is the user's; those before
/// claim the formats of the services, which the user may read and not write.
///
/// The user's password is left as it is: a new user has none, and cannot log in.
pub fn redis_acl(grant: &Grant, user: &str) -> Vec<String> {
    let services = [
        ("cache", cache::RedisStore::FORMAT, cache::RedisStore::COMMANDS),
        ("session", session::RedisStore::FORMAT, session::RedisStore::COMMANDS),
        ("channel", channel::RedisStore::FORMAT, channel::RedisStore::COMMANDS),
        ("hub", hub::RedisStore::FORMAT, hub::RedisStore::COMMANDS),
        ("secret", secret::RedisStore::FORMAT, secret::RedisStore::COMMANDS),
        ("workflow", workflow::RedisStore::FORMAT, workflow::RedisStore::COMMANDS),
    ];
    let mut commands: Vec<&str> = COMMANDS.to_vec();
    let mut lines = Vec::new();
    for (service, format, used) in services {
        // Every host opens all services, whatever its tenants are granted.
        lines.push(format!("SET satama:format:{service} {format} NX"));
        if grant.links(service) || (service == "workflow" && grant.links("run")) {
            commands.extend(used);
        }
    }
    for shelf in [grant.secret(), grant.credential()] {
        if !shelf.granted().write.is_empty() {
            lines.push(secret::RedisStore::registration(shelf.scope()));
        }
    }
    commands.sort_unstable();
    commands.dedup();
    let commands: Vec<_> = commands.iter().map(|command| format!("+{command}")).collect();
    let tenant = Scope::tenant_prefix(grant.tenant());
    lines.push(format!(
        "ACL SETUSER {user} on resetkeys resetchannels clearselectors -@all ~{tenant}* &{tenant}* \
         {} (%R~satama:format:* +get) (%R~{{satama:secret}}scopes +sismember) (%R~{{satama:secret}}barred +smembers)",
        commands.join(" ")
    ));
    lines
}
