//! The command line: parses, calls the library, prints. Measures nothing.

mod arguments;
mod bench;
mod build;
mod bundle;
mod context;
mod doctor;
mod exit;
mod ledger;
mod list;
mod log;
mod new;
mod profile;
mod replay;
mod report;
mod selftest;
mod show;
mod terminal;
mod worker;

pub use arguments::Cli;
pub use exit::exit_codes;

use arguments::Command;
use exit::Failure;

/// Runs one command; returns the process's exit code.
pub fn run(cli: Cli) -> u8 {
    let terminal = terminal::Terminal::decide(&cli);
    if let Err(failure) = log::start(cli.verbose) {
        return failure.report(terminal.error_color());
    }
    let outcome = match &cli.command {
        Command::Bench(arguments) => bench::bench(arguments, &terminal),
        Command::Check(arguments) => bench::check(arguments, &terminal),
        Command::List(arguments) => list::list(arguments, &terminal),
        Command::Show(arguments) => show::show(arguments, &terminal),
        Command::New(arguments) => new::new(arguments, &terminal),
        Command::Build(arguments) => build::build(arguments, &terminal),
        Command::Bundle(arguments) => bundle::bundle(arguments, &terminal),
        Command::Selftest(arguments) => selftest::selftest(arguments, &terminal),
        Command::Doctor => doctor::doctor(&terminal),
        Command::Ledger(arguments) => ledger::ledger(arguments, &terminal),
        Command::Profile(arguments) => profile::profile(arguments, &terminal),
        Command::Replay(arguments) => replay::replay(arguments, &terminal),
        Command::Report(arguments) => report::report(arguments, &terminal),
        Command::Worker(arguments) => worker::worker(arguments),
    };
    outcome.unwrap_or_else(|failure| failure.report(terminal.error_color()))
}

type Outcome = Result<u8, Failure>;
