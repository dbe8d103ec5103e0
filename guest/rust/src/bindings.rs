//! The one place where WIT becomes Rust.

#![expect(missing_docs, reason = "some names in the WIT speak for themselves, such as `hits`")]

wit_bindgen::generate!({
    path: "wit",
    inline: "
        package satama:guest;
        world imports {
            include satama:services/service@0.1.0;
            import satama:services/workflow@0.1.0;
        }
    ",
    world: "satama:guest/imports",
    generate_all,
    // So that a guest can compare what it got with what it expects.
    additional_type_attributes: {
        "satama:services/cache@0.1.0/error": [#[derive(PartialEq, Eq)]],
        "satama:services/session@0.1.0/error": [#[derive(PartialEq, Eq)]],
        "satama:services/session@0.1.0/swap": [#[derive(PartialEq, Eq)]],
        "satama:services/types@0.1.0/message": [#[derive(PartialEq, Eq)]],
        "satama:services/channel@0.1.0/error": [#[derive(PartialEq, Eq)]],
        "satama:services/channel@0.1.0/info": [#[derive(PartialEq, Eq)]],
        "satama:services/channel@0.1.0/state": [#[derive(PartialEq, Eq)]],
        "satama:services/channel@0.1.0/swap": [#[derive(PartialEq, Eq)]],
        "satama:services/hub@0.1.0/error": [#[derive(PartialEq, Eq)]],
        "satama:services/secret@0.1.0/error": [#[derive(PartialEq, Eq)]],
        "satama:services/secret@0.1.0/metadata": [#[derive(PartialEq, Eq)]],
        "satama:services/secret@0.1.0/page": [#[derive(PartialEq, Eq)]],
        "satama:services/run@0.1.0/error": [#[derive(PartialEq, Eq)]],
        "satama:services/workflow@0.1.0/error": [#[derive(PartialEq, Eq)]],
        "satama:services/workflow@0.1.0/failure": [#[derive(PartialEq, Eq)]],
    },
});
