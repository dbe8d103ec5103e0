//! Nothing of the WIT is left out of the program, nor of what it says.

use std::collections::BTreeSet;

use satama_tests::build;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;
use wit_bindgen_core::wit_parser::{Interface, Resolve, TypeDefKind};

use super::parts::section;

/// The parts that say an interface's errors.
const SAID: [(&str, &[&str]); 7] = [
    ("cache", &["cache", "cache-limits"]),
    ("channel", &["channel"]),
    ("hub", &["hub"]),
    ("run", &["run"]),
    ("secret", &["secret", "secret-use", "undecryptable"]),
    ("session", &["session"]),
    ("workflow", &["workflow", "insists"]),
];

/// Those that say errors of all, each line after the name of its interface.
const OF_ALL: [&str; 2] = ["calls", "unavailable"];

/// The compiler leaves out of a component what it never calls, so what is imported is called.
#[test]
fn every_function_is_called() {
    let engine = Engine::default();
    let component = Component::new(&engine, build::wasm("language-rust")).unwrap();
    let mut called = BTreeSet::new();
    for (interface, item) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        called.extend(instance.exports(&engine).map(|(name, _)| format!("{interface} {name}")));
    }
    let mut missing = Vec::new();
    let resolve = wit();
    for (name, interface) in imported(&resolve) {
        let package = interface.package.unwrap();
        let id = resolve.id_of_name(package, name);
        let functions = interface.functions.keys();
        missing
            .extend(functions.map(|name| format!("{id} {name}")).filter(|f| !called.contains(f)));
    }
    assert!(missing.is_empty(), "never called: {missing:#?}");
}

#[test]
fn every_error_is_said() {
    let transcript = super::written("transcript.txt");
    let resolve = wit();
    let mut missing = Vec::new();
    for (name, interface) in imported(&resolve) {
        let Some(error) = interface.types.get("error") else { continue };
        let TypeDefKind::Variant(error) = &resolve.types[*error].kind else { continue };
        let (_, parts) = SAID.iter().find(|(said, _)| *said == name).unwrap();
        let of = |parts: &[&str]| -> String {
            parts.iter().map(|part| section(&transcript, part)).collect()
        };
        let (own, of_all) = (of(parts), of(&OF_ALL));
        let of_all = of_all.lines().filter(|line| line.starts_with(name));
        let said: BTreeSet<_> =
            own.lines().chain(of_all).flat_map(|l| l.split([' ', '"'])).collect();
        let cases = error.cases.iter().filter(|case| !said.contains(&*case.name));
        missing.extend(cases.map(|case| format!("{name} {}", case.name)));
    }
    assert!(missing.is_empty(), "never said: {missing:#?}");
}

fn wit() -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_path(build::root().join("wit")).unwrap();
    resolve
}

/// The interfaces that a component calls.
fn imported(resolve: &Resolve) -> impl Iterator<Item = (&str, &Interface)> {
    let named = resolve.interfaces.iter().filter_map(|(_, it)| Some((it.name.as_deref()?, it)));
    named.filter(|(name, _)| !name.ends_with("-handler"))
}
