//! What a guest sees of the machine that it runs on.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::time::SystemTime;

use expect::{equal, ok, that};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

struct WasiBasic;

impl Guest for WasiBasic {
    fn run(arg: String) -> Result<String, String> {
        that("no arguments", env::args().next().is_none())?;
        equal("no input", ok("read stdin", io::stdin().read(&mut [0; 8]))?, 0)?;
        match arg.as_str() {
            "nothing" => nothing()?,
            "folder" => folder()?,
            _ => return Err(format!("no such grant: {arg}")),
        }
        Ok(format!("what a grant of {arg} shows"))
    }
}

fn nothing() -> Result<(), String> {
    equal("no variables", env::vars().count(), 0)?;
    for path in ["/", ".", "..", "/etc", "/docs", "/proc/self", "/dev/null"] {
        refused("list", path, fs::read_dir(path))?;
    }
    for path in ["/etc/hostname", "/docs/a.txt", "Cargo.toml", "/proc/self/environ"] {
        refused("read", path, fs::read(path))?;
        refused("write", path, fs::write(path, "x"))?;
    }
    Ok(())
}

/// What the host has prepared: `/docs` with `a.txt`, `sub/b.txt`, links to files
/// in it and out of it, and beside it `secret.txt`.
fn folder() -> Result<(), String> {
    let variables: Vec<_> = env::vars().collect();
    equal("variables", variables, vec![("NAME".to_string(), "value".to_string())])?;
    let names = ok("list", fs::read_dir("/docs"))?.flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    equal("names", names, ["a.txt", "above", "absolute", "inside", "sub", "up"])?;
    for path in ["/docs/a.txt", "/docs/sub/../a.txt", "/docs/./a.txt", "/docs/inside"] {
        equal("read", ok(path, fs::read_to_string(path))?, "a")?;
    }
    equal("read below", ok("b", fs::read_to_string("/docs/sub/b.txt"))?, "b")?;
    escapes()?;
    writes()
}

fn escapes() -> Result<(), String> {
    let secrets = [
        "/docs/../secret.txt",
        "/docs/sub/../../secret.txt",
        "/docs/sub/../../../../../../../../etc/hostname",
        "/docs/../docs/../secret.txt",
        "/secret.txt",
        "../secret.txt",
        "/docs//../secret.txt",
        "/docs/above",
        "/docs/absolute",
        "/docs/up/secret.txt",
        "/etc/hostname",
    ];
    for path in secrets {
        refused("read", path, fs::read(path))?;
        refused("write", path, fs::write(path, "x"))?;
    }
    for path in ["/", "/docs/..", "/docs/up", "/docs/sub/../..", "/etc"] {
        refused("list", path, fs::read_dir(path))?;
    }
    Ok(())
}

fn writes() -> Result<(), String> {
    let file = "/docs/a.txt";
    refused("create", "/docs/new", File::create("/docs/new"))?;
    refused("write", file, fs::write(file, "x"))?;
    refused("append", file, OpenOptions::new().append(true).open(file))?;
    refused("truncate", file, OpenOptions::new().write(true).truncate(true).open(file))?;
    refused("remove", file, fs::remove_file(file))?;
    refused("rename", file, fs::rename(file, "/docs/c.txt"))?;
    refused("link", file, fs::hard_link(file, "/docs/c.txt"))?;
    refused("make a folder", "/docs/new", fs::create_dir("/docs/new"))?;
    refused("remove a folder", "/docs/sub", fs::remove_dir_all("/docs/sub"))?;
    let open = ok("open", File::open(file))?;
    refused("shorten", file, open.set_len(0))?;
    refused("date", file, open.set_modified(SystemTime::UNIX_EPOCH))
}

fn refused<T: Debug>(what: &str, path: &str, done: io::Result<T>) -> Result<(), String> {
    match done {
        Ok(done) => Err(format!("{what} {path}: expected to be refused, got {done:?}")),
        Err(_) => Ok(()),
    }
}

export!(WasiBasic);
