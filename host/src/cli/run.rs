//! `satama run`: one call of one export.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use satama::grant::{Dir, Grant, Limits, Manifest};
use satama::runtime::{AotUse, Code, Compiler, Host, Invocation};
use serde_json::json;
use wasmtime::component::Val;

use super::follow::Follow;
use super::stores::Stores;
use super::{Compile, MANIFEST, Usage, print, value};

/// One call runs; room for more is address space for nothing.
const CALLS: u32 = 4;

/// Call an export of a component, and print what it returns.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama run --invoke 'greet(\"you\")'
  satama run hello.wasm --invoke 'greet(\"you\", 2)'
  satama run library.wasm --grant grant.toml --invoke 'process(\".\")' --text
  satama run library.wasm --grant grant.toml --store redis://localhost --invoke 'process(\".\")'
  satama run library.wasm --grant grant.toml --store cache=redis://localhost --invoke 'process(\".\")'
  satama run library.wasm --grant grant.toml --follow library:progress --invoke 'process(\".\")'

What a component imports must be granted: `satama inspect COMPONENT` prints a manifest to start
from. Without one, a component gets clocks, random numbers and a log. Without a component, that of
the manifest is called; and without that, grant.toml's in this folder.")]
pub(super) struct Run {
    /// The component: a .wasm file [default: the manifest's].
    component: Option<PathBuf>,

    /// The call, in WAVE: `name(argument, …)`. May be left out if the component
    /// exports one function without parameters.
    #[arg(long, short, value_name = "CALL")]
    invoke: Option<String>,

    /// The tenant's manifest: what the component may use.
    #[arg(long, short, value_name = "MANIFEST")]
    grant: Option<PathBuf>,

    #[command(flatten)]
    stores: Stores,

    /// Print to stderr what is published to a topic meanwhile.
    #[arg(long, value_name = "BUS:TOPIC")]
    follow: Option<String>,

    /// A folder that the guest can read, besides those of its manifest.
    #[arg(long, value_name = "HOST::GUEST", value_parser = dir)]
    dir: Vec<Dir>,

    /// Print a text result, or a text error, as the text it is.
    #[arg(long, conflicts_with = "json")]
    text: bool,

    /// Print JSON: {"results": […], "ok": …, "digest": …, "compiled": …, "ms": …}.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    compile: Compile,
}

impl Run {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let stores = self.stores.read()?;
        let manifest = self.manifest()?;
        let component = self.component(manifest.as_ref())?.to_owned();
        let compiler = self.compile.compiler(CALLS)?;
        let code = self.compile.load(&compiler, &component).await?;
        let grant = Arc::new(self.grant(manifest, &code)?);
        code.check(compiler.engine(), &grant)?;
        let invocation = match &self.invoke {
            Some(call) => Invocation::parse(call)?,
            None => only_export(&compiler, &code)?,
        };

        let services = stores.open(grant.links("secret")).await?;
        let follow = self.follow.as_deref().map(|follow| Follow::new(follow, &services, &grant));
        let follow = follow.transpose()?;
        let host = Host::new(compiler, services);
        let name = component.file_stem().unwrap_or_default().to_string_lossy();
        let program = host.program(&code, &name, grant)?;
        let export = program.export(invocation.name())?;
        let args = invocation.args(&export);
        let args = args.map_err(|err| {
            Usage(format!("{err}; the export is `{}`", value::signature(&export)))
        })?;

        let start = Instant::now();
        let call = program.call(&export, &args);
        let results = match follow {
            Some(follow) => follow.during(call).await??,
            None => call.await?,
        };
        let ok = !matches!(results.as_slice(), [Val::Result(Err(_))]);
        let ms = start.elapsed().as_secs_f64() * 1000.0;
        if self.json {
            let results: Vec<_> = results.iter().map(value::to_json).collect();
            let report = json!({
                "results": results,
                "ok": ok,
                "digest": code.digest().to_string(),
                "compiled": code.aot() != AotUse::Hit,
                "ms": ms,
            });
            print(&report.to_string())?;
        } else {
            for result in &results {
                let text = self.text.then(|| value::text(result)).flatten();
                print(&text.map_or_else(|| result.to_wave(), Ok)?)?;
            }
        }
        Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The file of the manifest, if one is to be read.
    fn file(&self) -> Option<&Path> {
        let here = self.component.is_none().then_some(Path::new(MANIFEST));
        self.grant.as_deref().or(here)
    }

    fn manifest(&self) -> anyhow::Result<Option<Manifest>> {
        match self.file() {
            Some(file) if self.grant.is_none() && !file.exists() => {
                Err(Usage(format!("name a component; or run this where a {MANIFEST} names one"))
                    .into())
            }
            file => Ok(file.map(Manifest::read).transpose()?),
        }
    }

    fn component<'a>(&'a self, manifest: Option<&'a Manifest>) -> anyhow::Result<&'a Path> {
        if let Some(component) = &self.component {
            return Ok(component);
        }
        let file = self.file().unwrap_or(Path::new(MANIFEST)).display();
        match manifest.and_then(|manifest| manifest.component.as_deref()) {
            Some(component) if component.exists() => Ok(component),
            Some(component) => {
                let component = component.display();
                Err(Usage(format!(
                    "{file} names {component}, which is not there; `satama build` makes it"
                ))
                .into())
            }
            None => Err(Usage(format!("name a component; {file} names none")).into()),
        }
    }

    /// The grant of the manifest, or of nothing, with the folders of the command line.
    fn grant(&self, manifest: Option<Manifest>, code: &Code) -> anyhow::Result<Grant> {
        let grant = match manifest {
            Some(manifest) => {
                let checked = manifest.check_digest(code.digest());
                let file = self.file().unwrap_or(Path::new(MANIFEST));
                checked.with_context(|| file.display().to_string())?;
                manifest.grant
            }
            None => Grant::new("local", Limits::default())?,
        };
        let mut wasi = grant.wasi().clone();
        // The command line is the operator's, so it may also move a folder.
        wasi.dirs.retain(|dir| self.dir.iter().all(|other| other.guest != dir.guest));
        wasi.dirs.extend(self.dir.iter().cloned());
        Ok(grant.with_wasi(wasi))
    }
}

/// The call of the one export, if there is one and it takes nothing.
fn only_export(compiler: &Compiler, code: &Code) -> anyhow::Result<Invocation> {
    let exports = code.exports(compiler.engine());
    if let [export] = exports.as_slice()
        && export.ty.params().len() == 0
    {
        return Ok(Invocation::parse(&export.name)?);
    }
    let list: Vec<_> =
        exports.iter().map(|export| format!("\n  {}", value::signature(export))).collect();
    let list = list.concat();
    Err(Usage(format!("name a call with --invoke; the component exports{list}")).into())
}

fn dir(text: &str) -> Result<Dir, String> {
    let (host, guest) = text.split_once("::").ok_or("write it as HOST::GUEST, as in `.::/docs`")?;
    if !guest.starts_with('/') {
        return Err(format!("`{guest}` is not absolute; write `{host}::/{guest}`"));
    }
    if !Path::new(host).is_dir() {
        return Err(format!("`{host}` is not a folder"));
    }
    Ok(Dir { host: host.into(), guest: guest.to_owned() })
}
