//! A tenant's file to a [`Grant`], or an error that names the line and the fix.

mod secret;
mod workflow;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use self::secret::{SecretFile, names};
use self::workflow::{RunFile, WorkflowFile};
use super::{Dir, Grant, Limits, Names, Wasi, check_name};
use crate::digest::Digest;
use crate::error::position;

/// Longest manifest that is read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// Most topics of one listener: each is a subscription of every host.
const LISTEN_TOPICS_MAX: usize = 1_000;

/// A tenant's file, checked.
#[derive(Debug)]
pub struct Manifest {
    /// What its components may touch.
    pub grant: Grant,
    /// The component it is for, if it names one; beside the manifest unless absolute.
    pub component: Option<PathBuf>,
    /// What that component must be, byte for byte, if it says so.
    pub digest: Option<Digest>,
    /// What that component listens to.
    pub listen: Vec<Listen>,
}

/// Topics that a component listens to, with one queue for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The hub, which is granted.
    pub hub: String,
    /// Exact names.
    pub topics: Vec<String>,
    /// Each message comes to one host of this group; without, to every host.
    pub group: Option<String>,
    /// Whether an instance is kept from one message to the next.
    pub kept: bool,
}

/// A manifest that cannot be used: `file:line:column: why`.
#[derive(Debug)]
pub struct ManifestError {
    /// The manifest.
    pub file: PathBuf,
    /// Line and column, from one, if the fault is in one place.
    pub at: Option<(usize, usize)>,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// A component that is not the one its manifest names.
#[derive(Debug, thiserror::Error)]
#[error("`digest` is {expected}, the component's is {is}")]
pub struct Mismatch {
    expected: Digest,
    is: Digest,
}

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tenant: Spanned<String>,
    component: Option<PathBuf>,
    digest: Option<Digest>,
    cache: Option<Cache>,
    session: Option<Session>,
    channel: Option<Channel>,
    hub: Option<Hub>,
    secret: Option<SecretFile>,
    credential: Option<SecretFile>,
    workflow: Option<WorkflowFile>,
    run: Option<RunFile>,
    wasi: Option<WasiFile>,
    limits: Option<Spanned<Limits>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cache {
    buckets: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    stores: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Channel {
    stores: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hub {
    buses: Vec<Spanned<String>>,
    #[serde(default)]
    listen: Vec<ListenFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListenFile {
    bus: Spanned<String>,
    topics: Spanned<Vec<Spanned<String>>>,
    group: Option<Spanned<String>>,
    #[serde(default)]
    instance: Instance,
}

/// The instance that a message comes to.
#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Instance {
    #[default]
    Fresh,
    Kept,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WasiFile {
    #[serde(default)]
    env: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    dirs: Vec<DirFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirFile {
    host: Spanned<PathBuf>,
    guest: Spanned<String>,
}

impl Manifest {
    /// Reads the manifest in `file`.
    pub fn read(file: &Path) -> Result<Self, ManifestError> {
        let fail = |message: String| ManifestError { file: file.to_owned(), at: None, message };
        let size = std::fs::metadata(file).map_err(|err| fail(err.to_string()))?.len();
        if size > MANIFEST_BYTES_MAX {
            return Err(fail(format!(
                "is {size} bytes; a manifest has at most {MANIFEST_BYTES_MAX}"
            )));
        }
        let text = std::fs::read_to_string(file).map_err(|err| fail(err.to_string()))?;
        Self::parse(&text, file)
    }

    /// Whether the component is the one that this names, if it names one.
    pub fn check_digest(&self, is: Digest) -> Result<(), Mismatch> {
        match self.digest {
            Some(expected) if expected != is => Err(Mismatch { expected, is }),
            _ => Ok(()),
        }
    }

    /// Checks a manifest's `text`, which stands in `file`.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ManifestError> {
        let fail = |span: Option<Range<usize>>, message: String| ManifestError {
            file: file.to_owned(),
            at: span.map(|span| position(text, span.start)),
            message,
        };
        let parsed: File = toml::from_str(text)
            .map_err(|err| fail(err.span(), err.message().replace('\n', "; ")))?;
        let folder = file.parent().unwrap_or(Path::new(""));

        let tenant = parsed.tenant.get_ref();
        check_name(tenant)
            .map_err(|err| fail(Some(parsed.tenant.span()), format!("the tenant's name: {err}")))?;
        let (limits, span) = match parsed.limits {
            Some(limits) => (limits.get_ref().clone(), Some(limits.span())),
            None => (Limits::default(), None),
        };
        limits.check().map_err(|err| {
            let line = span.clone().map(|span| field(text, span, err.name));
            fail(line, err.to_string())
        })?;
        let wasi = parsed.wasi.map(|wasi| wasi.check(folder)).transpose();
        let wasi = wasi.map_err(|(span, why)| fail(Some(span), why))?;

        let at = |(span, why)| fail(Some(span), why);
        let names = |list: Vec<Spanned<String>>| names(&list).map_err(at);
        let buckets = names(parsed.cache.map(|cache| cache.buckets).unwrap_or_default())?;
        let stores = names(parsed.session.map(|session| session.stores).unwrap_or_default())?;
        let channels = names(parsed.channel.map(|channel| channel.stores).unwrap_or_default())?;
        let (buses, listens) = parsed.hub.map(|hub| (hub.buses, hub.listen)).unwrap_or_default();
        let buses = names(buses)?;
        let listen = listens.into_iter().map(|listen| listen.check(&buses));
        let listen = listen.collect::<Result<_, _>>();
        let listen = listen.map_err(at)?;
        let secret = parsed.secret.unwrap_or_default().check().map_err(at)?;
        let credential = parsed.credential.unwrap_or_default().check().map_err(at)?;
        let runs = parsed.run.unwrap_or_default();
        let workflow = parsed.workflow.unwrap_or_default().check(&runs).map_err(at)?;
        let grant = Grant::new(tenant, limits).map_err(|err| fail(None, err.to_string()))?;
        Ok(Self {
            grant: grant
                .with_cache(buckets)
                .with_session(stores)
                .with_channel(channels)
                .with_hub(buses)
                .with_secret(secret)
                .with_credential(credential)
                .with_workflow(workflow)
                .with_wasi(wasi.unwrap_or_default()),
            component: parsed.component.map(|path| folder.join(path)),
            digest: parsed.digest,
            listen,
        })
    }
}

impl ListenFile {
    fn check(self, buses: &Names) -> Result<Listen, (Range<usize>, String)> {
        let hub = self.bus.get_ref();
        if !buses.grant(hub) {
            return Err((self.bus.span(), format!("hub `{hub}` is not in `buses`; add it there")));
        }
        let span = self.topics.span();
        let topics = self.topics.into_inner();
        if topics.is_empty() || topics.len() > LISTEN_TOPICS_MAX {
            let why = format!("a listener has 1 to {LISTEN_TOPICS_MAX} topics");
            return Err((span, why));
        }
        let max = crate::hub::TOPIC_BYTES_MAX;
        if let Some(long) = topics.iter().find(|topic| topic.get_ref().len() as u64 > max) {
            return Err((long.span(), format!("a topic has at most {max} bytes")));
        }
        if let Some(group) = &self.group {
            check_name(group.get_ref())
                .map_err(|err| (group.span(), format!("the group's name: {err}")))?;
        }
        Ok(Listen {
            hub: self.bus.into_inner(),
            topics: topics.into_iter().map(Spanned::into_inner).collect(),
            group: self.group.map(Spanned::into_inner),
            kept: self.instance == Instance::Kept,
        })
    }
}

impl WasiFile {
    fn check(self, folder: &Path) -> Result<Wasi, (Range<usize>, String)> {
        let mut dirs = Vec::with_capacity(self.dirs.len());
        for dir in self.dirs {
            let host = folder.join(dir.host.get_ref());
            if !host.is_dir() {
                let why = format!(
                    "`{}` is not a folder; `host` is relative to the manifest",
                    host.display()
                );
                return Err((dir.host.span(), why));
            }
            if !dir.guest.get_ref().starts_with('/') {
                let why = format!("`{0}` is not absolute; write \"/{0}\"", dir.guest.get_ref());
                return Err((dir.guest.span(), why));
            }
            dirs.push(Dir { host, guest: dir.guest.into_inner() });
        }
        Ok(Wasi { env: self.env.into_iter().collect(), dirs })
    }
}

/// Where `name` is set within a table, or the table if it can't be told.
fn field(text: &str, table: Range<usize>, name: &str) -> Range<usize> {
    // The span of a `[limits]` table is its header; its fields follow.
    let mut start = table.start;
    for line in text[table.start..].split_inclusive('\n') {
        let key = line.trim_start();
        if key.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('=')) {
            let indent = line.len() - key.len();
            return start + indent..start + line.len();
        }
        start += line.len();
    }
    table
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ManifestError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Manifest::parse(text, Path::new("t.toml")).unwrap_err().to_string()
    }

    #[test]
    fn a_manifest_becomes_a_grant() {
        let text = "tenant = \"acme\"\ncomponent = \"p.wasm\"\n[cache]\nbuckets = [\"docs\", \"u-*\"]\n\
                    [limits]\ncpu_ms = 250\n[[wasi.dirs]]\nhost = \".\"\nguest = \"/docs\"\n";
        let manifest = Manifest::parse(text, Path::new("./t.toml")).unwrap();
        assert_eq!(manifest.grant.tenant(), "acme");
        assert_eq!(manifest.grant.limits().cpu_ms, 250);
        assert_eq!(manifest.grant.limits().handles, Limits::default().handles);
        assert_eq!(manifest.grant.cache("u-1").unwrap().path(), "acme:cache:u-1");
        assert!(manifest.grant.cache("v").is_err());
        assert!(manifest.grant.session("docs").is_err());
        assert!(manifest.grant.links("cache") && !manifest.grant.links("session"));
        assert_eq!(manifest.component.unwrap(), Path::new("./p.wasm"));
        assert_eq!(manifest.grant.wasi().dirs[0].guest, "/docs");
    }

    #[test]
    fn an_error_names_file_line_and_fix() {
        let cases = [
            (
                "tenant = \"a\"\n[cache]\nbukets = []",
                "t.toml:3:1: unknown field `bukets`, expected `buckets`",
            ),
            ("tenant = \"a\"\n[cash]", "t.toml:2:2: unknown field `cash`, expected one of"),
            (
                "tenant = \"a\"\n[cache]\nbuckets = [\"ok\",\n  \"a*b\"]",
                "t.toml:4:3: `a*b` has a `*` before its end",
            ),
            (
                "tenant = \"a\"\n[limits]\nhandles = 9\ncpu_ms = 0",
                "t.toml:4:1: `cpu_ms = 0` is not possible: it may be 10 to",
            ),
            (
                "tenant = \"a\"\n[limits]\ncpu_ms = \"1s\"",
                "t.toml:3:10: invalid type: string \"1s\", expected u64",
            ),
            ("tenant = \"a\"\nlimits = { cpu_ms = 1 }", "t.toml:2:"),
            ("tenant = \"a b\"", "t.toml:1:10: the tenant's name: `a b` has ' ' in it"),
            ("[cache]\nbuckets = []", "missing field `tenant`"),
            (
                "tenant = \"a\"\ndigest = \"md5:1\"",
                "t.toml:2:10: `md5:1` is not a digest; write \"sha256:",
            ),
            (
                "tenant = \"a\"\n[[wasi.dirs]]\nhost = \"/no/such\"\nguest = \"/d\"",
                "t.toml:3:8: `/no/such` is not a folder",
            ),
            (
                "tenant = \"a\"\n[[wasi.dirs]]\nhost = \"/\"\nguest = \"d\"",
                "t.toml:4:9: `d` is not absolute; write \"/d\"",
            ),
            ("tenant = ", "t.toml:1:"),
        ];
        for (text, expected) in cases {
            let got = error(text);
            assert!(got.contains(expected), "{text:?}\n got      {got}\n expected {expected}");
        }
    }
}
