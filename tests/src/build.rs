//! What the tests run, built when it is first asked for. Cargo finds what is
//! fresh, and its locks let parallel tests wait for each other.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const TARGET: &str = "wasm32-wasip2";

/// A workspace of guests, built once in each test process.
struct Guests {
    folder: &'static str,
    what: &'static [&'static str],
    built: OnceLock<Result<(), String>>,
}

static TESTS: Guests = Guests::new("tests/guests", &["--workspace"]);
static LIBRARY: Guests = Guests::new("examples/library", &["--workspace"]);
static WEBHOOK: Guests = Guests::new("examples/webhook", &["--workspace"]);
static CHECKOUT: Guests = Guests::new("examples/checkout", &["--workspace"]);
static SDK: Guests = Guests::new("guest/rust", &["--example", "hello"]);
static LANGUAGE: Guests = Guests::new("tests/languages/rust", &["--workspace"]);

/// The project's folder.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the tests are in a folder of the project")
}

/// The component called `name`: one of `tests/guests`, `library`, `webhook`, `checkout` or `hello`.
pub fn guest(name: &str) -> PathBuf {
    let (guests, file) = match name {
        "library" => (&LIBRARY, "library.wasm".into()),
        "webhook" => (&WEBHOOK, "webhook.wasm".into()),
        "checkout" => (&CHECKOUT, "checkout.wasm".into()),
        "hello" => (&SDK, "examples/hello.wasm".into()),
        "language-rust" => (&LANGUAGE, "language_rust.wasm".into()),
        name if let Some(language) = name.strip_prefix("language-") => {
            return crate::languages::program(language);
        }
        name => (&TESTS, format!("{name}.wasm")),
    };
    let path = guests.build().join(file);
    assert!(path.exists(), "no guest is called `{name}`: there is no {}", path.display());
    path
}

/// The bytes of the component called `name`.
pub fn wasm(name: &str) -> Vec<u8> {
    std::fs::read(guest(name)).unwrap()
}

/// The program called `name`, as this workspace has it: `satama` or `embed`.
pub fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    // A test is at target/PROFILE/deps/NAME-HASH.
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).expect("cargo puts tests into a folder of theirs");
    if let Err(why) = BUILT.get_or_init(|| build_programs(folder)) {
        panic!("{why}");
    }
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn build_programs(folder: &Path) -> Result<(), String> {
    let target = folder.parent().expect("a profile's folder is in the target's");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let mut cargo = cargo();
    // With the tests of the whole workspace, which are fresh: so dependencies have
    // the features that they were built with for them, and none is built again.
    cargo.current_dir(root()).args(["build", "--workspace", "--tests"]);
    cargo.args(["--bin", "satama", "--bin", "embed"]);
    run(cargo.args(["--profile", profile, "--target-dir"]).arg(target))
}

impl Guests {
    const fn new(folder: &'static str, what: &'static [&'static str]) -> Self {
        Self { folder, what, built: OnceLock::new() }
    }

    /// The folder of the components.
    fn build(&self) -> PathBuf {
        let target = root().join("target/guests");
        let built = self.built.get_or_init(|| {
            let mut cargo = cargo();
            cargo.current_dir(root().join(self.folder)).args(["build", "--release"]);
            cargo.args(self.what).args(["--target", TARGET, "--target-dir"]);
            run(cargo.arg(&target))
        });
        match built {
            Ok(()) => target.join(TARGET).join("release"),
            Err(why) => panic!("{why}"),
        }
    }
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    // What cargo tells this test of its own package: a build script that asks for it,
    // as ring's does, would be run anew, and all that depends on it built again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Runs cargo, or says what to do.
fn run(cargo: &mut Command) -> Result<(), String> {
    let done = cargo.output().map_err(|err| format!("cannot run {cargo:?}: {err}"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.success() {
        Ok(())
    } else if said.contains("target may not be installed") {
        Err(format!("{said}\nthe target {TARGET} is missing; run `rustup target add {TARGET}`"))
    } else {
        Err(format!("{said}\n{cargo:?} failed"))
    }
}
