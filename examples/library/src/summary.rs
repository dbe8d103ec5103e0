//! The sentences that say most of a text: those that have words in common with
//! most others. This is TextRank (Mihalcea and Tarau 2004,
//! <https://aclanthology.org/W04-3252/>), PageRank on sentences.

use std::collections::HashMap;

use crate::words::{is_term, split};

/// How many sentences a summary has.
const SUMMARY_SENTENCES: usize = 3;

/// Most sentences that are ranked, the first of the text: the work grows with
/// their square.
const SENTENCES_MAX: usize = 500;

/// Most words of a sentence. A longer one is a list, and no summary.
const WORDS_MAX: usize = 60;

/// Fewest different terms of a sentence: fewer have no meaning of their own.
const TERMS_MIN: usize = 3;

/// How much of its rank a sentence passes on, and when the ranks are settled:
/// the paper's values.
const DAMPING: f32 = 0.85;
const SETTLED: f32 = 1e-4;

/// More rounds than any text takes to settle.
const ROUNDS_MAX: usize = 100;

/// The sentences of a text that comes in paragraphs.
#[derive(Default)]
pub struct Sentences {
    texts: Vec<String>,
    /// The different terms of each, as numbers, in order.
    terms: Vec<Vec<usize>>,
    numbers: HashMap<String, usize>,
}

impl Sentences {
    /// Takes the sentences of a paragraph.
    pub fn read(&mut self, paragraph: &str) {
        for sentence in sentences(paragraph) {
            if self.texts.len() == SENTENCES_MAX || split(sentence).count() > WORDS_MAX {
                continue;
            }
            let terms = self.number(sentence);
            if terms.len() >= TERMS_MIN {
                self.texts.push(sentence.to_owned());
                self.terms.push(terms);
            }
        }
    }

    /// The sentences that rank highest, in the order of the text.
    pub fn summary(mut self) -> Vec<String> {
        let ranks = rank(&self.terms);
        let mut best: Vec<_> = (0..ranks.len()).collect();
        best.sort_by(|&a, &b| ranks[b].total_cmp(&ranks[a]));
        best.truncate(SUMMARY_SENTENCES);
        best.sort_unstable();
        best.into_iter().map(|n| std::mem::take(&mut self.texts[n])).collect()
    }

    fn number(&mut self, sentence: &str) -> Vec<usize> {
        let mut terms = Vec::new();
        for word in split(sentence).map(str::to_lowercase).filter(|word| is_term(word)) {
            let next = self.numbers.len();
            terms.push(*self.numbers.entry(word).or_insert(next));
        }
        terms.sort_unstable();
        terms.dedup();
        terms
    }
}

/// The sentences of a paragraph: what ends in a mark that a space follows.
fn sentences(paragraph: &str) -> impl Iterator<Item = &str> {
    let mut rest = paragraph;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let ends = |at: &usize| rest[*at..].starts_with(char::is_whitespace);
        let marks = rest.match_indices(['.', '!', '?']).map(|(at, mark)| at + mark.len());
        let end = marks.into_iter().find(ends).unwrap_or(rest.len());
        let (sentence, after) = rest.split_at(end);
        rest = after;
        (!sentence.is_empty()).then_some(sentence)
    })
}

/// How much each sentence is like the others, and they like others in turn.
fn rank(terms: &[Vec<usize>]) -> Vec<f32> {
    let mut links: Vec<Vec<(usize, f32)>> = vec![Vec::new(); terms.len()];
    for (a, one) in terms.iter().enumerate() {
        for (b, other) in terms.iter().enumerate().skip(a + 1) {
            let likeness = likeness(one, other);
            if likeness > 0.0 {
                links[a].push((b, likeness));
                links[b].push((a, likeness));
            }
        }
    }
    let sums: Vec<f32> = links.iter().map(|to| to.iter().map(|(_, weight)| weight).sum()).collect();
    let mut ranks = vec![1.0; terms.len()];
    for _ in 0..ROUNDS_MAX {
        let given = |from: &[(usize, f32)]| -> f32 {
            from.iter().map(|(n, weight)| ranks[*n] * weight / sums[*n]).sum()
        };
        let next: Vec<_> = links.iter().map(|from| 1.0 - DAMPING + DAMPING * given(from)).collect();
        let moved = ranks.iter().zip(&next).any(|(old, new)| (old - new).abs() > SETTLED);
        ranks = next;
        if !moved {
            break;
        }
    }
    ranks
}

/// How many terms two sentences share, for their length. Both are in order.
fn likeness(one: &[usize], other: &[usize]) -> f32 {
    let (mut a, mut b, mut shared) = (0, 0, 0.0);
    while let (Some(x), Some(y)) = (one.get(a), other.get(b)) {
        a += usize::from(x <= y);
        b += usize::from(y <= x);
        shared += f32::from(u8::from(x == y));
    }
    shared / ((one.len() as f32).ln() + (other.len() as f32).ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(text: &str) -> Vec<String> {
        let mut sentences = Sentences::default();
        text.split("\n\n").for_each(|paragraph| sentences.read(paragraph));
        sentences.summary()
    }

    #[test]
    fn a_paragraph_is_split_at_its_marks() {
        let text = " Version 1.2 is out. Is it? It is! e.g. this…  ";
        let parts: Vec<_> = sentences(text).collect();
        assert_eq!(parts, ["Version 1.2 is out.", "Is it?", "It is!", "e.g.", "this…  "]);
        assert_eq!(sentences("").count(), 0);
    }

    #[test]
    fn a_summary_is_what_the_rest_is_about() {
        let text = "Yesterday a quick brown fox jumped fences. \
                    A harbour shelters ships from storms at sea. \
                    Ships in the harbour wait for storms to pass. \
                    Lunch consisted of bread, cheese, apples.\n\n\
                    Storms at sea drive ships towards the harbour.";
        let expected = [
            "A harbour shelters ships from storms at sea.",
            "Ships in the harbour wait for storms to pass.",
            "Storms at sea drive ships towards the harbour.",
        ];
        assert_eq!(summary(text), expected);
    }

    #[test]
    fn a_text_without_sentences_has_no_summary() {
        assert!(summary("").is_empty());
        assert!(summary("Too few.").is_empty());
        assert!(summary(&"word ".repeat(WORDS_MAX + 1)).is_empty());
    }

    #[test]
    fn a_sentence_like_no_other_does_not_upset_the_ranks() {
        let ranks = rank(&[vec![0, 1, 2], vec![3, 4, 5], vec![0, 1, 6]]);
        assert!(ranks.iter().all(|rank| rank.is_finite()));
        assert!(ranks[1] < ranks[0] && ranks[1] < ranks[2]);
    }
}
