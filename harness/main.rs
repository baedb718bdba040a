//! The command `kda`: a thin caller of the library.

use std::process::ExitCode;

use kda::cli::{parse, run};

fn main() -> ExitCode {
    ExitCode::from(run(parse()))
}
