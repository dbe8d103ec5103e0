//! What the library says, as text.

use std::fmt::{self, Display, Write as _};

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::words::{Words, minutes};

/// How many of a document's most frequent terms are shown.
const TERMS_SHOWN: usize = 3;

/// How many lines of what is wrong are shown, of each kind.
const LINES_SHOWN: usize = 40;

/// One document, as the report has it.
pub struct Row {
    pub file: String,
    pub words: Words,
    pub headings: usize,
    /// All of them; of those, `external` lead elsewhere.
    pub links: usize,
    pub external: usize,
    /// Links to files that there are not.
    pub broken: Vec<String>,
    pub from_cache: bool,
}

/// One run over a folder.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// All of it: finding, reading and checking the files too.
    pub ms: f64,
    /// From the texts to the documents, by rendering or from the cache.
    pub documents_ms: f64,
    pub documents: usize,
    /// How many were not in the cache.
    pub rendered: usize,
}

/// The runs over a folder.
pub struct History {
    pub runs: u32,
    pub first: Run,
    pub last: Run,
}

/// All of it: the documents, their sums, what is wrong with them, the time.
pub fn all(rows: &[Row], skipped: &[String], history: &History) -> String {
    let mut text = String::new();
    write_all(&mut text, rows, skipped, history).expect("writing to a String cannot fail");
    text
}

fn write_all(
    text: &mut String,
    rows: &[Row],
    skipped: &[String],
    history: &History,
) -> fmt::Result {
    table(text, rows)?;
    totals(text, rows)?;
    let broken = rows.iter().flat_map(|row| row.broken.iter().map(|to| (&row.file, to)));
    let broken: Vec<_> = broken.map(|(file, to)| format!("{file}: {to}")).collect();
    lines(text, "broken links", &broken)?;
    lines(text, "skipped", skipped)?;
    writeln!(text)?;
    write!(text, "{history}")
}

fn table(text: &mut String, rows: &[Row]) -> fmt::Result {
    let width = rows.iter().map(|row| row.file.chars().count()).max().unwrap_or(0).max(8);
    writeln!(text, "{:width$}  words  headings  links  from      most frequent", "document")?;
    for row in rows {
        let terms = row.words.terms.iter().take(TERMS_SHOWN).map(|(term, _)| term.as_str());
        writeln!(
            text,
            "{:width$}  {:>5}  {:>8}  {:>5}  {:8}  {}",
            printable(&row.file),
            row.words.count,
            row.headings,
            row.links,
            if row.from_cache { "cache" } else { "rendered" },
            terms.collect::<Vec<_>>().join(", "),
        )?;
    }
    Ok(())
}

fn totals(text: &mut String, rows: &[Row]) -> fmt::Result {
    let sum = |of: fn(&Row) -> usize| rows.iter().map(of).sum::<usize>();
    let words = rows.iter().map(|row| row.words.count).sum();
    writeln!(
        text,
        "\n{} documents, {words} words, {} minutes to read, {} headings, {} links ({} external, {} broken)",
        rows.len(),
        minutes(words),
        sum(|row| row.headings),
        sum(|row| row.links),
        sum(|row| row.external),
        sum(|row| row.broken.len()),
    )
}

fn lines(text: &mut String, title: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{title}")?;
    for line in lines.iter().take(LINES_SHOWN) {
        writeln!(text, "  {}", printable(line))?;
    }
    if lines.len() > LINES_SHOWN {
        writeln!(text, "  and {} more", lines.len() - LINES_SHOWN)?;
    }
    Ok(())
}

/// Text without what would move a terminal's cursor: documents come from anyone.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

impl Display for History {
    /// The first run and this one, side by side.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, first, last } = self;
        writeln!(f, "{:9}  {:>11}  {:>11}  rendered", "", "total", "documents")?;
        write!(f, "first run  {first}")?;
        if *runs > 1 {
            let faster = first.ms / last.ms;
            let documents_faster = first.documents_ms / last.documents_ms;
            writeln!(f, "\nthis run   {last}")?;
            write!(f, "{:9}  {faster:>9.1} x  {documents_faster:>9.1} x  run {runs}", "faster")?;
        }
        Ok(())
    }
}

impl Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ms, documents_ms, documents, rendered } = self;
        write!(f, "{ms:>8.1} ms  {documents_ms:>8.1} ms  {rendered} of {documents}")
    }
}

/// The summary of a document, and its headings, indented by their level.
pub fn outline(document: &Document) -> String {
    let words = &document.words;
    let mut text = format!(
        "{} words, {} different, {} min to read\n",
        words.count,
        words.unique,
        words.minutes()
    );
    for sentence in &document.summary {
        writeln!(text, "> {}", printable(sentence)).expect("writing to a String cannot fail");
    }
    for heading in &document.outline {
        let indent = usize::from(heading.level - 1) * 2;
        let heading = printable(&heading.text);
        writeln!(text, "{:indent$}{heading}", "").expect("writing to a String cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(file: &str, markdown: &str, broken: &[&str], from_cache: bool) -> Row {
        let document = Document::read(markdown);
        Row {
            file: file.into(),
            headings: document.outline.len(),
            links: document.links.len(),
            external: 0,
            broken: broken.iter().map(ToString::to_string).collect(),
            words: document.words,
            from_cache,
        }
    }

    #[test]
    fn a_report_says_all_of_it() {
        let rows = [
            row("a.md", "# Ships\n\nships and [boats](b.md)", &["b.md"], false),
            row("guide/harbour.md", "Harbour", &[], true),
        ];
        let first = Run { ms: 100.0, documents_ms: 90.0, documents: 2, rendered: 2 };
        let last = Run { ms: 8.0, documents_ms: 1.25, documents: 2, rendered: 1 };
        let history = History { runs: 3, first, last };
        let report = all(&rows, &["c.md: not UTF-8".into()], &history);
        let expected = "\
document          words  headings  links  from      most frequent
a.md                  4         1      1  rendered  ships, boats
guide/harbour.md      1         0      0  cache     harbour

2 documents, 5 words, 1 minutes to read, 1 headings, 1 links (0 external, 1 broken)

broken links
  a.md: b.md

skipped
  c.md: not UTF-8

                 total    documents  rendered
first run     100.0 ms      90.0 ms  2 of 2
this run        8.0 ms       1.2 ms  1 of 2
faster          12.5 x       72.0 x  run 3";
        assert_eq!(report, expected);
    }

    #[test]
    fn the_first_run_stands_alone() {
        let run = Run { ms: 1.0, documents_ms: 0.5, documents: 0, rendered: 0 };
        let report = all(&[], &[], &History { runs: 1, first: run, last: run });
        assert!(report.ends_with("first run       1.0 ms       0.5 ms  0 of 0"), "{report}");
    }

    #[test]
    fn what_is_wrong_is_not_the_whole_report() {
        let run = Run { ms: 1.0, documents_ms: 0.5, documents: 0, rendered: 0 };
        let skipped = vec!["\x1b[2J".to_string(); LINES_SHOWN + 2];
        let report = all(&[], &skipped, &History { runs: 1, first: run, last: run });
        assert_eq!(report.matches("  \u{fffd}[2J\n").count(), LINES_SHOWN);
        assert!(report.contains("  and 2 more\n"));
    }

    #[test]
    fn an_outline_is_indented() {
        let document = Document::read("# One\n\n### Two\n\nA harbour shelters ships.");
        let expected = "6 words, 6 different, 1 min to read\n\
                        > A harbour shelters ships.\nOne\n    Two\n";
        assert_eq!(outline(&document), expected);
    }
}
