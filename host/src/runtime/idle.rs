//! An instance that nobody calls, to see what it takes.

use std::fmt;
use std::time::Duration;

use wasmtime::Store;

use super::bounds::{Meter, Metered};
use super::call::explain;
use super::state::State;
use super::{CallError, Program};

/// An instance that is there, and is not called. It takes its place of `instances_max`,
/// and is gone when this is dropped.
pub struct Idle {
    store: Store<State>,
}

impl Program {
    /// Makes an instance, as each call does first.
    pub async fn instance(&self) -> Result<Idle, CallError> {
        let meter = Meter::new(Duration::from_millis(self.grant.limits().cpu_ms));
        let mut store = self.store(&meter)?;
        match Metered::new(self.pre.instantiate_async(&mut store), meter).await {
            Ok(_) => Ok(Idle { store }),
            Err(err) => Err(explain(&err, &mut store)),
        }
    }
}

impl Idle {
    /// Its linear memories, all together, in bytes. Most of it is no memory of the
    /// machine's until the instance writes to it.
    pub fn memory_bytes(&self) -> usize {
        self.store.data().bounds.memory_bytes()
    }

    /// The elements of its tables, all together.
    pub fn table_elements(&self) -> usize {
        self.store.data().bounds.table_elements()
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").field("memory_bytes", &self.memory_bytes()).finish_non_exhaustive()
    }
}
