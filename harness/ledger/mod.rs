//! The append-only record of what was measured.

mod chain;
mod entry;
mod error;
#[cfg(test)]
mod fuzz;
mod layout;
mod note;
mod printable;
mod read;
#[cfg(test)]
pub(crate) mod sample;
mod store;
mod words;

pub use chain::{Fault, FaultKind};
pub(crate) use entry::decimal_text;
pub use entry::*;
pub use error::{AppendError, CorruptLedger, LedgerError};
pub use layout::rounded;
pub use note::{NoteError, PendingNote};
pub use store::{Ledger, Verification};
