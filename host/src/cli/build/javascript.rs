//! JavaScript and TypeScript: one file of all modules, in an engine that is a component.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Context as _;
use serde::Deserialize;

use super::super::Usage;
use super::super::binding::world::World;
use super::program::{Missing, Program, is_program};
use super::project::Project;

/// The oldest Node.js that runs the tools.
const NODE_MAJOR: u32 = 20;

const NODE: Program = Program {
    name: "node",
    what: "Node.js 20 or newer is needed",
    packages: ["nodejs npm", "nodejs npm", "nodejs npm", "nodejs npm", "nodejs npm", "node"],
    elsewhere: "https://nodejs.org",
};

const NPM: Program = Program { name: "npm", what: "Node.js's npm is needed", ..NODE };

/// What runs the code in the component.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    /// Small, and started in no time.
    QuickJs,
    /// Firefox's: seven times as large, and with more of what a browser has.
    StarlingMonkey,
}

/// What npm writes when it has installed something.
const INSTALLED: &str = "node_modules/.package-lock.json";

/// The folder of one file with all modules.
const BUNDLE: &str = "build/plugin.js";

/// What esbuild tells of it (<https://esbuild.github.io/api/#metafile>).
const ABOUT: &str = "build/plugin.json";

/// What is used of that.
#[derive(Deserialize)]
struct About {
    outputs: HashMap<String, Bundle>,
}

#[derive(Deserialize)]
struct Bundle {
    imports: Vec<Import>,
    /// A style sheet has none.
    #[serde(default)]
    exports: Vec<String>,
}

#[derive(Deserialize)]
struct Import {
    path: String,
}

/// Code that is not as its world says.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in super::super) struct Unlike(String);

pub(super) fn build(project: &Project) -> anyhow::Result<()> {
    let engine = engine(project)?;
    let world = project.world()?;
    let entry = entry(project)?;
    has_node()?;
    let tool = engine.tool();
    if !is_installed(project, tool) || is_changed(project) {
        let mut install = Command::new(NPM.find()?);
        project.run(install.args(["install", "--no-fund", "--no-audit"]))?;
        // Where nothing was to be done, npm leaves it as it was.
        if let Some(asked) = asked(project).filter(|_| is_changed(project)) {
            let touched = fs::File::open(project.file(INSTALLED))
                .and_then(|installed| installed.set_modified(asked));
            touched.with_context(|| format!("cannot touch {INSTALLED}"))?;
        }
    }
    if !is_program(&bin(project, tool)) {
        let what = format!("package.json does not have what {} needs. Get it:", engine.title());
        return Err(Missing::new(what, &[engine.install()]).into());
    }

    let mut esbuild = project.own(&own("esbuild"))?;
    esbuild.args([entry, "--bundle", "--format=esm", "--target=es2022"]);
    esbuild.args(["--external:satama:*", "--external:wasi:*"]);
    esbuild.args([&format!("--outfile={BUNDLE}"), &format!("--metafile={ABOUT}")]);
    project.run(esbuild.arg("--log-level=warning"))?;
    let about = serde_json::from_str(&project.text(ABOUT)?);
    let about: About = about.with_context(|| format!("{ABOUT} is not as esbuild writes it"))?;
    // There is another where a style sheet is imported.
    let bundle = about.outputs.get(BUNDLE).with_context(|| format!("{ABOUT} has no {BUNDLE}"))?;
    bundle.fits(&world, entry)?;
    let mut componentize = project.own(&own(tool))?;
    match engine {
        Engine::QuickJs => componentize.args(["--sync", "--wit", "wit", "--js", BUNDLE]),
        Engine::StarlingMonkey => {
            // What the engine has for HTTP would be imported, whether the code uses it or not.
            let without = ["-d", "http", "-d", "fetch-event"];
            componentize.args(["componentize", BUNDLE, "-w", "wit"]).args(without)
        }
    };
    let wasm = format!("{}.wasm", project.name);
    project.load(componentize.args(["-n", world.name(), "-o", &wasm]))
}

/// The engine that package.json names.
fn engine(project: &Project) -> anyhow::Result<Engine> {
    let package = project.package_json()?;
    match package["satama"]["engine"].as_str() {
        Some("starlingmonkey") => Ok(Engine::StarlingMonkey),
        Some("quickjs") => Ok(Engine::QuickJs),
        None if package["satama"]["engine"].is_null() => Ok(Engine::QuickJs),
        _ => {
            let engine = &package["satama"]["engine"];
            let known = "it is \"quickjs\" or \"starlingmonkey\"";
            Err(Usage(format!("package.json: `satama.engine` is {engine}; {known}")).into())
        }
    }
}

/// The first module.
fn entry(project: &Project) -> Result<&'static str, Usage> {
    let entries = ["src/plugin.ts", "src/plugin.js"];
    let entry = entries.into_iter().find(|entry| project.file(entry).is_file());
    entry.ok_or_else(|| Usage("there is no src/plugin.ts and no src/plugin.js".into()))
}

impl Bundle {
    /// Checks that the code imports only what its world does, and exports all that it does. The
    /// engines say so late, and not in these words.
    fn fits(&self, world: &World, entry: &str) -> Result<(), Unlike> {
        // Anything else was bundled.
        let imports = self.imports.iter().map(|import| import.path.as_str());
        let missing: Vec<_> = imports.filter(|id| !world.imports(id)).collect();
        if !missing.is_empty() {
            let lines: Vec<_> = missing.iter().map(|id| format!("`import {id};`")).collect();
            return Err(Unlike(format!(
                "the code imports what its world does not: add the line {} to wit/world.wit, \
                 and what it may use to grant.toml",
                lines.join(", ")
            )));
        }
        for export in world.exports() {
            let name = camel(export.rsplit('/').next().unwrap_or(&export));
            if !self.exports.iter().any(|exported| *exported == name || *exported == export) {
                return Err(Unlike(format!(
                    "the world exports `{export}`, and {entry} does not: it is an `export` called \
                     `{name}`"
                )));
            }
        }
        Ok(())
    }
}

/// A name of the WIT as JavaScript has it, without a version.
fn camel(name: &str) -> String {
    let name = name.split('@').next().unwrap_or(name);
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_lowercase();
    parts.fold(first, |name, part| {
        let (head, rest) = part.split_at(part.len().min(1));
        name + &head.to_uppercase() + &rest.to_lowercase()
    })
}

/// Whether Node.js is there, and new enough.
fn has_node() -> anyhow::Result<()> {
    let said = Command::new(NODE.find()?).arg("--version").output()?.stdout;
    let said = String::from_utf8_lossy(&said);
    let version = said.trim();
    let major = version.trim_start_matches('v').split('.').next().unwrap_or_default();
    if major.parse().is_ok_and(|major: u32| major >= NODE_MAJOR) {
        return Ok(());
    }
    Err(NODE.too_old(version).into())
}

/// Whether npm has put there what the build runs, and the SDK.
fn is_installed(project: &Project, tool: &str) -> bool {
    let sdk = project.file("node_modules/@satama/guest");
    [tool, "esbuild"].iter().all(|tool| is_program(&bin(project, tool))) && sdk.exists()
}

/// Whether what is to be installed was changed since npm did so for this project. Other programs
/// leave nothing to tell by.
fn is_changed(project: &Project) -> bool {
    modified(project, INSTALLED).is_some_and(|installed| asked(project) > Some(installed))
}

/// When what is to be installed was changed.
fn asked(project: &Project) -> Option<SystemTime> {
    ["package.json", "package-lock.json"].iter().filter_map(|file| modified(project, file)).max()
}

/// When one of the project's files was changed; not of a link, which leads to another project's.
fn modified(project: &Project, file: &str) -> Option<SystemTime> {
    let file = fs::symlink_metadata(project.file(file)).ok()?;
    file.is_file().then(|| file.modified().ok()).flatten()
}

fn bin(project: &Project, tool: &str) -> PathBuf {
    project.file(&own(tool))
}

/// Where npm puts a tool, from the project's folder.
fn own(tool: &str) -> String {
    format!("node_modules/.bin/{tool}")
}

impl Engine {
    fn title(self) -> &'static str {
        match self {
            Self::QuickJs => "QuickJS",
            Self::StarlingMonkey => "StarlingMonkey",
        }
    }

    /// The program that puts code into it.
    fn tool(self) -> &'static str {
        match self {
            Self::QuickJs => "componentize-qjs",
            Self::StarlingMonkey => "jco",
        }
    }

    fn install(self) -> &'static str {
        match self {
            Self::QuickJs => {
                "npm install --save-dev --save-exact componentize-qjs@0.4.5 esbuild@0.28.2"
            }
            Self::StarlingMonkey => {
                "npm install --save-dev --save-exact @bytecodealliance/jco@1.35.0 esbuild@0.28.2"
            }
        }
    }
}
