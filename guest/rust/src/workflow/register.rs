//! What a component exports: its workflows and functions, each under its name.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handlers::{Context as WitContext, Ending};
use super::step::Attempt;
use super::{Error, Failure, host, json};

/// Exports the workflows of a component: each name with its body, a function of one argument that
/// returns a [`Result`] of an output or of a [`Next`].
///
/// The argument is read from the run's input, the output is written as JSON. A run whose input
/// cannot be read fails as `invalid-input`, one of another name as `unknown-workflow`.
#[macro_export]
macro_rules! workflows {
    ($($name:literal => $body:expr),+ $(,)?) => {
        // Nothing is imported here: it would hide what the caller has.
        const _: () = {
            struct SatamaWorkflows;

            impl $crate::workflow::handlers::WorkflowGuest for SatamaWorkflows {
                fn run(
                    workflow: ::std::string::String,
                    input: ::std::string::String,
                ) -> $crate::workflow::handlers::Ending {
                    match workflow.as_str() {
                        $($name => $crate::workflow::handlers::run($body, &input),)+
                        _ => $crate::workflow::handlers::unknown_workflow(&workflow),
                    }
                }
            }

            // Elsewhere such names of exports do not link; there it is only looked at.
            const _: () = {
                let _ = <SatamaWorkflows as $crate::workflow::handlers::WorkflowGuest>::run;
            };
            #[cfg(target_arch = "wasm32")]
            $crate::workflow::handlers::workflows::export!(
                SatamaWorkflows with_types_in $crate::workflow::handlers::workflows
            );
        };
    };
}

/// Exports the functions of a component, which workflows call as steps: each name with a function
/// of one argument, or of one and a [`&Context`](Context), that returns a [`Result`].
///
/// An input that cannot be read fails as `invalid-input`, another name as `unknown-function`, and
/// neither is tried again.
#[macro_export]
macro_rules! functions {
    ($($name:literal => $function:expr),+ $(,)?) => {
        // As above.
        const _: () = {
            struct SatamaFunctions;

            impl $crate::workflow::handlers::FunctionGuest for SatamaFunctions {
                fn call(
                    function: ::std::string::String,
                    input: ::std::string::String,
                    context: $crate::workflow::handlers::Context,
                ) -> ::std::result::Result<::std::string::String, $crate::workflow::handlers::Failure>
                {
                    match function.as_str() {
                        $($name => $crate::workflow::handlers::call($function, &input, context),)+
                        _ => $crate::workflow::handlers::unknown_function(&function),
                    }
                }
            }

            // Elsewhere such names of exports do not link; there it is only looked at.
            const _: () = {
                let _ = <SatamaFunctions as $crate::workflow::handlers::FunctionGuest>::call;
            };
            #[cfg(target_arch = "wasm32")]
            $crate::workflow::handlers::functions::export!(
                SatamaFunctions with_types_in $crate::workflow::handlers::functions
            );
        };
    };
}

/// How a body ends that may go on as new.
///
/// ```no_run
/// use satama_guest::workflow::{self, Next, Result};
///
/// fn count(n: u64) -> Result<Next<&'static str, u64>> {
///     if n == 0 {
///         return Ok(Next::Done("lift-off"));
///     }
///     workflow::step("say", || Ok::<_, workflow::Failure>(println!("{n}")))?;
///     Ok(Next::ContinueAsNew(n - 1))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<T, I> {
    /// With an output.
    Done(T),
    /// It goes on from its start with this input and an empty history. Its state stays, and the
    /// signals that it has not taken.
    ContinueAsNew(I),
}

/// For which step a function is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The run.
    pub run: String,
    /// Its workflow.
    pub workflow: String,
    /// The step's name.
    pub step: String,
    /// Which attempt it is.
    pub attempt: Attempt,
    /// Who the run is for, if that is known.
    pub user: Option<String>,
}

/// What a body may return.
pub trait Output {
    #[doc(hidden)]
    fn ending(self) -> Result<Ending, Error>;
}

impl<T: Serialize, E: Into<Error>> Output for Result<T, E> {
    fn ending(self) -> Result<Ending, Error> {
        Ok(Ending::Completed(json::input(&self.map_err(Into::into)?)?))
    }
}

impl<T: Serialize, I: Serialize, E: Into<Error>> Output for Result<Next<T, I>, E> {
    fn ending(self) -> Result<Ending, Error> {
        Ok(match self.map_err(Into::into)? {
            Next::Done(output) => Ending::Completed(json::input(&output)?),
            Next::ContinueAsNew(input) => Ending::Continued(json::input(&input)?),
        })
    }
}

/// What may be a function: with its input, or with that and a [`&Context`](Context). `A` tells
/// these two apart.
pub trait Function<A> {
    #[doc(hidden)]
    fn call(self, input: &str, context: &Context) -> Result<String, Failure>;
}

impl<F, I, T, E> Function<(I,)> for F
where
    F: FnOnce(I) -> Result<T, E>,
    I: DeserializeOwned,
    T: Serialize,
    E: Into<Failure>,
{
    fn call(self, input: &str, _: &Context) -> Result<String, Failure> {
        Ok(json::input(&self(read(input)?).map_err(Into::into)?)?)
    }
}

impl<F, I, T, E> Function<(I, Context)> for F
where
    F: FnOnce(I, &Context) -> Result<T, E>,
    I: DeserializeOwned,
    T: Serialize,
    E: Into<Failure>,
{
    fn call(self, input: &str, context: &Context) -> Result<String, Failure> {
        Ok(json::input(&self(read(input)?, context).map_err(Into::into)?)?)
    }
}

fn read<I: DeserializeOwned>(input: &str) -> Result<I, Failure> {
    serde_json::from_str(input).map_err(|err| Failure::fatal("invalid-input", err.to_string()))
}

/// Runs a body to its end.
pub fn run<I: DeserializeOwned, R: Output>(body: impl FnOnce(I) -> R, input: &str) -> Ending {
    match read(input).map_err(Error::from).and_then(|input| body(input).ending()) {
        Ok(ending) => ending,
        // Also the failure of a child that was cancelled with this run, before this was told. If
        // nobody cancelled this run, the host makes it a failure again.
        Err(err) if err.code() == "cancelled" => Ending::Cancelled,
        Err(err) => failed(err.into()),
    }
}

/// Calls a function.
pub fn call<A>(
    function: impl Function<A>,
    input: &str,
    context: WitContext,
) -> Result<String, host::Failure> {
    let WitContext { run, workflow, step, attempt, user } = context;
    let attempt = Attempt::from_wit(attempt);
    let context = Context { run, workflow, step, attempt, user };
    function.call(input, &context).map_err(Failure::into_wit)
}

/// Of a name that this component does not have.
pub fn unknown_workflow(name: &str) -> Ending {
    failed(Failure::fatal("unknown-workflow", format!("there is no workflow {name:?} here")))
}

/// Of a name that this component does not have.
pub fn unknown_function(name: &str) -> Result<String, host::Failure> {
    let message = format!("there is no function {name:?} here");
    Err(Failure::fatal("unknown-function", message).into_wit())
}

fn failed(failure: Failure) -> Ending {
    Ending::Failed(failure.into_wit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> WitContext {
        let attempt = host::Attempt { number: 2, key: "k".into() };
        let (run, workflow, step) = ("r".into(), "w".into(), "s".into());
        WitContext { run, workflow, step, attempt, user: None }
    }

    fn code(ending: Ending) -> String {
        match ending {
            Ending::Failed(failure) => failure.code,
            ending => format!("{ending:?}"),
        }
    }

    #[test]
    fn a_body_ends_as_it_says() {
        let ending = run(|n: u8| Ok::<_, Error>(n + 1), "1");
        assert!(matches!(ending, Ending::Completed(json) if json == "2"));
        let ending = run(|n: u8| Ok::<Next<(), u8>, Error>(Next::ContinueAsNew(n + 1)), "1");
        assert!(matches!(ending, Ending::Continued(json) if json == "2"));
        let ending = run(|(): ()| Err::<(), _>(Error::Cancelled), "null");
        assert!(matches!(ending, Ending::Cancelled));
        let ending = run(|(): ()| Err::<(), _>(Failure::fatal("cancelled", "")), "null");
        assert!(matches!(ending, Ending::Cancelled));
        assert_eq!(code(run(|(): ()| Err::<(), _>(Failure::fatal("no", "")), "null")), "no");
        assert_eq!(code(run(|n: u8| Ok::<_, Error>(n), "x")), "invalid-input");
        assert_eq!(code(unknown_workflow("x")), "unknown-workflow");
    }

    #[test]
    fn a_function_may_ask_for_which_step_it_is() {
        let plain = |n: u8| Ok::<_, Failure>(n + 1);
        assert_eq!(call(plain, "1", context()), Ok("2".into()));
        let number = |(): (), context: &Context| Ok::<_, Failure>(context.attempt.number());
        assert_eq!(call(number, "null", context()), Ok("2".into()));
        let failure = call(plain, "{}", context()).unwrap_err();
        assert!(failure.code == "invalid-input" && !failure.retry);
        let fails = |(): ()| "".parse::<u8>();
        assert!(call(fails, "null", context()).unwrap_err().retry);
    }
}
