//! The command `satama`. Parses and calls; decides nothing.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
