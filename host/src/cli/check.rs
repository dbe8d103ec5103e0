//! `satama check`: whether a manifest can be used.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use satama::grant::Manifest;
use serde_json::json;

use super::{Compile, MANIFEST, print};

/// Check a manifest, and the component that it names.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama check grant.toml
  satama check tenants/*.toml && echo all good")]
pub(super) struct Check {
    /// The manifests.
    #[arg(default_value = MANIFEST)]
    manifests: Vec<PathBuf>,

    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    compile: Compile,
}

impl Check {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut worst = 0;
        for file in &self.manifests {
            let checked = self.check(file).await;
            let error = checked.as_ref().err().map(|err| satama::chain(&**err));
            let line = match (&checked, &error) {
                _ if self.json => {
                    json!({ "manifest": file, "ok": checked.is_ok(), "error": error }).to_string()
                }
                (Ok(what), _) => format!("ok: {}: {what}", file.display()),
                (Err(_), error) => format!("error: {}", error.as_deref().unwrap_or_default()),
            };
            print(&line)?;
            if let Err(err) = checked {
                worst = super::code_of(&err).max(worst);
            }
        }
        Ok(worst.into())
    }

    /// What the manifest grants, in a line.
    async fn check(&self, file: &Path) -> anyhow::Result<String> {
        let manifest = Manifest::read(file)?;
        let grant = &manifest.grant;
        let Some(component) = &manifest.component else {
            return Ok(format!("tenant `{}`, for any component", grant.tenant()));
        };
        let compiler = self.compile.compiler(1)?;
        let code = self.compile.load(&compiler, component).await?;
        let checked = manifest.check_digest(code.digest());
        checked.with_context(|| file.display().to_string())?;
        code.check(compiler.engine(), grant)
            .map_err(|err| anyhow::Error::new(err).context(file.display().to_string()))?;
        code.check_served(&manifest).with_context(|| file.display().to_string())?;
        Ok(format!("tenant `{}`, component {} links", grant.tenant(), component.display()))
    }
}
