//! The command `kda`: a thin caller of the library.

use std::process::ExitCode;

use clap::Parser;
use kda::cli::{Cli, run};

fn main() -> ExitCode {
    ExitCode::from(run(Cli::parse()))
}
