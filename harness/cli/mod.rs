//! The command line: parses, calls the library, prints. Measures nothing.

mod arguments;
mod attempt;
mod bench;
mod brief;
mod build;
mod bundle;
mod calibrate;
mod context;
mod doctor;
mod examples;
mod exit;
mod ledger;
mod list;
mod log;
mod manual;
mod new;
mod profile;
mod replay;
mod replicate;
mod report;
mod rows;
mod rows_arguments;
mod selftest;
mod setup;
mod show;
mod status;
mod terminal;
mod worker;

pub use arguments::Cli;
pub use examples::command;
pub use exit::exit_codes;

use clap::FromArgMatches;

use arguments::Command;
use exit::Failure;

/// What the program was called with; ends the process where that cannot be, or where help was asked for.
pub fn parse() -> Cli {
    Cli::from_arg_matches(&command().get_matches()).unwrap_or_else(|error| error.exit())
}

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
        Command::Calibrate(arguments) => calibrate::calibrate(arguments, &terminal),
        Command::Doctor => doctor::doctor(&terminal),
        Command::Ledger(arguments) => ledger::ledger(arguments, &terminal),
        Command::Profile(arguments) => profile::profile(arguments, &terminal),
        Command::Replay(arguments) => replay::replay(arguments, &terminal),
        Command::Replicate(arguments) => replicate::replicate(arguments, &terminal),
        Command::Report(arguments) => report::report(arguments, &terminal),
        Command::Brief(arguments) => brief::brief(arguments, &terminal),
        Command::Status(arguments) => status::status(arguments, &terminal),
        Command::Attempt(arguments) => attempt::attempt(arguments, &terminal),
        Command::Rows(arguments) => rows::rows(arguments, &terminal),
        Command::Completions(arguments) => manual::completions(arguments, &terminal),
        Command::Man(arguments) => manual::man(arguments, &terminal),
        Command::Worker(arguments) => worker::worker(arguments),
    };
    outcome.unwrap_or_else(|failure| failure.report(terminal.error_color()))
}

type Outcome = Result<u8, Failure>;
