//! `satama build`: the component of a project.

mod c;
mod go;
mod javascript;
mod program;
mod project;
mod python;
mod rust;
mod step;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use satama::grant::Manifest;

pub(super) use self::javascript::Unlike;
pub(super) use self::program::Missing;
use self::project::Project;
pub(super) use self::step::Failed;
use super::language::Language;
use super::{Compile, MANIFEST, print};

/// Build the component of a project.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama build
  satama build services/greeter --verbose

The language is told by the files: Cargo.toml, package.json (with a .ts file: TypeScript),
pyproject.toml, go.mod, or .c files. The component is NAME.wasm in the project's folder; NAME is in
the project's own file, or in wit/world.wit. What a language's tools keep in a project, as
node_modules and .venv, is installed there if it is missing, or if package.json or the version in
pyproject.toml was changed since. Nothing else is.")]
pub(super) struct Build {
    /// The project's folder.
    #[arg(default_value = ".")]
    folder: PathBuf,

    /// What it is written in, if its files do not tell.
    #[arg(long, short)]
    lang: Option<Language>,

    /// Show what the tools print, also when they succeed.
    #[arg(long, short)]
    verbose: bool,

    #[command(flatten)]
    compile: Compile,
}

impl Build {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let start = Instant::now();
        let project = Project::read(&self.folder, self.lang, self.verbose)?;
        project.say(&format!("building {}, in {}", project.name, project.language.title()));
        let wasm = project.wasm();
        // If this fails, nobody is to run what the code was before.
        match std::fs::remove_file(&wasm) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
                return Err(err).with_context(|| format!("cannot replace {}", wasm.display()));
            }
            _ => {}
        }
        match project.language {
            Language::Rust => rust::build(&project)?,
            Language::Js | Language::Ts => javascript::build(&project)?,
            Language::Python => python::build(&project)?,
            Language::C => c::build(&project)?,
            Language::Go => go::build(&project)?,
        }
        let bytes = std::fs::metadata(&wasm)
            .with_context(|| format!("the tools made no {}", wasm.display()))?
            .len();
        let seconds = start.elapsed().as_secs_f64();
        print(&format!("{}: {bytes} bytes, in {seconds:.1} s", wasm.display()))?;
        print(&self.fit(&project.file(MANIFEST), &wasm).await?)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Whether the manifest fits the component, in words. If it does not, the component is built
    /// all the same: what it may use is for somebody else to say.
    async fn fit(&self, manifest: &Path, wasm: &Path) -> anyhow::Result<String> {
        let shown = manifest.display();
        if !manifest.exists() {
            let wasm = wasm.display();
            return Ok(format!(
                "{shown}: there is none; `satama inspect {wasm} --manifest` shows one"
            ));
        }
        let compiler = self.compile.compiler(1)?;
        let code = self.compile.load(&compiler, wasm).await?;
        let fits = || -> anyhow::Result<String> {
            let manifest = Manifest::read(manifest)?;
            let Some(component) = &manifest.component else {
                return Ok("it names no component, so it is for any".into());
            };
            if component.file_name() != wasm.file_name() {
                let (named, is) = (component.display(), wasm.display());
                return Ok(format!("it is for {named}, and this is {is}"));
            }
            manifest.check_digest(code.digest())?;
            code.check(compiler.engine(), &manifest.grant)?;
            code.check_served(&manifest)?;
            Ok("it grants what the component imports".into())
        };
        Ok(match fits() {
            Ok(how) => format!("{shown}: {how}"),
            Err(err) => format!("{shown}: it does not fit: {}", satama::chain(&*err)),
        })
    }
}
