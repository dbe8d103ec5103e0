//! What can be known of one document from its text alone. This is what is cached.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use serde::{Deserialize, Serialize};

use crate::summary::Sentences;
use crate::words::{Counter, Words};

/// What becomes of a document. A change here needs another [`VERSION`].
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub html: String,
    pub outline: Vec<Heading>,
    pub links: Vec<Link>,
    pub words: Words,
    /// The sentences that say most of it, in their order.
    pub summary: Vec<String>,
}

/// Keeps what other versions of this module made out of the way.
pub const VERSION: &str = "document-1";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Heading {
    /// One to six.
    pub level: u8,
    pub text: String,
}

/// Where a link or an image points.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum Link {
    /// Anywhere else: it has a scheme or a host.
    External(String),
    /// A heading of this document.
    Heading(String),
    /// A file, relative to this document or, with a slash, to the whole folder.
    File(String),
}

impl Document {
    /// Reads a document written in Markdown, with GitHub's extensions.
    pub fn read(markdown: &str) -> Self {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_GFM;
        let mut reader = Reader::default();
        let mut html = String::with_capacity(markdown.len() * 3 / 2);
        let events = Parser::new_ext(markdown, options).inspect(|event| reader.read(event));
        html::push_html(&mut html, events);
        Self {
            html,
            outline: reader.outline,
            links: reader.links,
            words: reader.words.finish(),
            summary: reader.sentences.summary(),
        }
    }
}

/// Takes notes while the document is rendered.
#[derive(Default)]
struct Reader {
    outline: Vec<Heading>,
    links: Vec<Link>,
    words: Counter,
    sentences: Sentences,
    /// The text of the paragraph that is being read.
    paragraph: Option<String>,
    /// Whether the text belongs to the last heading.
    in_heading: bool,
    /// Whether the text is code, which has no words.
    in_code: bool,
}

impl Reader {
    fn read(&mut self, event: &Event) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.outline.push(Heading { level: rank(*level), text: String::new() });
                self.in_heading = true;
            }
            Event::End(TagEnd::Heading(_)) => self.in_heading = false,
            Event::Start(Tag::Paragraph) => self.paragraph = Some(String::new()),
            Event::End(TagEnd::Paragraph) => {
                self.sentences.read(&self.paragraph.take().unwrap_or_default());
            }
            Event::Start(Tag::CodeBlock(_)) => self.in_code = true,
            Event::End(TagEnd::CodeBlock) => self.in_code = false,
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                self.links.push(Link::read(dest_url));
            }
            Event::Text(text) | Event::Code(text) => self.text(text),
            Event::SoftBreak | Event::HardBreak => self.text(" "),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(heading) = self.outline.last_mut().filter(|_| self.in_heading) {
            heading.text.push_str(text);
        }
        if let Some(paragraph) = &mut self.paragraph {
            paragraph.push_str(text);
        }
        if !self.in_code {
            self.words.count(text);
        }
    }
}

fn rank(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

impl Link {
    fn read(target: &str) -> Self {
        if let Some(heading) = target.strip_prefix('#') {
            return Self::Heading(heading.to_owned());
        }
        if target.starts_with("//") || has_scheme(target) {
            return Self::External(target.to_owned());
        }
        let path = target.split(['#', '?']).next().unwrap_or_default();
        Self::File(percent_decode(path))
    }

    /// What it points to.
    pub fn target(&self) -> &str {
        match self {
            Self::External(target) | Self::Heading(target) | Self::File(target) => target,
        }
    }
}

/// Whether a URL is absolute: RFC 3986 §3.1.
fn has_scheme(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}

/// Text with each `%41` as the byte it stands for. What is not such stays.
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = after.get(..2).filter(|_| *first == b'%');
        let byte = escape
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_rendered() {
        let document = Document::read("# Hi\n\n| a |\n|---|\n| ~~b~~ |\n");
        assert!(document.html.starts_with("<h1>Hi</h1>\n<table>"));
        assert!(document.html.contains("<del>b</del>"));
    }

    #[test]
    fn headings_keep_their_text_and_level() {
        let document =
            Document::read("# One *two* `three`\n\ntext\n\nFour\nfive\n---\n\n###### Six");
        let outline: Vec<_> = document.outline.iter().map(|h| (h.level, h.text.as_str())).collect();
        assert_eq!(outline, [(1, "One two three"), (2, "Four five"), (6, "Six")]);
    }

    #[test]
    fn links_are_told_apart() {
        let document = Document::read(
            "[a](https://example.com/#x) <mailto:a@b.c> [b](//host/x) [c](#top)\n\
             [d](../b%20c.md#part) ![e](/logo.png?raw) [f](x%zz) [g][1] [h](a/b:c)\n\n[1]: y.md",
        );
        let file = |path: &str| Link::File(path.into());
        assert_eq!(
            document.links,
            [
                Link::External("https://example.com/#x".into()),
                Link::External("mailto:a@b.c".into()),
                Link::External("//host/x".into()),
                Link::Heading("top".into()),
                file("../b c.md"),
                file("/logo.png"),
                file("x%zz"),
                file("y.md"),
                file("a/b:c"),
            ]
        );
    }

    #[test]
    fn code_has_no_words() {
        let document =
            Document::read("two words\n\n```rust\nlet code = 1;\n```\n\n    more code\n");
        assert_eq!(document.words.count, 2);
    }

    #[test]
    fn a_document_survives_the_cache() {
        let document = Document::read("# One\n\n[two](three.md) and \"more\"\n");
        let json = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<Document>(&json).unwrap(), document);
    }
}
