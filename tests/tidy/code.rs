//! Rules for the Rust of the project.

use std::collections::BTreeSet;

use crate::{File, checks};

/// Longest file and function, in lines: what is read in one sitting, on one screen.
const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// Whether `code` names the crate or module `path`, as in `redis::cmd`, and not as
/// a part of another's path.
fn names(code: &str, path: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "_:".contains(c);
    code.match_indices(path).any(|(at, _)| !code[..at].ends_with(part))
}

/// The services of `host/src`.
fn services(files: &[File]) -> BTreeSet<&str> {
    let hosts = files.iter().filter_map(|file| file.path.strip_suffix("/host.rs"));
    hosts.filter_map(|folder| folder.strip_prefix("host/src/")).collect()
}

/// Rule 3: imports point one way.
fn imports(files: &[File]) -> Vec<String> {
    let services = services(files);
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is("host/src/", "rs")) {
        let is = |names: &[&str]| names.contains(&file.name());
        let service = file.path.split('/').nth(2).filter(|name| services.contains(name));
        let generated = is(&["bindings.rs", "host.rs", "guest.rs"])
            || file.path.starts_with("host/src/runtime/");
        let store = service.is_some() && is(&["store.rs", "sqlite.rs", "redis.rs"]);
        for (line, code) in file.code() {
            let mut bad = |what: &str| faults.push(file.fault(line, format!("{what}: {code}")));
            if code.contains("bindings::") && !generated {
                bad("generated types are for bindings.rs, runtime/, host.rs and guest.rs");
            }
            let redis = is(&["redis.rs"]) || file.path.starts_with("host/src/redis/");
            if names(code, "redis::") && !redis {
                bad("the redis crate is for redis.rs and redis/");
            }
            if names(code, "sqlx::") && !is(&["sqlite.rs"]) {
                bad("the sqlx crate is for sqlite.rs");
            }
            if store
                && (names(code, "wasmtime::")
                    || names(code, "wit::")
                    || code.contains("super::host"))
            {
                bad("a store knows nothing of guests");
            }
            let other = |other: &&str| {
                // A subscription is a part of its channel, and ends with it; what is done to runs
                // is done to workflows.
                if [(Some("hub"), "channel"), (Some("run"), "workflow")]
                    .contains(&(service, *other))
                {
                    return false;
                }
                let grouped = code.starts_with("use crate::{") && names(code, other);
                service != Some(*other) && (grouped || code.contains(&format!("crate::{other}")))
            };
            if service.is_some() && services.iter().any(other) {
                bad("a service does not import another");
            }
        }
    }
    faults
}

#[test]
fn rule_3_imports_point_one_way() {
    checks(
        imports,
        &[
            ("host/src/cache/mod.rs", "use crate::bindings::satama;", "generated types"),
            ("host/src/cache/mod.rs", "use redis::Cmd;", "the redis crate"),
            ("host/src/session/store.rs", "fn f(e: sqlx::Error) {}", "the sqlx crate"),
        ],
    );
    let two = |path: &str, text: &str| {
        let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
        let hosts =
            ["host/src/cache/host.rs", "host/src/session/host.rs"].map(|path| file(path, ""));
        imports(&hosts.into_iter().chain([file(path, text)]).collect::<Vec<_>>()).len()
    };
    assert_eq!(two("host/src/cache/mod.rs", "use crate::session::Error;"), 1);
    assert_eq!(two("host/src/cache/mod.rs", "use crate::{error, session};"), 1);
    assert_eq!(two("host/src/cache/redis.rs", "use super::host::View;"), 1);
    assert_eq!(two("host/src/cache/store.rs", "use wasmtime::component::Resource;"), 1);
    assert_eq!(two("host/src/guest.rs", "use crate::{cache, session};"), 0);
    assert_eq!(
        two("host/src/cache/mod.rs", "use self::redis::Store;\nuse crate::redis::Redis;"),
        0
    );
}

/// Rule 4: short files, short functions. As rustfmt has it, a function ends at the
/// first brace that is as far to the right as its first line.
fn lengths(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is("", "rs")) {
        let lines: Vec<_> = file.text.lines().collect();
        if lines.len() > FILE_LINES_MAX {
            let what = format!("{} lines, of at most {FILE_LINES_MAX}", lines.len());
            faults.push(file.fault(lines.len(), what));
        }
        for (at, line) in lines.iter().enumerate() {
            let code = line.trim_start();
            let words = code.split(' ').take_while(|word| *word != "fn");
            let is_function = code.contains("fn ")
                && words.clone().all(|word| {
                    ["const", "async", "unsafe"].contains(&word) || word.starts_with("pub")
                });
            // What a trait declares ends with the first line that could be its body's.
            let head = lines[at..].iter().find(|line| line.ends_with(['{', '}', ';']));
            if !is_function || !head.is_some_and(|line| line.ends_with('{')) {
                continue;
            }
            let end = format!("{}}}", &line[..line.len() - code.len()]);
            let length = lines[at..].iter().position(|line| *line == end).map_or(1, |end| end + 1);
            if length > FUNCTION_LINES_MAX {
                let what = format!("a function of {length} lines, of at most {FUNCTION_LINES_MAX}");
                faults.push(file.fault(at + 1, what));
            }
        }
    }
    faults
}

#[test]
fn rule_4_files_and_functions_are_short() {
    let file = "\n".repeat(FILE_LINES_MAX + 1);
    let body = "        work();\n".repeat(FUNCTION_LINES_MAX);
    let method = format!("impl A {{\n    pub(crate) async fn f() {{\n{body}    }}\n}}\n");
    let function = format!("fn f<T>()\nwhere\n    T: Sized,\n{{\n{body}}}\n");
    checks(
        lengths,
        &[
            ("a.rs", &file, "401 lines"),
            ("a.rs", &method, "a.rs:2: a function of 72 lines"),
            ("a.rs", &function, "a.rs:1: a function of 75 lines"),
        ],
    );
}

/// Rule 22: a limit says its unit and its reason.
fn limits(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is("host/src/", "rs") || file.is("guest/", "rs")) {
        // One comment may stand for the constants of one paragraph.
        let mut explained = false;
        for (at, line) in file.text.lines().map(str::trim).enumerate() {
            let name = line.split("const ").nth(1).and_then(|rest| rest.split(':').next());
            if name.is_some_and(|name| name.ends_with("_MAX")) && !explained {
                faults.push(file.fault(at + 1, format!("a limit without a doc comment: {line}")));
            }
            explained = line.starts_with("///") || explained && !line.is_empty();
        }
    }
    faults
}

#[test]
fn rule_22_limits_say_why() {
    checks(
        limits,
        &[
            ("host/src/a.rs", "use b;\n\npub const A_MAX: u64 = 1;", "a.rs:3: a limit without"),
            ("guest/rust/src/a.rs", "/// B.\nconst B: u8 = 1;\n\nconst A_MAX: u8 = 1;", "a.rs:4: "),
        ],
    );
}

/// Rule 25: the time is passed in.
fn clocks(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    // A body's clock is its run's, which a guest of the tests sees for itself.
    let reads = ["host/src/clock.rs", "tests/guests/workflow_basic/src/steps.rs"];
    let rust = files.iter().filter(|file| file.is("", "rs") && !reads.contains(&&*file.path));
    for file in rust {
        for (line, _) in
            file.code().filter(|(_, code)| code.contains(concat!("SystemTime", "::now")))
        {
            faults.push(file.fault(line, "take a Clock"));
        }
    }
    faults
}

#[test]
fn rule_25_the_time_is_passed_in() {
    let now = concat!("let now = SystemTime", "::now();");
    checks(clocks, &[("host/src/a.rs", now, "a.rs:1: take a Clock")]);
}
