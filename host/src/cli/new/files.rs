//! What a project is made of: files of this repository, which the program carries.

use std::borrow::Cow;

use rust_embed::Embed;

use super::super::language::Language;

/// Each language's template, and what of its SDK a component needs.
///
/// Cargo sees when one of these files changes, not when one comes: for that, it has to see a change
/// of this file.
#[derive(Embed)]
#[folder = "../guest"]
#[include = "c/README.md"]
#[include = "c/include/*"]
#[include = "c/src/*"]
#[include = "c/template/*"]
#[include = "go/*"]
#[include = "js/README.md"]
#[include = "js/package.json"]
#[include = "js/src/*"]
#[include = "js/template-js/*"]
#[include = "js/template-ts/*"]
#[include = "python/README.md"]
#[include = "python/pyproject.toml"]
#[include = "python/satama/*"]
#[include = "python/template/*"]
#[include = "rust/Cargo.toml"]
#[include = "rust/README.md"]
#[include = "rust/src/*"]
#[include = "rust/template/*"]
#[include = "rust/wit/*"]
#[exclude = "*/__pycache__/*"]
#[exclude = "*/node_modules/*"]
struct Guest;

/// The interfaces.
#[derive(Embed)]
#[folder = "../wit"]
#[include = "*.wit"]
struct Wit;

/// What all of it may be used under.
const LICENSES: [(&str, &str); 2] = [
    ("satama/LICENSE-APACHE", include_str!("../../../../LICENSE-APACHE")),
    ("satama/LICENSE-MIT", include_str!("../../../../LICENSE-MIT")),
];

/// A project's files: paths in its folder, and what is in them.
pub(super) fn project(language: Language, name: &str) -> Vec<(String, Cow<'static, [u8]>)> {
    let (sdk, template) = match language {
        Language::Rust => ("rust/", "rust/template/"),
        Language::Js => ("js/", "js/template-js/"),
        Language::Ts => ("js/", "js/template-ts/"),
        Language::Python => ("python/", "python/template/"),
        Language::C => ("c/", "c/template/"),
        Language::Go => ("go/", "go/template/"),
    };
    let mut files = Vec::new();
    for path in Guest::iter() {
        let Some(file) = Guest::get(&path) else { continue };
        if let Some(path) = path.strip_prefix(template) {
            files.push((path.to_owned(), named(&file.data, name).into()));
        } else if let Some(path) = path.strip_prefix(sdk)
            && !path.starts_with("template")
            && !path.ends_with("_test.go")
        {
            files.push((format!("satama/{path}"), file.data));
        }
    }
    for path in Wit::iter() {
        files.extend(Wit::get(&path).map(|file| (format!("wit/deps/satama/{path}"), file.data)));
    }
    files.extend(LICENSES.map(|(path, text)| (path.to_owned(), text.as_bytes().into())));
    files
}

/// The text with the project's name where it goes.
fn named(text: &[u8], name: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    text.replace("{{name}}", name).replace("{{name_snake}}", &name.replace('-', "_")).into_bytes()
}
