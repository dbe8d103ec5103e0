//! Rules for what others rely on: the WIT, the services, their scripts.

use std::collections::BTreeSet;

use crate::{File, checks};

/// Longest script, in lines. The server does nothing else while it runs.
const SCRIPT_LINES_MAX: usize = 60;
const SHARED_LINES_MAX: usize = 100;

/// What is under `host/src/SERVICE`.
const SERVICE_FILES: [&str; 5] = ["mod.rs", "host.rs", "store.rs", "sqlite.rs", "redis.rs"];

/// Rule 1: a folder for each interface of the WIT, and one shape.
fn service_folders(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for wit in files.iter().filter(|file| file.is("wit/", "wit") && !file.path.contains("deps/")) {
        let service = wit.name().trim_end_matches(".wit");
        // Credentials are secrets too: their service is `secret`. What runs are kept in is
        // workflows'.
        if ["world", "types", "credential", "run"].contains(&service) {
            continue;
        }
        for name in SERVICE_FILES {
            let path = format!("host/src/{service}/{name}");
            if !files.iter().any(|file| file.path == path) {
                faults.push(wit.fault(1, format!("there is no {path}")));
            }
        }
        if !wit.code().any(|(_, line)| line == format!("interface {service} {{")) {
            faults.push(wit.fault(1, format!("it has no interface `{service}`")));
        }
    }
    faults
}

#[test]
fn rule_1_each_service_has_its_folder() {
    checks(
        service_folders,
        &[
            ("wit/hub.wit", "interface hub {\n}", "there is no host/src/hub/store.rs"),
            ("wit/hub.wit", "interface other {\n}", "no interface `hub`"),
        ],
    );
}

/// Rules 11 and 13: one package line, and nothing that a guest can name without a
/// word on what it does.
fn wit_docs(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is("wit/", "wit") && !file.path.contains("deps/")) {
        let mut doc = String::new();
        for (at, line) in file.text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
            if let Some(text) = line.strip_prefix("///") {
                doc.push_str(text);
                continue;
            }
            let first = line.split(' ').next().unwrap_or_default();
            let named =
                ["record", "variant", "enum", "flags", "type", "resource", "interface", "world"];
            let item = named.contains(&first)
                || line.contains(": func(")
                || line.contains(": static func(");
            if item && doc.is_empty() {
                faults.push(file.fault(at, format!("without a doc comment: {line}")));
            }
            if first == "interface" && !doc.contains("**Consistency.**") {
                faults.push(file.fault(at, "an interface states its consistency"));
            }
            if first == "package" && file.name() != "world.wit" {
                faults.push(file.fault(at, "the package line is in world.wit"));
            }
            doc.clear();
        }
    }
    faults
}

#[test]
fn rule_13_the_wit_says_what_all_of_it_does() {
    let stated = "/// **Consistency.** None.\ninterface a {\n";
    checks(
        wit_docs,
        &[
            ("wit/a.wit", "/// A.\ninterface a {", "states its consistency"),
            (
                "wit/a.wit",
                &format!("{stated}    record b {{"),
                "a.wit:3: without a doc comment: record b",
            ),
            (
                "wit/a.wit",
                &format!("{stated}    get: func(k: string);"),
                "without a doc comment: get",
            ),
            (
                "wit/a.wit",
                &format!("{stated}    open: static func();"),
                "without a doc comment: open",
            ),
            ("wit/a.wit", "package a:b;", "the package line"),
        ],
    );
}

/// The places of `KEYS` or `ARGV` that a text names, as in `ARGV[2]`.
fn places<'a>(text: &'a str, array: &str) -> BTreeSet<&'a str> {
    let pieces = text.split(array).skip(1).filter_map(|rest| rest.strip_prefix('['));
    let places = pieces.filter_map(|rest| rest.split_once(']')).map(|(place, _)| place);
    places.filter(|place| place.parse::<u32>().is_ok()).collect()
}

/// The comments that a script begins with, and what follows them.
fn header(script: &str) -> (&str, &str) {
    let lines = script.split_inclusive('\n').take_while(|line| line.starts_with("--"));
    script.split_at(lines.map(str::len).sum())
}

/// Rule 19: short scripts, whose header names each key and what they return.
fn scripts(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is("host/", "lua")) {
        let mut bad = |line: usize, what: &str| faults.push(file.fault(line, what));
        let (own, body) = header(&file.text);
        let folder = &file.path[..file.path.len() - file.name().len()];
        // What a script shares with those before it is in the header of one of them.
        let shared = own.contains("Shared by ");
        let (mut named, mut used) = (own.to_owned(), body.to_owned());
        for other in files.iter().filter(|other| other.is("host/src/", "lua")) {
            let (header, body) = header(&other.text);
            // The hub's scripts share that of channels, and say whose it is.
            let path = other.path.trim_start_matches("host/src/");
            let beside = other.path.starts_with(folder);
            let name = if beside { other.name() } else { path };
            if beside && shared || own.contains(&format!("as in {name}")) {
                named.push_str(header);
                used.push_str(body);
            }
        }
        // What is shared has something for each of several.
        let max = if shared { SHARED_LINES_MAX } else { SCRIPT_LINES_MAX };
        if file.text.lines().count() > max {
            bad(max + 1, "a script is too long");
        }
        if !own.contains("KEYS") {
            bad(1, "the header does not name KEYS");
        }
        if !own.contains("Returns ") && !shared {
            bad(1, "the header does not say what it returns");
        }
        for array in ["KEYS", "ARGV"] {
            for place in places(body, array).difference(&places(&named, array)) {
                bad(1, &format!("the header does not name {array}[{place}]"));
            }
            // It may take them all at once.
            let all = array == "ARGV" && body.contains("unpack(ARGV");
            for place in places(own, array).difference(&places(&used, array)) {
                if !all {
                    bad(1, &format!("the header names {array}[{place}], which is not used"));
                }
            }
        }
        for (line, code) in file.code() {
            let code = code.to_uppercase().replace('"', "'");
            let walks = ["KEYS", "SCAN", "HSCAN", "SSCAN", "ZSCAN", "RANDOMKEY"];
            if walks.iter().any(|command| code.contains(&format!("CALL('{command}'"))) {
                bad(line, "a script does not search for keys");
            }
        }
        let service = folder.trim_end_matches("lua/");
        let uses = |other: &&File| {
            other.path.starts_with(service)
                && other.name() == "redis.rs"
                && other.text.contains(file.name())
        };
        if !files.iter().any(|other| uses(&other)) {
            bad(1, &format!("{service}redis.rs does not use it"));
        }
    }
    faults
}

#[test]
fn rule_19_scripts_are_short_and_say_what_they_touch() {
    let head = "-- Get.\n--\n-- KEYS[1]  the entry\n--\n-- Returns it.\n\n";
    checks(
        scripts,
        &[
            ("host/src/a/lua/x.lua", &format!("{head}{}", "\n".repeat(60)), "too long"),
            ("host/src/a/lua/x.lua", "return 1", "does not name KEYS\n".trim()),
            ("host/src/a/lua/x.lua", "-- KEYS[1] a\nreturn 1", "what it returns"),
            (
                "host/src/a/lua/x.lua",
                &format!("{head}redis.call('DEL', KEYS[2])"),
                "not name KEYS[2]",
            ),
            ("host/src/a/lua/x.lua", &format!("{head}return ARGV[1]"), "not name ARGV[1]"),
            (
                "host/src/a/lua/x.lua",
                &format!("{head}redis.call('scan', 0)"),
                "x.lua:7: a script does not",
            ),
            ("host/src/a/lua/x.lua", &format!("{head}redis.pcall('KEYS', '*')"), "does not search"),
            ("host/src/a/lua/x.lua", head, "names KEYS[1], which is not used"),
            ("host/src/a/lua/x.lua", head, "host/src/a/redis.rs does not use it"),
        ],
    );
}

/// A Redis user of one tenant may use what the services name, so they name all.
fn commands(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is("host/", "lua")) {
        let folder = &file.path[..file.path.len() - file.name().len()];
        let store = format!("{}redis.rs", folder.trim_end_matches("lua/"));
        let named = files.iter().find(|other| other.path == store);
        let named = named.map_or("", |store| store.text.as_str());
        for (line, code) in file.code() {
            for call in code.split("redis.call('").skip(1) {
                let command = call.split('\'').next().unwrap_or_default().to_lowercase();
                // What all services use is in `acl.rs`.
                if command != "spublish" && !named.contains(&format!("\"{command}\"")) {
                    faults.push(file.fault(line, format!("{store} does not name {command}")));
                }
            }
        }
    }
    faults
}

#[test]
fn rule_19_the_commands_of_scripts_are_named() {
    let script = "redis.call('GET', KEYS[1])";
    checks(commands, &[("host/src/a/lua/x.lua", script, "host/src/a/redis.rs does not name get")]);
}
