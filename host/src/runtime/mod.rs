//! Runs components, each within its grant.
//!
//! A [`Compiler`] makes [`Code`] of a component, or finds it made. A [`Host`] is a
//! compiler and services; it binds code to a grant as a [`Program`], and calls an
//! export of that in a fresh instance, which is gone when the call ends. Nothing of one call can be seen by the next but what it
//! put into a service.

mod aot;
mod bounds;
mod call;
mod compile;
mod engine;
mod idle;
mod link;
mod listen;
mod log;
mod state;
mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::InstancePre;

pub use self::aot::{AotCache, AotError, AotUse};
pub use self::call::{CallError, Export, Invocation, Stop};
pub use self::compile::{Compile, CompileLimits, Cost, compile_stdin};
pub use self::engine::{COMPONENT_BYTES_MAX, Code, Compiler, HostConfig, LoadError, StartError};
pub use self::idle::Idle;
pub use self::link::{LinkError, NotServed, OFFERED_VERSION, Refusal, add_to_linker, service_of};
pub use self::listen::{ListenError, Listening};
use self::state::State;
pub use self::work::{Replayed, WorkError, Worker, WorkerConfig};
use crate::grant::Grant;
use crate::services::Services;

/// How often a running guest is looked at: it is then made to yield, and stopped
/// if its time is up.
pub const TICK: Duration = Duration::from_millis(10);

/// A compiler and services. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Host {
    compiler: Compiler,
    services: Services,
}

/// A component bound to a grant, ready to be called. Cloning is cheap.
#[derive(Clone)]
pub struct Program {
    host: Host,
    code: Code,
    name: Arc<str>,
    grant: Arc<Grant>,
    pre: InstancePre<State>,
}

impl Host {
    /// A host of `services`, for components of `compiler`.
    pub fn new(compiler: Compiler, services: Services) -> Self {
        Self { compiler, services }
    }

    /// Binds a component to a grant: what it imports must be granted. `name` is
    /// for traces and logs.
    pub fn program(
        &self,
        code: &Code,
        name: &str,
        grant: Arc<Grant>,
    ) -> Result<Program, LinkError> {
        let pre = link::pre(&self.compiler, code, &grant)?;
        Ok(Program { host: self.clone(), code: code.clone(), name: name.into(), grant, pre })
    }

    /// The compiler of its components.
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// The services that its guests reach.
    pub fn services(&self) -> &Services {
        &self.services
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("name", &self.name).finish_non_exhaustive()
    }
}
