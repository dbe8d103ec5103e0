//! One program, written in every language: each says the same, on both stores.
//!
//! What it goes through is in `languages/LANGUAGE`, what it says in `languages/transcript.txt`.
//! `UPDATE=1 cargo test --workspace --test languages rust::sqlite` writes that anew.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

#[path = "languages/across.rs"]
mod across;
#[path = "languages/insists.rs"]
mod insists;
#[path = "languages/pages.rs"]
mod pages;
#[path = "languages/parts.rs"]
mod parts;
#[path = "languages/whole.rs"]
mod whole;

use std::fmt::Write as _;
use std::path::PathBuf;

use satama_tests::{Stage, build, on_both_stores};

/// Runs the program of each language on both stores.
macro_rules! languages {
    ($($module:ident: $language:literal,)*) => {
        $(mod $module {
            use satama_tests::Stage;

            #[tokio::test]
            async fn redis() {
                super::says_the_same(Stage::redis().await, $language).await;
            }

            #[tokio::test]
            async fn sqlite() {
                super::says_the_same(Stage::sqlite().await, $language).await;
            }
        })*

        const LANGUAGES: &[&str] = &[$($language),*];
    };
}

languages! {
    rust: "rust",
    c: "c",
    go: "go",
    javascript: "js",
    python: "python",
    typescript: "ts",
}

on_both_stores! { ten_thousand_items, functions_of_another_language, }

async fn ten_thousand_items(stage: Stage) {
    pages::all_read_the_same(stage.sharing_compiled().await, LANGUAGES).await;
}

async fn functions_of_another_language(stage: Stage) {
    across::each_calls_the_next(stage.sharing_compiled().await, LANGUAGES).await;
}

async fn says_the_same(stage: Stage, language: &str) {
    let stage = stage.sharing_compiled().await;
    let said = parts::transcript(&stage, &format!("language-{language}")).await;
    expect("transcript.txt", language, &said);
}

/// That this is what is written in a file of `languages`.
fn expect(file: &str, language: &str, said: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path(file), said).unwrap();
    }
    compare(&written(file), said, language);
}

fn written(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap()
}

fn path(file: &str) -> PathBuf {
    build::root().join("tests/languages").join(file)
}

fn compare(expected: &str, said: &str, who: &str) {
    assert!(said == expected, "{who} says something else:\n{}", difference(expected, said));
}

/// The lines that differ, each with its part, the first of them.
fn difference(expected: &str, said: &str) -> String {
    let (mut expected, mut said) = (parted(expected).into_iter(), parted(said).into_iter());
    let mut text = String::new();
    for _ in 0..100_000 {
        match (expected.next(), said.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => {
                let _ = writeln!(text, "- {}\n+ {}", a.unwrap_or_default(), b.unwrap_or_default());
                if text.lines().count() > 40 {
                    break;
                }
            }
        }
    }
    text
}

/// Lines, each after the name of its part.
fn parted(text: &str) -> Vec<String> {
    let mut part = "";
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            part = name;
        }
        lines.push(format!("{part}: {line}"));
    }
    lines
}
