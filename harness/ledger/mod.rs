//! The append-only record of what was measured.

mod bound;
mod chain;
mod controls;
mod entry;
mod error;
#[cfg(test)]
mod fuzz;
mod layout;
mod printable;
mod profiles;
mod read;
#[cfg(test)]
pub(crate) mod sample;
mod statics;
mod store;
mod words;

pub use bound::{BoundClass, BoundRecord, BucketDecision, CeilingsRecord};
pub use chain::{Fault, FaultKind};
pub use controls::{ControlKind, ControlRecord, ControlsRecord};
pub(crate) use entry::decimal_text;
pub use entry::*;
pub use error::{AppendError, CorruptLedger, LedgerError};
pub use layout::rounded;
pub use profiles::{profile_path, profiles_of};
pub use statics::KernelRecord;
pub use store::{Ledger, Verification};
