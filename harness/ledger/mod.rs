//! The append-only record of what was measured.

mod chain;
#[cfg(test)]
mod documented;
mod entry;
mod error;
mod fault;
#[cfg(test)]
mod fuzz;
mod layout;
mod merge;
mod opened;
mod order;
mod printable;
mod read;
#[cfg(test)]
pub(crate) mod sample;
mod store;
mod verification;
mod words;

pub(crate) use entry::decimal_text;
pub use entry::*;
pub use error::{AppendError, CorruptLedger, LedgerError};
pub use fault::{Fault, FaultKind, Record};
pub use layout::rounded;
pub use merge::{MergeError, Merged};
pub use opened::Opened;
pub use store::Ledger;
pub use verification::{Epoch, Verification};
