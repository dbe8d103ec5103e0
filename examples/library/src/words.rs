//! Counts words, and ranks them by how often they occur.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// How many of the most frequent terms are kept.
const TERMS_MAX: usize = 10;

/// Words that adults read silently in a minute, in English non-fiction
/// (Brysbaert 2019, doi:10.1016/j.jml.2019.104047).
const WORDS_PER_MINUTE: u32 = 238;

/// English words that say nothing of what a text is about, in order.
const STOP_WORDS: &[&str] = &[
    "about", "after", "all", "also", "and", "any", "are", "because", "been", "before", "but",
    "can", "did", "does", "each", "for", "from", "had", "has", "have", "here", "how", "into",
    "its", "may", "more", "most", "must", "not", "now", "one", "only", "other", "our", "out",
    "over", "same", "should", "some", "such", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "two", "use", "used", "was", "were", "what", "when",
    "where", "which", "while", "who", "why", "will", "with", "would", "you", "your",
];

/// The words of a text.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Words {
    /// All of them.
    pub count: u32,
    /// Different ones.
    pub unique: u32,
    /// The most frequent that mean something, each with its count.
    pub terms: Vec<(String, u32)>,
}

impl Words {
    /// How long they take to read, in minutes: at least one.
    pub fn minutes(&self) -> u32 {
        minutes(self.count)
    }
}

/// How long so many words take to read, in minutes: at least one.
pub fn minutes(words: u32) -> u32 {
    words.div_ceil(WORDS_PER_MINUTE).max(1)
}

/// Counts the words of a text that comes in pieces.
#[derive(Default)]
pub struct Counter {
    counts: HashMap<String, u32>,
}

impl Counter {
    /// Counts the words of `text`. A word does not go on in the next piece.
    pub fn count(&mut self, text: &str) {
        for word in split(text) {
            *self.counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }

    pub fn finish(self) -> Words {
        let count = self.counts.values().sum();
        let unique = u32::try_from(self.counts.len()).unwrap_or(u32::MAX);
        let mut terms: Vec<_> = self.counts.into_iter().filter(|(word, _)| is_term(word)).collect();
        terms.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
        terms.truncate(TERMS_MAX);
        Words { count, unique, terms }
    }
}

/// The words of `text`.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    // An apostrophe is part of a word, but not of its ends.
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’');
    words.map(|word| word.trim_matches(['\'', '’'])).filter(|word| !word.is_empty())
}

/// Whether a word, in lower case, says something of what a text is about.
pub fn is_term(word: &str) -> bool {
    word.chars().count() > 2
        && word.chars().any(char::is_alphabetic)
        && STOP_WORDS.binary_search(&word).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        let mut counter = Counter::default();
        counter.count(text);
        counter.finish()
    }

    #[test]
    fn the_stop_words_are_in_order() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn words_are_counted_whatever_their_case() {
        let words = words("The harbour, the HARBOUR's 'harbour' – don’t (Äiti äiti) 2026 3");
        assert_eq!((words.count, words.unique), (10, 7));
        let terms: Vec<_> = words.terms.iter().map(|(term, n)| (term.as_str(), *n)).collect();
        assert_eq!(terms, [("harbour", 2), ("äiti", 2), ("don’t", 1), ("harbour's", 1)]);
    }

    #[test]
    fn pieces_add_up() {
        let mut counter = Counter::default();
        counter.count("ship ship");
        counter.count("ship");
        assert_eq!(counter.finish().terms, [("ship".to_string(), 3)]);
    }

    #[test]
    fn reading_takes_a_minute_at_least() {
        assert_eq!([0, 1, 238, 239].map(minutes), [1, 1, 1, 2]);
        assert_eq!(words("").minutes(), 1);
    }
}
