//! Workers that are killed, stopped and cut off at every point: nothing is lost, and nothing
//! is done twice that was recorded.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

mod crashes {
    pub(crate) mod absent;
    pub(crate) mod caller;
    pub(crate) mod case;
    pub(crate) mod chaos;
    pub(crate) mod compare;
    pub(crate) mod cut;
    pub(crate) mod enumerated;
    pub(crate) mod fence;
    pub(crate) mod ground;
    pub(crate) mod program;
    pub(crate) mod programs;
    pub(crate) mod restart;
    pub(crate) mod subject;
    pub(crate) mod verb;
    pub(crate) mod verbs;
    pub(crate) mod wire;
}
