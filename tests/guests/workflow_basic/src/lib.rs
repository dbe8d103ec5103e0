//! Workflows and functions that the runtime's tests run, each by its name.

mod cheats;
mod effects;
mod functions;
mod program;
mod sagas;
mod steps;
mod traps;
mod waits;

satama_guest::workflows! {
    "echo" => steps::echo,
    "ten" => steps::ten,
    "steps" => steps::steps,
    "fan" => steps::fan,
    "call" => steps::call,
    "retry" => steps::retry,
    "kinds" => steps::kinds,
    "huge" => steps::huge,
    "slow" => steps::slow,
    "timeout" => steps::timeout,
    "random" => steps::random,
    "state" => steps::state,
    "forever" => steps::forever,
    "sleep" => waits::sleep,
    "five-sleeps" => waits::five_sleeps,
    "signal" => waits::signal,
    "signals" => waits::signals,
    "suspend" => waits::suspend,
    "approve" => waits::approve,
    "parent" => waits::parent,
    "child" => waits::child,
    "saga" => sagas::saga,
    "cancelled" => sagas::cancelled,
    "program" => program::program,
    "trap" => traps::trap,
    "flaky-trap" => traps::flaky,
    "cheat-cache" => cheats::cache,
    "cheat-nested" => cheats::nested,
    "cheat-finish" => cheats::finish,
    "cheat-ticket" => cheats::ticket,
    "cheat-name" => cheats::name,
    "cheat-json" => cheats::json,
    "cheat-many" => cheats::many,
}

satama_guest::functions! {
    "add" => functions::add,
    "fail-until" => functions::fail_until,
    "fail" => functions::fail,
    "spin" => functions::spin,
    "slow" => functions::slow,
    "note" => functions::note,
    "trap" => functions::trap,
    "state" => functions::state,
    "did" => functions::did,
    "outside" => functions::outside,
}
