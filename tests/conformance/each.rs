//! What runs each case on each backend, and texts that many cases try.

/// Texts that a store might take for something else.
pub(crate) const ODD_TEXTS: &[&str] = &[
    "",
    " ",
    ":",
    "{",
    "}",
    "{}",
    "{a}",
    "*",
    "?",
    "[a]",
    "\\",
    "%",
    "%00",
    "\0",
    "a",
    "a\0",
    "a\0b",
    "e:a",
    "g:a",
    "a:b",
    "A",
    "'",
    "\"",
    "\r\n",
    "ä",
    "a\u{308}",
    "\u{10ffff}",
    "日本",
    "1",
    "01",
    "NULL",
];

/// Makes each case a test of each backend, on a store of its own, or with tenants of its
/// own on the one cluster. A case that is
/// not listed is a function that is never used, which the compiler complains of.
macro_rules! conformance {
    ($($service:ident { $($case:ident)* })*) => {
        mod redis {
            conformance! { on redis $($service { $($case)* })* }
        }

        mod cluster {
            conformance! { on cluster $($service { $($case)* })* }
        }

        mod sqlite {
            conformance! { on sqlite $($service { $($case)* })* }
        }
    };
    (on $backend:ident $($service:ident { $($case:ident)* })*) => {$(
        mod $service {
            use satama_tests::Harness;

            use crate::conformance::$service as cases;

            $(
                #[tokio::test]
                async fn $case() {
                    cases::$case(&Harness::$backend().await).await;
                }
            )*
        }
    )*};
}
