//! What [`workflows!`](crate::workflows) and [`functions!`](crate::functions) expand to. Not for
//! others.

pub use self::functions::exports::satama::services::function_handler::{
    Context, Guest as FunctionGuest,
};
pub use self::workflows::exports::satama::services::workflow_handler::{
    Ending, Guest as WorkflowGuest,
};
pub use super::host::Failure;
pub use super::register::{call, run, unknown_function, unknown_workflow};

/// The export of bodies.
#[expect(missing_docs, reason = "made from the WIT")]
pub mod workflows {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package satama:guest-workflows;
            world bodies { export satama:services/workflow-handler@0.1.0; }
        ",
        world: "satama:guest-workflows/bodies",
        pub_export_macro: true,
        with: {
            "satama:services/workflow@0.1.0": crate::bindings::satama::services::workflow,
        },
    });
}

/// The export of functions.
#[expect(missing_docs, reason = "made from the WIT")]
pub mod functions {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package satama:guest-functions;
            world functions { export satama:services/function-handler@0.1.0; }
        ",
        world: "satama:guest-functions/functions",
        pub_export_macro: true,
        with: {
            "satama:services/workflow@0.1.0": crate::bindings::satama::services::workflow,
        },
    });
}
