//! `kda ledger`.

mod export;
mod found;
mod merge;
mod selection;
mod show;
mod verify;

use super::Outcome;
use super::arguments::{LedgerArguments, LedgerCommand};
use super::terminal::Terminal;
pub(super) use found::{Found, find_entry};
pub(super) use selection::{folder, named, open_task};

pub(super) fn ledger(arguments: &LedgerArguments, terminal: &Terminal) -> Outcome {
    match &arguments.command {
        LedgerCommand::Show(arguments) => show::show(arguments, terminal),
        LedgerCommand::Attempts(arguments) => show::attempts(arguments, terminal),
        LedgerCommand::Diff { of, before, after } => {
            show::difference(of, before.as_deref(), after.as_deref(), terminal)
        }
        LedgerCommand::Verify(arguments) => verify::verify(arguments, terminal),
        LedgerCommand::Merge(arguments) => merge::merge(arguments, terminal),
        LedgerCommand::Export(arguments) => export::export(arguments, terminal),
    }
}
