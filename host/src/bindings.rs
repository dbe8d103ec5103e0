//! The one place where WIT becomes Rust.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "service",
    // What does not reach a store is a plain call: it needs no fiber and no future.
    imports: {
        "satama:services/cache.[static]bucket.open": trappable,
        "satama:services/cache.[method]bucket.counts": trappable,
        "satama:services/cache.[drop]bucket": trappable,
        "satama:services/session.[static]store.open": trappable,
        "satama:services/session.[drop]store": trappable,
        default: async | trappable,
    },
    with: {
        "satama:services/cache.bucket": crate::cache::Bucket,
        "satama:services/cache.claim": crate::cache::Claim,
        "satama:services/session.store": crate::session::Sessions,
    },
    trappable_error_type: {
        "satama:services/cache.error" => crate::cache::Error,
        "satama:services/session.error" => crate::session::Error,
    },
});
