//! Values and signatures, as people and scripts read them.

use satama::runtime::Export;
use serde_json::{Map, Value, json};
use wasmtime::component::Val;
use wasmtime::component::wasm_wave::wasm::DisplayType;

/// The text of a string, or of a result that holds one. Control characters but
/// newline and tab are escaped: a guest must not drive the terminal.
pub(super) fn text(value: &Val) -> Option<String> {
    match value {
        Val::String(text) => Some(text.chars().flat_map(printable).collect()),
        Val::Result(Ok(Some(value)) | Err(Some(value))) => text(value),
        _ => None,
    }
}

fn printable(c: char) -> impl Iterator<Item = char> {
    let plain = !c.is_control() || matches!(c, '\n' | '\t');
    let escaped = (!plain).then(|| c.escape_default());
    plain.then_some(c).into_iter().chain(escaped.into_iter().flatten())
}

/// A value as JSON: records are objects, a case with a payload is an object of
/// one field, and 64-bit integers beyond 2^53 are text.
pub(super) fn to_json(value: &Val) -> Value {
    let boxed = |value: &Option<Box<Val>>| value.as_deref().map_or(Value::Null, to_json);
    match value {
        Val::Bool(value) => json!(value),
        Val::S8(value) => json!(value),
        Val::U8(value) => json!(value),
        Val::S16(value) => json!(value),
        Val::U16(value) => json!(value),
        Val::S32(value) => json!(value),
        Val::U32(value) => json!(value),
        Val::S64(value) if value.unsigned_abs() < 1 << 53 => json!(value),
        Val::S64(value) => json!(value.to_string()),
        Val::U64(value) if *value < 1 << 53 => json!(value),
        Val::U64(value) => json!(value.to_string()),
        Val::Float32(value) => json!(value),
        Val::Float64(value) => json!(value),
        Val::Char(value) => json!(value),
        Val::String(value) | Val::Enum(value) => json!(value),
        Val::List(values) | Val::Tuple(values) => values.iter().map(to_json).collect(),
        Val::Record(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), to_json(value)));
            Value::Object(Map::from_iter(fields))
        }
        Val::Flags(names) => json!(names),
        Val::Option(value) => boxed(value),
        Val::Variant(name, None) => json!(name),
        Val::Variant(name, payload) => json!({ name: boxed(payload) }),
        Val::Result(Ok(value)) => json!({ "ok": boxed(value) }),
        Val::Result(Err(value)) => json!({ "error": boxed(value) }),
        // A handle means nothing outside its instance.
        other => json!(format!("{other:?}")),
    }
}

/// An export as WIT would have it: `name: func(a: u32) -> string`.
pub(super) fn signature(export: &Export) -> String {
    let params: Vec<_> =
        export.ty.params().map(|(name, ty)| format!("{name}: {}", DisplayType(&ty))).collect();
    let results: Vec<_> = export.ty.results().map(|ty| DisplayType(&ty).to_string()).collect();
    let returns =
        if results.is_empty() { String::new() } else { format!(" -> {}", results.join(", ")) };
    format!("{}: func({}){returns}", export.path(), params.join(", "))
}
