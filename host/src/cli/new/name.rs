//! What a project may be called.

/// Longest name, in bytes: crates.io's limit, which is less than npm's and file systems'.
const NAME_BYTES_MAX: usize = 64;

/// Words that WIT or Rust keep for themselves where the name would be, or that the template has.
const KEPT: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "bool",
    "borrow",
    "box",
    "break",
    "char",
    "const",
    "constructor",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "export",
    "extern",
    "f32",
    "f64",
    "false",
    "final",
    "flags",
    "fn",
    "for",
    "from",
    "func",
    "future",
    "gen",
    "if",
    "impl",
    "import",
    "in",
    "include",
    "interface",
    "let",
    "list",
    "loop",
    "macro",
    "map",
    "match",
    "mod",
    "move",
    "option",
    "override",
    "own",
    "package",
    "plugin",
    "priv",
    "pub",
    "record",
    "ref",
    "resource",
    "result",
    "return",
    "s16",
    "s32",
    "s64",
    "s8",
    "satama",
    "satama-guest",
    "self",
    "static",
    "std",
    "stream",
    "string",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "tuple",
    "type",
    "typeof",
    "u16",
    "u32",
    "u64",
    "u8",
    "unsafe",
    "unsized",
    "use",
    "variant",
    "virtual",
    "where",
    "while",
    "with",
    "world",
    "yield",
];

/// A name that a package of every language can have, and one of WIT.
pub(super) fn parse(name: &str) -> Result<String, String> {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if !name.split('-').all(word) {
        let words = "use words of small letters and digits, which begin with a letter";
        return Err(format!("{words}, with `-` between them, as in `price-list2`"));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(format!("it is {} letters long, of at most {NAME_BYTES_MAX}", name.len()));
    }
    if KEPT.contains(&name) {
        return Err("a language, or Satama, has this word for itself; choose another".into());
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_words_with_hyphens() {
        for name in ["a", "hello", "price-list2", "a1-b2-c3", &"a".repeat(NAME_BYTES_MAX)] {
            assert_eq!(parse(name).as_deref(), Ok(name));
        }
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        for name in [
            "", "-", "-a", "a-", "a--b", "A", "aB", "1a", "a-1", "a_b", "a b", "a/b", "../a", ".",
            "é", "world", "fn", "satama", "a\0", "a\n", &long,
        ] {
            assert!(parse(name).is_err(), "{name:?}");
        }
    }
}
