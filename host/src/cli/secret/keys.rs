//! `satama secret keys`: the keyring.

use std::path::PathBuf;
use std::process::ExitCode;

use satama::secret::pkcs11::{self, Pin, Pkcs11Key};
use satama::secret::{Cost, Editor, Input, KeyRef, Keyring, NewKey};
use zeroize::Zeroizing;

use crate::cli::stores::{KeyringFile, Stores};
use crate::cli::{Usage, print};

/// The keys that secrets are encrypted with.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama secret keys init                    # a new keyring, with a random key in it
  satama secret keys list --count            # which keys there are, and what each wraps
  satama secret keys add                     # a new version of the key, for what is put from now on
  satama secret rotate                       # what is there already
  satama secret keys drop main/1             # once it wraps nothing

Whoever has the keyring and the store can read every secret; whoever has lost the keyring, none.
Back it up, apart from the store.")]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    Init(Init),
    List(List),
    Add(Add),
    Primary(Primary),
    Drop(Drop),
}

/// Make a new keyring with one key.
#[derive(clap::Args)]
struct Init {
    /// What to call the key.
    #[arg(long, value_name = "NAME", default_value = "main")]
    id: String,

    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    keyring: KeyringFile,
}

/// List the keys; never the keys themselves.
#[derive(clap::Args)]
struct List {
    /// Count what each key wraps, which looks at every secret of the store.
    #[arg(long)]
    count: bool,

    #[command(flatten)]
    stores: Stores,
}

/// Add the next version of a key, and make it the primary one.
#[derive(clap::Args)]
struct Add {
    /// The key.
    #[arg(long, value_name = "NAME", default_value = "main")]
    id: String,

    /// Do not make it the primary key yet: let all hosts have it first.
    #[arg(long)]
    not_primary: bool,

    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    keyring: KeyringFile,
}

/// Make a key the primary one: what is put from then on is wrapped by it.
#[derive(clap::Args)]
struct Primary {
    /// The key, as `main/2`.
    key: KeyRef,

    #[command(flatten)]
    keyring: KeyringFile,
}

/// Remove a key that wraps nothing any more.
#[derive(clap::Args)]
struct Drop {
    /// The key, as `main/1`.
    key: KeyRef,

    /// Drop it although the store has no secret at all, which may be the wrong store.
    #[arg(long)]
    empty_store: bool,

    #[command(flatten)]
    stores: Stores,
}

/// Where a new key comes from.
#[derive(clap::Args)]
#[group(multiple = true)]
struct Source {
    /// Put it in a new file of its own, beside the keyring.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["env", "passphrase_env", "passphrase_file", "pkcs11_module"])]
    file: Option<PathBuf>,

    /// Take it from this environment variable: 32 bytes, as base64url.
    #[arg(long, value_name = "VARIABLE", conflicts_with_all = ["passphrase_env", "passphrase_file", "pkcs11_module"])]
    env: Option<String>,

    /// Derive it from the passphrase in this environment variable (Argon2id).
    #[arg(long, value_name = "VARIABLE", conflicts_with_all = ["passphrase_file", "pkcs11_module"])]
    passphrase_env: Option<String>,

    /// Derive it from the passphrase in this file, which is relative to the keyring.
    #[arg(long, value_name = "FILE", conflicts_with = "pkcs11_module")]
    passphrase_file: Option<PathBuf>,

    /// Use a key in a token: the PKCS #11 module that leads to it.
    #[arg(long, value_name = "LIBRARY", requires_all = ["pkcs11_token", "pkcs11_key"])]
    pkcs11_module: Option<PathBuf>,

    /// The token's label.
    #[arg(long, value_name = "LABEL", requires = "pkcs11_module")]
    pkcs11_token: Option<String>,

    /// The key's label.
    #[arg(long, value_name = "LABEL", requires = "pkcs11_module")]
    pkcs11_key: Option<String>,

    /// The environment variable with the token's PIN.
    #[arg(long, value_name = "VARIABLE", requires = "pkcs11_module")]
    pkcs11_pin_env: Option<String>,

    /// The file with the token's PIN, relative to the keyring.
    #[arg(
        long,
        value_name = "FILE",
        requires = "pkcs11_module",
        conflicts_with = "pkcs11_pin_env"
    )]
    pkcs11_pin_file: Option<PathBuf>,

    /// Make the key in the token first; it can never leave it.
    #[arg(long, requires = "pkcs11_module")]
    pkcs11_generate: bool,
}

impl Command {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Init(init) => init.run().await?,
            Verb::List(list) => list.run().await?,
            Verb::Add(add) => add.run().await?,
            Verb::Primary(primary) => primary.run().await?,
            Verb::Drop(drop) => drop.run().await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Init {
    async fn run(self) -> anyhow::Result<()> {
        let file = self.keyring.path()?;
        let key = self.source.key(&file).await?;
        let made = Editor::new(&file).init(&self.id, &key)?;
        // Whether the host can use it is better known now.
        Keyring::read(&file).await?;
        print(&format!("{} has key {made}; back it up, apart from the store", file.display()))
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        let file = self.keyring.path()?;
        let key = self.source.key(&file).await?;
        let made = Editor::new(&file).add(&self.id, &key, !self.not_primary)?;
        Keyring::read(&file).await?;
        let then = if self.not_primary {
            format!(
                "once all hosts have it: satama secret keys primary {made} && satama secret rotate"
            )
        } else {
            "what is put from now on is wrapped by it; for the rest: satama secret rotate".into()
        };
        print(&format!("{} has key {made}; {then}", file.display()))
    }
}

impl Primary {
    async fn run(self) -> anyhow::Result<()> {
        let file = self.keyring.path()?;
        Editor::new(&file).set_primary(&self.key)?;
        print(&format!("{} is the primary key of {}", self.key, file.display()))
    }
}

impl List {
    async fn run(self) -> anyhow::Result<()> {
        let chosen = self.stores.read()?;
        if !self.count {
            let ring = self.stores.keyring().keys().await?.ring();
            for (at, key) in ring.refs().enumerate() {
                print(&format!("{key}{}", if at == 0 { "  primary" } else { "" }))?;
            }
            return Ok(());
        }
        let services = chosen.open(true).await?;
        let vault = services.secret();
        let ring = vault.keys()?.ring();
        let wrapped = vault.census(vault.scopes().await?).await?;
        for (at, key) in ring.refs().enumerate() {
            let count = wrapped.get(key).copied().unwrap_or(0);
            let primary = if at == 0 { "  primary" } else { "" };
            print(&format!("{key}  {count} versions{primary}"))?;
        }
        for (key, count) in wrapped.iter().filter(|(key, _)| ring.key(key).is_none()) {
            print(&format!("{key}  {count} versions, which cannot be read: the key is missing"))?;
        }
        Ok(())
    }
}

impl Drop {
    async fn run(self) -> anyhow::Result<()> {
        let file = self.stores.keyring().path()?;
        let services = self.stores.read()?.open(true).await?;
        let vault = services.secret();
        let ring = vault.keys()?.ring();
        if ring.primary().0 == &self.key {
            let why = "it is the primary key; `satama secret keys add` makes another";
            return Err(Usage(format!("{}: {why}", self.key)).into());
        }
        if ring.key(&self.key).is_none() {
            return Err(Usage(format!("{} has no key {}", file.display(), self.key)).into());
        }
        let wrapped = vault.census(vault.scopes().await?).await?;
        if wrapped.is_empty() && !self.empty_store {
            let why = "this store has no secrets, so it may not be the one that the key is for; \
                       name that with --store, or add --empty-store";
            return Err(Usage(format!("{}: {why}", self.key)).into());
        }
        vault.retire(&self.key).await??;
        Editor::new(&file).remove(&self.key)?;
        print(&format!("{} is dropped from {}", self.key, file.display()))
    }
}

impl Source {
    /// The key that is meant; makes it in the token, if that is asked for.
    async fn key(self, keyring: &std::path::Path) -> anyhow::Result<NewKey> {
        if let Some(file) = self.file {
            return Ok(NewKey::File(file));
        }
        if let Some(variable) = self.env {
            return Ok(NewKey::Env(variable));
        }
        if let Some(variable) = self.passphrase_env {
            return Ok(NewKey::Passphrase(Input::Env(variable), Cost::default()));
        }
        if let Some(file) = self.passphrase_file {
            return Ok(NewKey::Passphrase(Input::File(file), Cost::default()));
        }
        let (Some(module), Some(token), Some(key)) =
            (self.pkcs11_module, self.pkcs11_token, self.pkcs11_key)
        else {
            return Ok(NewKey::Material);
        };
        let pin = match (self.pkcs11_pin_env, self.pkcs11_pin_file) {
            (Some(variable), _) => Input::Env(variable),
            (None, Some(file)) => Input::File(file),
            (None, None) => {
                let why = "say where the token's PIN is: --pkcs11-pin-env or --pkcs11-pin-file";
                return Err(Usage(why.into()).into());
            }
        };
        let folder = keyring.parent().unwrap_or(std::path::Path::new(""));
        let config = pkcs11::Config {
            module: module.clone(),
            token: token.clone(),
            key: key.clone(),
            pin: Pin::new(read_pin(&pin, folder)?),
        };
        let generate = self.pkcs11_generate;
        // A keyring with a key that does not open would keep hosts from starting.
        tokio::task::spawn_blocking(move || {
            if generate {
                Pkcs11Key::generate(&config)?;
            }
            Pkcs11Key::open(&config)
        })
        .await??;
        Ok(NewKey::Pkcs11 { module, token, key, pin })
    }
}

fn read_pin(pin: &Input, folder: &std::path::Path) -> anyhow::Result<Zeroizing<String>> {
    let text = match pin {
        Input::Env(variable) => std::env::var(variable)
            .map_err(|err| Usage(format!("--pkcs11-pin-env {variable}: {err}")))?,
        Input::File(file) => std::fs::read_to_string(folder.join(file))
            .map_err(|err| Usage(format!("--pkcs11-pin-file {}: {err}", file.display())))?,
    };
    let text = Zeroizing::new(text);
    let line = text.strip_suffix("\r\n").or(text.strip_suffix('\n')).unwrap_or(&text);
    Ok(Zeroizing::new(line.to_owned()))
}
