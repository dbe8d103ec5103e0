//! What the address of a Redis server may say.

use std::fs;
use std::path::PathBuf;

use redis::{ClientTlsConfig, TlsCertificates};

/// Ports of servers and of Sentinels, where none is given.
const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// An address, read.
pub(super) struct Address {
    pub(super) kind: Kind,
    pub(super) nodes: Vec<(String, u16)>,
    pub(super) login: Login,
    /// How to log in to Sentinels, which have users of their own.
    pub(super) sentinel: Login,
    pub(super) database: i64,
    pub(super) tls: Option<TlsCertificates>,
}

/// What answers at an address.
pub(super) enum Kind {
    Server,
    Socket(PathBuf),
    Cluster,
    /// Sentinels, which know the server of this name.
    Sentinel(String),
}

#[derive(Default)]
pub(super) struct Login {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
}

/// What may follow the `?`.
#[derive(Default)]
struct Parameters {
    login: Login,
    sentinel: Login,
    database: Option<String>,
    ca: Option<String>,
    cert: Option<String>,
    key: Option<String>,
}

impl Address {
    /// Reads `url`. What it says of errors quotes nothing that may be a password.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or("write it as redis://HOST:PORT")?;
        let (tls, scheme) = match scheme.strip_prefix("rediss") {
            Some(rest) => (true, format!("redis{rest}")),
            None => (false, scheme.to_owned()),
        };
        match scheme.as_str() {
            "redis+unix" | "unix" if !tls => Self::socket(rest),
            "redis" | "redis+cluster" | "redis+sentinel" => Self::network(&scheme, tls, rest),
            _ => Err("it is none of redis://, rediss://, redis+unix://, redis+cluster://, \
                      rediss+cluster://, redis+sentinel:// and rediss+sentinel://"
                .into()),
        }
    }

    fn socket(rest: &str) -> Result<Self, String> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if path.is_empty() {
            return Err("the path of its socket is missing: redis+unix:///PATH".into());
        }
        let parameters = Parameters::parse(query, &["db", "user", "pass"])?;
        Ok(Self {
            kind: Kind::Socket(decode(path)?.into()),
            nodes: Vec::new(),
            database: database(parameters.database.as_deref().unwrap_or_default())?,
            login: parameters.login,
            sentinel: Login::default(),
            tls: None,
        })
    }

    fn network(scheme: &str, tls: bool, rest: &str) -> Result<Self, String> {
        // The last one, because a password may hold one that should have been escaped.
        let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(user, rest)| (user, rest));
        if user.contains(['/', '?', '#']) {
            return Err(
                "write `/`, `?`, `#` and `@` of a user, a password or a file as %2F, %3F, \
                        %23 and %40"
                    .into(),
            );
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let sentinel = scheme == "redis+sentinel";
        let port = if sentinel { SENTINEL_PORT } else { PORT };
        let nodes = hosts.split(',').map(|host| node(host, port)).collect::<Result<Vec<_>, _>>()?;
        if scheme == "redis" && nodes.len() > 1 {
            return Err("it names more than one server; write redis+cluster:// for a cluster, \
                        redis+sentinel:// for Sentinels"
                .into());
        }
        let files = ["ca", "cert", "key"];
        let logins = ["sentinel-user", "sentinel-password"];
        let known: Vec<_> = if sentinel { [&files[..], &logins].concat() } else { files.into() };
        let parameters = Parameters::parse(query, &known)?;
        let (kind, number) = match scheme {
            "redis+cluster" => (Kind::Cluster, path),
            "redis+sentinel" => {
                let (master, number) = path.split_once('/').unwrap_or((path, ""));
                if master.is_empty() {
                    return Err(
                        "the master's name is missing: redis+sentinel://HOST:PORT/MASTER".into()
                    );
                }
                (Kind::Sentinel(decode(master)?), number)
            }
            _ => (Kind::Server, path),
        };
        let database = database(number)?;
        if matches!(kind, Kind::Cluster) && database != 0 {
            return Err("a cluster has database 0 only; leave the number out".into());
        }
        Ok(Self {
            kind,
            nodes,
            login: login(user)?,
            tls: parameters.certificates(tls)?,
            sentinel: parameters.sentinel,
            database,
        })
    }
}

impl Parameters {
    fn parse(query: &str, known: &[&str]) -> Result<Self, String> {
        let mut parameters = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&name) {
                let known = known.join("`, `");
                // Not quoted: it may be a part of what should have been escaped.
                return Err(format!("an unknown parameter follows the `?`; there are `{known}`"));
            }
            let place = match name {
                "db" => &mut parameters.database,
                "user" => &mut parameters.login.user,
                "pass" => &mut parameters.login.password,
                "sentinel-user" => &mut parameters.sentinel.user,
                "sentinel-password" => &mut parameters.sentinel.password,
                "ca" => &mut parameters.ca,
                "cert" => &mut parameters.cert,
                _ => &mut parameters.key,
            };
            if place.replace(decode(value)?).is_some() {
                return Err(format!("the parameter `{name}` is given twice"));
            }
        }
        Ok(parameters)
    }

    /// What TLS is to trust and to show; none without TLS.
    fn certificates(&self, tls: bool) -> Result<Option<TlsCertificates>, String> {
        let files = [("ca", &self.ca), ("cert", &self.cert), ("key", &self.key)];
        if !tls {
            return match files.iter().find(|(_, file)| file.is_some()) {
                Some((name, _)) => {
                    Err(format!("`{name}` is for TLS: write rediss:// for redis://"))
                }
                None => Ok(None),
            };
        }
        let root_cert = self.ca.as_ref().map(|file| pem("ca", file, "CERTIFICATE")).transpose()?;
        let client_tls = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some(ClientTlsConfig {
                client_cert: pem("cert", cert, "CERTIFICATE")?,
                client_key: pem("key", key, "PRIVATE KEY")?,
            }),
            (None, None) => None,
            (Some(_), None) => return Err("`cert` is given without its `key`".into()),
            (None, Some(_)) => return Err("`key` is given without its `cert`".into()),
        };
        Ok(Some(TlsCertificates { client_tls, root_cert }))
    }
}

/// Reads a file that must hold `what`.
fn pem(parameter: &str, file: &str, what: &str) -> Result<Vec<u8>, String> {
    let text = fs::read(file).map_err(|err| format!("cannot read `{parameter}` {file}: {err}"))?;
    let found = String::from_utf8_lossy(&text).lines().any(|line| {
        line.starts_with("-----BEGIN ") && line.trim_end().ends_with(&format!("{what}-----"))
    });
    if !found {
        return Err(format!("`{parameter}` {file} holds no {what} in PEM form"));
    }
    Ok(text)
}

fn login(user: &str) -> Result<Login, String> {
    let (user, password) = match user.split_once(':') {
        Some((user, password)) => (user, Some(decode(password)?)),
        None => (user, None),
    };
    if password.is_none() && !user.is_empty() {
        return Err("a user is given without a password: redis://USER:PASSWORD@HOST".into());
    }
    let user = (!user.is_empty()).then(|| decode(user)).transpose()?;
    Ok(Login { user, password: password.filter(|password| !password.is_empty()) })
}

fn node(text: &str, port: u16) -> Result<(String, u16), String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, Ok(port)),
            Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or(rest).parse()),
            None => return Err("a `]` is missing after an IPv6 address".into()),
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, port.parse()),
            None => (text, Ok(port)),
        },
    };
    if host.is_empty() {
        return Err("a host is missing".into());
    }
    match port {
        Ok(port) if port > 0 => Ok((host.to_owned(), port)),
        _ => Err(format!("the port of {} is no number from 1 to 65535", plain(host))),
    }
}

/// A host for people to read.
fn plain(host: &str) -> String {
    host.chars().filter(|c| c.is_ascii_alphanumeric() || ".-:".contains(*c)).collect()
}

fn database(number: &str) -> Result<i64, String> {
    if number.is_empty() {
        return Ok(0);
    }
    let parsed = number.parse::<u16>();
    parsed.map(i64::from).map_err(|_| "the database is no number: redis://HOST:PORT/0".into())
}

/// Decodes `%2F` and its like.
fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match (digit(rest.next()), digit(rest.next())) {
            (Some(high), Some(low)) => bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?')),
            _ => {
                return Err(
                    "a `%` is not followed by two hexadecimal digits; itself it is %25".into()
                );
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| "what its escapes say is not UTF-8".into())
}
