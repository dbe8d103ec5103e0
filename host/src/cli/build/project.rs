//! What is built: the project in a folder.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::super::Usage;
use super::super::binding::go;
use super::super::binding::world::World;
use super::super::language::Language;

/// A project, in one language.
pub(super) struct Project {
    /// Where it is.
    pub(super) folder: PathBuf,
    pub(super) language: Language,
    /// What it is called, and its component.
    pub(super) name: String,
    /// Whether what the tools print is shown.
    pub(super) verbose: bool,
}

impl Project {
    /// The project in `folder`, in the language that its files tell unless it is given.
    pub(super) fn read(
        folder: &Path,
        language: Option<Language>,
        verbose: bool,
    ) -> anyhow::Result<Self> {
        if !folder.is_dir() {
            return Err(Usage(format!("{} is no folder", folder.display())).into());
        }
        let language = language.map_or_else(|| language_of(folder), Ok)?;
        let folder = folder.to_owned();
        let mut project = Self { folder, language, name: String::new(), verbose };
        project.name = project.own_name()?;
        Ok(project)
    }

    /// A file of the project, as a user would write it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        let here = self.folder == Path::new(".");
        if here { name.into() } else { self.folder.join(name) }
    }

    /// The component.
    pub(super) fn wasm(&self) -> PathBuf {
        self.file(&format!("{}.wasm", self.name))
    }

    /// The world of the component.
    pub(super) fn world(&self) -> anyhow::Result<World> {
        Ok(World::read(&self.file("wit"), None)?)
    }

    /// Tells the user what goes on.
    pub(super) fn say(&self, text: &str) {
        // Who closed standard error does not want to know.
        _ = writeln!(std::io::stderr(), "{text}");
    }

    /// What its own files call it.
    fn own_name(&self) -> anyhow::Result<String> {
        let (file, name) = match self.language {
            Language::Rust => ("Cargo.toml", self.named("Cargo.toml", "package")?),
            Language::Python => ("pyproject.toml", self.named("pyproject.toml", "project")?),
            Language::Js | Language::Ts => {
                ("package.json", self.package_json()?["name"].as_str().map(str::to_owned))
            }
            Language::C => ("wit/world.wit", Some(self.world()?.package().to_owned())),
            Language::Go => ("go.mod", Some(go::module(&self.folder)?)),
        };
        // Of `@acme/hello` and `example.com/hello`, the last part.
        let name = name.and_then(|name| name.rsplit('/').next().map(str::to_owned));
        let fit = |name: &String| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
        };
        let file = self.file(file);
        let unnamed = || Usage(format!("{} has no name for the project", file.display()));
        Ok(name.filter(fit).ok_or_else(unnamed)?)
    }

    /// The name in a table of a TOML file.
    fn named(&self, file: &str, table: &str) -> anyhow::Result<Option<String>> {
        let whole = self.toml(file)?;
        let name = whole.get(table).and_then(|table| table.get("name"));
        Ok(name.and_then(|name| name.as_str()).map(str::to_owned))
    }

    /// What a TOML file says.
    pub(super) fn toml(&self, file: &str) -> anyhow::Result<toml::Table> {
        let text = self.text(file)?;
        let file = self.file(file);
        let broken = |err: toml::de::Error| {
            let (line, column) = satama::position(&text, err.span().map_or(0, |at| at.start));
            let why = err.message().replace('\n', "; ");
            Usage(format!("{}:{line}:{column}: {why}", file.display()))
        };
        Ok(toml::from_str(&text).map_err(broken)?)
    }

    /// What package.json says.
    pub(super) fn package_json(&self) -> anyhow::Result<serde_json::Value> {
        let text = self.text("package.json")?;
        let file = self.file("package.json");
        Ok(serde_json::from_str(&text)
            .map_err(|err| Usage(format!("{}: {err}", file.display())))?)
    }

    pub(super) fn text(&self, file: &str) -> anyhow::Result<String> {
        let file = self.file(file);
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    }
}

/// The language that a project's files tell.
fn language_of(folder: &Path) -> anyhow::Result<Language> {
    let has = |name: &str| folder.join(name).is_file();
    let mut found = Vec::new();
    for (file, language) in [
        ("Cargo.toml", Language::Rust),
        ("package.json", Language::Js),
        ("pyproject.toml", Language::Python),
        ("go.mod", Language::Go),
    ] {
        if has(file) {
            let typed = language == Language::Js && (has("tsconfig.json") || files(folder, "ts"));
            found.push(if typed { Language::Ts } else { language });
        }
    }
    if found.is_empty() && files(folder, "c") {
        found.push(Language::C);
    }
    let here = folder.display();
    match found.as_slice() {
        [language] => Ok(*language),
        [] => Err(Usage(format!(
            "{here}: no project is here: no Cargo.toml, package.json, pyproject.toml, go.mod or .c \
             file; `satama new` makes one"
        ))
        .into()),
        several => {
            let options: Vec<_> =
                several.iter().map(|language| format!("--lang {}", language.option())).collect();
            Err(Usage(format!("{here}: say which it is: {}", options.join(", or "))).into())
        }
    }
}

/// Whether there is a source file of this extension in the folder, or in its `src`.
fn files(folder: &Path, extension: &str) -> bool {
    [folder.to_owned(), folder.join("src")].iter().any(|folder| {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        files.map(|file| file.path()).any(|file| file.extension().is_some_and(|e| e == extension))
    })
}
