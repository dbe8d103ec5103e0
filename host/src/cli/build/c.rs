//! C, by a compiler for WebAssembly.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::super::binding::{self, C_OUT};
use super::super::component;
use super::program::{Missing, find, is_program};
use super::project::Project;

/// The whole command of a compiler, for those who have another one.
const VARIABLE: &str = "CC_WASM";

/// Where the wasi-sdk is, as it says itself.
const WASI_SDK: &str = "WASI_SDK_PATH";

/// Ways to get a compiler.
const GET: [&str; 3] = [
    "python3 -m venv .venv && .venv/bin/pip install ziglang==0.17.0",
    "or zig from https://ziglang.org/download, on your PATH",
    "or the wasi-sdk from https://github.com/WebAssembly/wasi-sdk/releases, with its folder in \
     WASI_SDK_PATH",
];

pub(super) fn build(project: &Project) -> anyhow::Result<()> {
    let compiler = compiler(project)?;
    let world = project.world()?;
    let name = world.name().replace('-', "_");
    project.say(&format!("  satama bindings c --out {C_OUT}"));
    binding::c(world, &project.file(C_OUT))?;

    let core = format!("{C_OUT}/core.wasm");
    let mut cc = Command::new(&compiler[0]);
    cc.args(&compiler[1..]).args([
        "-mexec-model=reactor",
        "-std=c11",
        "-Os",
        "-g",
        "-Wall",
        "-Wextra",
        // Zig defines NDEBUG where it optimizes, and `assert` says nothing then.
        "-UNDEBUG",
        "-Wl,-z,stack-size=1048576",
    ]);
    cc.args(["-Isatama/include", &format!("-I{C_OUT}"), "-o", &core]);
    for folder in ["", "src", "satama/src"] {
        cc.args(sources(project, folder)?);
    }
    cc.arg(format!("{C_OUT}/{name}.c")).arg(format!("{C_OUT}/{name}_component_type.o"));
    project.run(&mut cc)?;
    project.say(&format!("  satama component {core} -o {}.wasm", project.name));
    component::encode(&project.file(&core), None, &project.wasm(), false)
}

/// The command of a C compiler for WASI, in words: what a variable says, a wasi-sdk, or zig.
fn compiler(project: &Project) -> Result<Vec<String>, Missing> {
    if let Ok(whole) = std::env::var(VARIABLE) {
        let words: Vec<_> = whole.split_whitespace().map(str::to_owned).collect();
        if !words.is_empty() {
            return Ok(words);
        }
    }
    let words = |program: PathBuf, rest: &[&str]| {
        let program = program.to_string_lossy().into_owned();
        let rest = rest.iter().map(|word| (*word).to_owned());
        std::iter::once(program).chain(rest).collect::<Vec<_>>()
    };
    if let Some(sdk) = std::env::var_os(WASI_SDK) {
        let clang = Path::new(&sdk).join("bin/clang");
        if !is_program(&clang) {
            let what = format!("{WASI_SDK} is set, and {} is not there. Get it:", clang.display());
            return Err(Missing::new(what, &GET[2..]));
        }
        // Zig puts the stack first by itself, so that its overflow is a trap.
        return Ok(words(clang, &["--target=wasm32-wasip1", "-Wl,--stack-first"]));
    }
    if let Some(zig) = find("zig") {
        return Ok(words(zig, &["cc", "--target=wasm32-wasi"]));
    }
    let own = std::path::absolute(project.file(".venv/bin/python")).ok();
    let pythons = [own.filter(|python| is_program(python)), find("python3")];
    for python in pythons.into_iter().flatten() {
        let mut asked = Command::new(&python);
        asked.args(["-c", "import ziglang"]).stdout(Stdio::null()).stderr(Stdio::null());
        if asked.status().is_ok_and(|status| status.success()) {
            return Ok(words(python, &["-m", "ziglang", "cc", "--target=wasm32-wasi"]));
        }
    }
    Err(Missing::new("no C compiler for WebAssembly is here. Get one of:", &GET))
}

/// The C files of a folder, in their order; none if there is no such folder.
fn sources(project: &Project, folder: &str) -> anyhow::Result<Vec<PathBuf>> {
    let path = project.file(folder);
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { &path };
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in
        std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?
    {
        let name = PathBuf::from(entry?.file_name());
        if name.extension().is_some_and(|extension| extension == "c") {
            files.push(Path::new(folder).join(name));
        }
    }
    files.sort();
    Ok(files)
}
