//! `kda doctor`.

use super::Outcome;
use super::context::Context;
use super::exit::exit_codes;
use super::terminal::Terminal;
use crate::toolchain;

pub(super) fn doctor(terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    terminal.result(&toolchain::doctor(&context.project, &context.toolchain).text())?;
    Ok(exit_codes::PASSED)
}
