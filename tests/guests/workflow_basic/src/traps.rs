//! Bodies that trap.

use satama_guest::workflow::{Failure, Result, Step};
use serde::Deserialize;
use serde_json::Value;

use crate::effects::count;

#[derive(Deserialize)]
pub struct Times {
    times: i64,
}

pub fn trap(_: Value) -> Result<()> {
    panic!("as it was told");
}

/// Traps in a step, the first few times that it is run; how often it was.
pub fn flaky(Times { times }: Times) -> Result<i64> {
    Step::new("flaky").run(|attempt| {
        let count = count(attempt.key())?;
        assert!(count > times, "as it was told");
        Ok::<_, Failure>(count)
    })
}
