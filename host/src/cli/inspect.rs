//! `satama inspect`: what a component is, wants and offers.

use std::path::PathBuf;
use std::process::ExitCode;

use satama::grant::{Grant, Limits};
use satama::runtime::{Code, Compiler, Export, service_of};
use serde_json::json;

use super::{Compile, print, value};

/// What a component that listens needs, used or not.
const HUB: &str = "satama:services/hub";

/// Show a component's imports, exports, digest and size, and a manifest for it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama inspect library.wasm
  satama inspect library.wasm --manifest > grant.toml
  satama inspect library.wasm --json | jq .digest")]
pub(super) struct Inspect {
    /// The component: a .wasm file.
    component: PathBuf,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    /// Print only the manifest.
    #[arg(long, conflicts_with = "json")]
    manifest: bool,

    #[command(flatten)]
    compile: Compile,
}

impl Inspect {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let compiler = self.compile.compiler(1)?;
        let code = self.compile.load(&compiler, &self.component).await?;
        let bytes = std::fs::metadata(&self.component)?.len();
        let manifest = self.ready_manifest(&compiler, &code);
        let exports: Vec<_> =
            code.exports(compiler.engine()).iter().map(value::signature).collect();
        let imports = imports(&compiler, &code)?;
        if self.manifest {
            print(manifest.trim_end())?;
        } else if self.json {
            let imports: Vec<_> = imports
                .iter()
                .map(|(name, status)| json!({ "name": name, "status": status }))
                .collect();
            let report = json!({
                "digest": code.digest().to_string(),
                "bytes": bytes,
                "imports": imports,
                "exports": exports,
                "manifest": manifest,
            });
            print(&report.to_string())?;
        } else {
            let mut report = format!(
                "component {}\nsize      {bytes} bytes\ndigest    {}\n\nimports\n",
                self.component.display(),
                code.digest()
            );
            for (name, status) in imports {
                report.push_str(&format!("  {name:<44} {status}\n"));
            }
            report.push_str("\nexports\n");
            for export in exports {
                report.push_str(&format!("  {export}\n"));
            }
            report.push_str("\na manifest that grants what it imports\n\n");
            print(&(report + manifest.trim_end()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// A manifest that grants all the services that the component imports.
    fn ready_manifest(&self, compiler: &Compiler, code: &Code) -> String {
        let file = self.component.file_name().unwrap_or_default().to_string_lossy();
        let mut manifest =
            format!("tenant = \"local\"\ncomponent = {file:?}\ndigest = \"{}\"\n", code.digest());
        let mut imports = code.imports(compiler.engine());
        // A manifest cannot let a component listen without a hub.
        let exports = code.exports(compiler.engine());
        let listens = exports.iter().any(|export| export.is_of("hub-handler"));
        if listens && !imports.iter().any(|import| service_of(import) == service_of(HUB)) {
            imports.push(HUB.to_owned());
        }
        let granting: Vec<_> = imports.iter().filter_map(|import| service_of(import)).collect();
        for (at, (service, table)) in granting.iter().enumerate() {
            if *service == "workflow" {
                manifest.push_str(&served(&exports));
                continue;
            }
            // Some interfaces are granted by one table, which may have to say more for one.
            let again = |(other, (_, longer)): (usize, &(_, &str))| {
                longer.starts_with(table) && (longer.len() > table.len() || other < at)
            };
            if !granting.iter().enumerate().any(again) {
                // Which secrets is for the operator to say.
                let secrets = table.starts_with("[secret]") || table.starts_with("[credential]");
                let name = if secrets { "NAME" } else { "*" };
                manifest.push_str(&format!("\n{}\n", table.replace("NAME", name)));
            }
        }
        if listens {
            manifest.push_str("\n[[hub.listen]]\nbus = \"NAME\"\ntopics = [\"TOPIC\"]\n");
        }
        manifest
    }
}

/// What a component serves of workflows. Their names are for its author to say; one that serves
/// none has the interface for what `run` needs of it, and is granted that.
fn served(exports: &[Export]) -> String {
    let mut table = String::new();
    for (handler, field) in [("workflow-handler", "bodies"), ("function-handler", "functions")] {
        if exports.iter().any(|export| export.is_of(handler)) {
            table.push_str(&format!("{field} = [\"NAME\"]\n"));
        }
    }
    if table.is_empty() { table } else { format!("\n[workflow]\n{table}") }
}

/// Each import, and what it takes to get it.
fn imports(compiler: &Compiler, code: &Code) -> anyhow::Result<Vec<(String, String)>> {
    let nothing = Grant::new("nobody", Limits::default())?;
    let refused = code.check(compiler.engine(), &nothing).err();
    let refused = refused.map(|err| err.refused).unwrap_or_default();
    let status = |import: &str| match refused.iter().find(|refusal| refusal.import == import) {
        None => "linked, without power".to_owned(),
        Some(refusal) => match (service_of(import), refusal.why.split_once('\n')) {
            (Some((_, table)), Some(_)) => {
                format!("grant {}", table.lines().next().unwrap_or_default())
            }
            _ => format!("refused: {}", refusal.why),
        },
    };
    let names = code.imports(compiler.engine());
    Ok(names
        .into_iter()
        .map(|name| (status(&name), name))
        .map(|(status, name)| (name, status))
        .collect())
}
