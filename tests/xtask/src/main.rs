//! The project's own commands: `cargo demo`, `cargo ci`, `cargo xtask …`.
//!
//! Each installs what it misses, so that a machine with rustup alone can run it.

mod component;
mod cost;
mod setup;
mod step;
mod toolchains;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use step::{Failed, Steps, cargo};

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  demo [FOLDER] [--store STORE]   run the library example twice, on this repo's documents or yours
  ci                              format, lint, and run every test
  bench [--quick] [FILTER]        measure, and print ratios (a release build: some twenty minutes)
  bench --node [--quick]          measure against @pikku/redis, which npm installs for the run
  cost [LANGUAGE…]                what a component costs in each language (a release build, and new
                                  projects, whose tools install what they need)
  chaos [--runs N] [--minutes M]  run N workflows on each store while workers are killed, for M minutes
  guests                          build the guests of the tests and of the examples
  cargo-component                 build the Rust template with `cargo component`, which is installed
                                  in the target folder (some ten minutes)
  setup                           install what the tests need and this machine misses

Examples:
  cargo demo
  cargo demo ~/notes --store redis://localhost
  cargo xtask bench --quick cache

`cargo demo` and `cargo ci` are short for `cargo xtask demo` and `cargo xtask ci`.";

/// Folders with a workspace of their own, whose target is wasm32-wasip2.
const GUESTS: [&str; 5] = [LIBRARY, WEBHOOK, CHECKOUT, "tests/guests", "tests/languages/rust"];
const LIBRARY: &str = "examples/library";
const WEBHOOK: &str = "examples/webhook";
const CHECKOUT: &str = "examples/checkout";

/// What the tests need beside Rust.
const TESTS: [setup::Program; 5] =
    [setup::REDIS, setup::SOFTHSM, setup::CC, setup::CXX, setup::MAKE];

/// The guest SDK: a workspace of its own, which is tested natively.
const SDK: &str = "guest/rust";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["demo", rest @ ..] => demo(rest),
        ["ci"] => ci(),
        ["bench", rest @ ..] => bench(rest),
        ["cost", rest @ ..] => cost::cost(rest),
        ["chaos", rest @ ..] => chaos(rest),
        ["guests"] => setup::rust().and_then(|()| guests(&mut Steps::new(GUESTS.len()))),
        ["cargo-component"] => component::check(),
        ["setup"] => prepare(),
        [] | ["help" | "--help" | "-h"] => {
            eprintln!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [other, ..] => {
            eprintln!("error: `{other}` is not a command\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(why)) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Renders documents in a guest, twice, on a store that outlives both.
fn demo(args: &[&str]) -> Result<(), Failed> {
    let (mut folder, mut store) = (None, None);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match *arg {
            "--store" => store = rest.next().copied(),
            path if !path.starts_with('-') => folder = Some(path),
            other => return Err(Failed(format!("`{other}` is not an option\n\n{USAGE}"))),
        }
    }
    let folder = std::path::absolute(folder.unwrap_or(root().to_str().unwrap_or(".")))
        .map_err(|err| Failed(err.to_string()))?;
    if !folder.exists() {
        return Err(Failed(format!("{} does not exist", folder.display())));
    }
    // A file is shown from its folder.
    let (folder, path) = match (folder.parent(), folder.file_name()) {
        (Some(parent), Some(name)) if folder.is_file() => (parent, name.to_string_lossy()),
        _ => (folder.as_path(), ".".into()),
    };

    setup::rust()?;
    let mut steps = Steps::new(4);
    build_guest(&mut steps, LIBRARY)?;
    steps.run(
        "build satama (some minutes the first time)",
        cargo(&root(), &["build", "--package", "satama"]),
    )?;
    for turn in ["first", "second"] {
        let mut satama = Command::new(target().join("debug/satama"));
        satama.current_dir(root()).args([
            "run",
            "--text",
            "--grant",
            "examples/library/grant.toml",
        ]);
        satama.arg(guest_wasm("library")).arg("--dir").arg(format!("{}::/docs", folder.display()));
        satama.args(["--follow", "library:progress"]);
        satama.args(["--invoke", &format!("process({path:?})")]);
        if let Some(store) = store {
            satama.args(["--store", store]);
        }
        steps.show(&format!("{turn} run"), satama)?;
    }
    Ok(())
}

/// Installs what the tests need.
fn prepare() -> Result<(), Failed> {
    setup::rust()?;
    setup::programs(&TESTS)?;
    toolchains::install().map(drop)
}

/// Everything that must hold before a change lands.
fn ci() -> Result<(), Failed> {
    prepare()?;
    let mut steps = Steps::new(24);
    for folder in ["", SDK].into_iter().chain(GUESTS) {
        steps.run(
            &format!("format {folder}"),
            cargo(&root().join(folder), &["fmt", "--all", "--check"]),
        )?;
    }
    let deny = ["--", "-D", "warnings"];
    for folder in GUESTS {
        let mut clippy = guest_cargo(folder, &["clippy", "--release", "--workspace"]);
        clippy.args(["--target", "wasm32-wasip2"]).args(deny);
        steps.run(&format!("lint {folder}"), clippy)?;
    }
    let mut clippy = guest_cargo(SDK, &["clippy", "--all-targets"]);
    clippy.args(deny);
    steps.run(&format!("lint {SDK}"), clippy)?;
    for folder in [SDK, LIBRARY, WEBHOOK, CHECKOUT] {
        steps.run(&format!("test {folder}"), guest_cargo(folder, &["test"]))?;
    }
    guests(&mut steps)?;
    let mut clippy = cargo(&root(), &["clippy", "--workspace", "--all-targets"]);
    clippy.args(deny);
    steps.run("lint", clippy)?;
    steps.run("test", cargo(&root(), &["test", "--workspace"]))
}

fn bench(args: &[&str]) -> Result<(), Failed> {
    setup::rust()?;
    setup::programs(&[setup::REDIS])?;
    let mut steps = Steps::new(GUESTS.len() + 1);
    guests(&mut steps)?;
    let mut bench = cargo(&root(), &["run", "--release", "--package", "satama-bench", "--"]);
    bench.args(args);
    steps.show("measure (after a release build)", bench)
}

/// Rounds of runs whose workers are killed: one, or as many as there is time for.
fn chaos(args: &[&str]) -> Result<(), Failed> {
    let (mut runs, mut minutes) = ("10000", 0);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let number = rest.next().filter(|number| number.parse::<u32>().is_ok());
        match (*arg, number) {
            ("--runs", Some(number)) => runs = number,
            ("--minutes", Some(number)) => minutes = number.parse().unwrap_or(0),
            _ => return Err(Failed(format!("`{arg}` is not an option with a number\n\n{USAGE}"))),
        }
    }
    setup::rust()?;
    setup::programs(&[setup::REDIS])?;
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    loop {
        let mut test = cargo(&root(), &["test", "--workspace", "--test", "crashes"]);
        test.args(["--", "--nocapture", "chaos"]).env("RUNS", runs);
        Steps::new(1).show(&format!("{runs} runs on each store"), test)?;
        if Instant::now() >= end {
            return Ok(());
        }
    }
}

fn guests(steps: &mut Steps) -> Result<(), Failed> {
    GUESTS.iter().try_for_each(|folder| build_guest(steps, folder))
}

fn build_guest(steps: &mut Steps, folder: &str) -> Result<(), Failed> {
    let build = guest_cargo(folder, &["build", "--release", "--target", "wasm32-wasip2"]);
    steps.run(&format!("build {folder}"), build)
}

/// Cargo in a workspace of guests. All of them share one target folder.
fn guest_cargo(folder: &str, args: &[&str]) -> Command {
    let mut cargo = cargo(&root().join(folder), args);
    cargo.env("CARGO_TARGET_DIR", target().join("guests"));
    cargo
}

fn guest_wasm(name: &str) -> PathBuf {
    target().join(format!("guests/wasm32-wasip2/release/{name}.wasm"))
}

/// The project's folder.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
