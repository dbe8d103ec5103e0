//! Undoing what was done, when what comes after it fails or the run is cancelled.

use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::step::{Attempt, Step, record};
use super::{Error, Failure, host, json};

/// How often undoing something is tried again: left undone it needs a person.
const UNDO_RETRIES: u32 = 9;

/// Steps that can be undone, newest first.
///
/// ```no_run
/// use satama_guest::workflow::{Failure, Result, Saga, Undo};
///
/// # fn reserve(book: &str, token: &str) -> Result<u32, Failure> { Ok(1) }
/// # fn release(token: &str) -> Result<(), Failure> { Ok(()) }
/// # fn pay(token: &str) -> Result<(), Failure> { Ok(()) }
/// # fn refund(token: &str) -> Result<(), Failure> { Ok(()) }
/// # fn body(book: &str) -> Result<u32> {
/// Saga::run(|saga| {
///     let shelf = saga.step(
///         "reserve",
///         |undo: &Undo<u32>| release(undo.token()),
///         |doing| reserve(book, doing.token()),
///     )?;
///     saga.step("pay", |undo: &Undo<()>| refund(undo.token()), |doing| pay(doing.token()))?;
///     Ok(shelf)
/// })
/// # }
/// ```
///
/// A step may have had an effect though it has no result: it failed after some attempts, or the
/// run was cancelled while it was tried. So it is undone too, and [`Undo::effect`] says which.
///
/// Any call within a saga may be told of a cancel, setting the state as well. So nothing should be
/// called after the step from which there is no way back.
pub struct Saga<'a> {
    undos: Vec<Compensation<'a>>,
    undo: Step,
}

struct Compensation<'a> {
    name: String,
    run: Box<dyn FnOnce(Step) -> Result<(), Error> + 'a>,
}

/// An attempt of a step that can be undone.
#[derive(Debug)]
pub struct Doing<'a> {
    attempt: &'a Attempt,
    token: &'a str,
}

/// An attempt to undo a step whose result is a `T`.
#[derive(Debug)]
pub struct Undo<T> {
    effect: Rc<Effect<T>>,
    token: String,
    attempt: Attempt,
}

/// What there is to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<T> {
    /// The step is done, with this result.
    Done(T),
    /// The step has failed. It may have had an effect all the same, if not by its last attempt then
    /// by one before.
    Failed(Failure),
    /// The step may have had an effect: the run was cancelled before its end was recorded.
    Unknown,
}

impl Doing<'_> {
    /// Which attempt it is.
    pub fn number(&self) -> u32 {
        self.attempt.number()
    }

    /// As [`Attempt::key`].
    pub fn key(&self) -> &str {
        self.attempt.key()
    }

    /// The same for every attempt of this step, and for what undoes it: a UUID, to name what is
    /// done by, so that it is found when it is to be undone.
    pub fn token(&self) -> &str {
        self.token
    }
}

impl<T> Undo<T> {
    /// What there is to undo.
    pub fn effect(&self) -> &Effect<T> {
        &self.effect
    }

    /// The step's result, if it has one.
    pub fn result(&self) -> Option<&T> {
        match &*self.effect {
            Effect::Done(result) => Some(result),
            Effect::Failed(_) | Effect::Unknown => None,
        }
    }

    /// What [`Doing::token`] was.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Which attempt to undo it is this.
    pub fn attempt(&self) -> &Attempt {
        &self.attempt
    }
}

impl<T: DeserializeOwned> Effect<T> {
    /// Of a step that was begun.
    fn of(result: &Result<String, Error>) -> Self {
        match result {
            Ok(json) => json::output(json).map_or(Self::Unknown, Self::Done),
            Err(Error::Failed(failure)) => Self::Failed(failure.clone()),
            Err(_) => Self::Unknown,
        }
    }
}

impl Default for Saga<'_> {
    fn default() -> Self {
        Self { undos: Vec::new(), undo: Step::new("").retries(UNDO_RETRIES) }
    }
}

impl<'a> Saga<'a> {
    /// One without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `body`. If that comes to no result, undoes its steps, and fails with why.
    pub fn run<T>(body: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let mut saga = Self::new();
        body(&mut saga).map_err(|cause| saga.fail(cause))
    }

    /// How to undo, such as how often to try: the name does not matter. Nine times again, with
    /// waits from a second to a minute, unless told.
    #[must_use]
    pub fn undo_as(self, undo: Step) -> Self {
        Self { undo, ..self }
    }

    /// Runs `work` as a step, as [`Step::run`] does, that `undo` undoes.
    pub fn step<T, E, F>(
        &mut self,
        step: impl Into<Step>,
        undo: impl FnMut(&Undo<T>) -> Result<(), F> + 'a,
        mut work: impl FnMut(&Doing<'_>) -> Result<T, E>,
    ) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned + 'a,
        E: Into<Failure>,
        F: Into<Failure>,
    {
        let step = step.into();
        let token = host::uuid().map_err(Error::from_wit)?;
        let result = match step.begin() {
            Ok(begun) => {
                begun.drive(&mut |attempt| record(work(&Doing { attempt, token: token.as_str() })))
            }
            // A host may have been lost between the effect and its record.
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(err) => return Err(err),
        };
        // Before anything is made of the result.
        let effect = Effect::of(&result);
        self.push(step.name(), move |step| compensate(&step, &effect.into(), &token, undo));
        Ok(json::output(&result?)?)
    }

    /// Has `function` run as a step and waits for its result; `undo` undoes it. What it is given
    /// is made from the step's token, as in [`Doing::token`].
    ///
    /// If the run is cancelled meanwhile, the function is waited for before it is undone.
    pub fn call<I, T, F>(
        &mut self,
        step: impl Into<Step>,
        function: &str,
        input: impl FnOnce(&str) -> I,
        undo: impl FnMut(&Undo<T>) -> Result<(), F> + 'a,
    ) -> Result<T, Error>
    where
        I: Serialize,
        T: Serialize + DeserializeOwned + 'a,
        F: Into<Failure>,
    {
        let step = step.into();
        let name = step.name().to_owned();
        let token = host::uuid().map_err(Error::from_wit)?;
        let pending = step.spawn::<_, T>(function, &input(&token))?.raw();
        let result = pending.wait();
        let ended = !matches!(result, Err(Error::Cancelled));
        let mut effect = Effect::of(&result);
        self.push(&name, move |step| {
            if !ended {
                effect = Effect::of(&uncancelled(|| pending.wait()));
            }
            compensate(&step, &effect.into(), &token, undo)
        });
        Ok(json::output(&result?)?)
    }

    /// Has `undo` run, as the step called `name`, when the steps before it are undone: for what
    /// was done in other ways.
    pub fn defer<F: Into<Failure>>(
        &mut self,
        name: &str,
        undo: impl FnMut(&Attempt) -> Result<(), F> + 'a,
    ) {
        let mut undo = undo;
        self.push(name, move |step| uncancelled(|| step.clone().run(&mut undo)));
    }

    /// Undoes all steps, newest first, each as a step of its own. Each is undone once: there is
    /// nothing left to undo after this.
    ///
    /// One that cannot be undone does not keep the others from it; it fails as `undo-failed` then.
    /// If the run is cancelled meanwhile, it goes on.
    pub fn undo(&mut self) -> Result<(), Error> {
        let mut left = Vec::new();
        while let Some(Compensation { name, run }) = self.undos.pop() {
            if let Err(err) = run(self.undo.to_undo(&name)) {
                left.push((name, err.to_string()));
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = left.iter().map(|(name, why)| format!("{name} ({why})")).collect();
        let message = format!("not undone: {}", names.join(", "));
        Err(Failure::fatal("undo-failed", message).with_details(&left).into())
    }

    /// Undoes all steps, and returns what to fail with then: `cause`, if they could be undone.
    pub fn fail(&mut self, cause: impl Into<Error>) -> Error {
        let cause = cause.into();
        match self.undo() {
            Ok(()) => cause,
            Err(Error::Failed(left)) => {
                let message = format!("{cause}; {}", left.message);
                Failure { message, ..left }.into()
            }
            Err(err) => err,
        }
    }

    fn push(&mut self, name: &str, run: impl FnOnce(Step) -> Result<(), Error> + 'a) {
        self.undos.push(Compensation { name: name.to_owned(), run: Box::new(run) });
    }
}

/// Undoes one step.
fn compensate<T, F: Into<Failure>>(
    step: &Step,
    effect: &Rc<Effect<T>>,
    token: &str,
    mut undo: impl FnMut(&Undo<T>) -> Result<(), F>,
) -> Result<(), Error> {
    uncancelled(|| {
        step.clone().run(|attempt| {
            let (effect, token) = (Rc::clone(effect), token.to_owned());
            undo(&Undo { effect, token, attempt: attempt.clone() })
        })
    })
}

/// Calls once more what was told of a cancel: that is said once.
fn uncancelled<T>(mut call: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    match call() {
        Err(Error::Cancelled) => call(),
        result => result,
    }
}
