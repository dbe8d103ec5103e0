//! What is wrong with an address, judged by what the server says, and how to put it
//! right.

use redis::{ErrorKind, RedisError};

/// Why an address cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(super) struct Explained {
    what: &'static str,
    #[source]
    source: RedisError,
}

/// The error, with advice if there is any.
pub(super) fn explain(err: RedisError, tls: bool) -> Box<dyn std::error::Error + Send + Sync> {
    match advice(&err, tls) {
        Some(what) => Explained { what, source: err }.into(),
        None => err.into(),
    }
}

/// What servers and rustls say has no codes for most of this, so it is told by words of
/// theirs. Where they say it otherwise, what they say is all there is.
fn advice(err: &RedisError, tls: bool) -> Option<&'static str> {
    let said = err.to_string();
    let says = |words: &[&str]| words.iter().any(|words| said.contains(words));
    let advice = if says(&["WRONGPASS"]) || err.kind() == ErrorKind::AuthenticationFailed {
        "the user or the password is wrong"
    } else if says(&["NOAUTH"]) {
        "the server asks for a password; write USER:PASSWORD@ before the host"
    } else if says(&["max number of clients"]) {
        "the server has as many clients as its `maxclients` allows; raise that, or stop some"
    } else if says(&["cluster support disabled"]) {
        "the server is not in a cluster; write redis:// for redis+cluster://"
    } else if says(&["unknown command 'SENTINEL'"]) {
        "the server is not a Sentinel; write redis:// and no master's name"
    } else if says(&["DB index is out of range"]) {
        "the server has no database of this number; its setting `databases` tells how many"
    } else if says(&["NOPERM", "no permissions"]) {
        "the user may not do what the services do; `satama redis-acl` prints what it needs"
    } else if tls && says(&["UnknownIssuer", "BadSignature", "CaUsedAsEndEntity"]) {
        "the server's certificate is by an authority that is not trusted here; name it with ?ca=FILE"
    } else if tls && says(&["NotValidForName", "not valid for name"]) {
        "the server's certificate is for another host than the address names"
    } else if tls && says(&["CertificateRequired", "HandshakeFailure", "certificate required"]) {
        "the server asks for a certificate; name one with ?cert=FILE&key=FILE"
    } else if tls && says(&["UnknownCA", "BadCertificate", "DecryptError"]) {
        "the server does not trust the certificate that `cert` names"
    } else if tls && says(&["within the deadline"]) {
        "the server did not answer; if it does not speak TLS at this port, write redis:// for rediss://"
    } else if tls && (says(&["corrupt message", "InvalidContentType"]) || hung_up(err)) {
        "the server does not speak TLS at this port; write redis:// for rediss://, or its `tls-port`"
    } else if says(&["within the deadline"]) {
        return None;
    } else if hung_up(err) {
        "the server hung up: it may speak TLS at this port, which is rediss:// for redis://"
    } else {
        return None;
    };
    Some(advice)
}

/// It accepted, and then closed.
fn hung_up(err: &RedisError) -> bool {
    err.is_connection_dropped() && !err.is_connection_refusal()
}
