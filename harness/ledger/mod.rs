//! The append-only record of what was measured.

mod bound;
mod calibration;
mod chain;
mod controls;
#[cfg(test)]
mod documented;
mod entry;
mod error;
mod fault;
#[cfg(test)]
mod fuzz;
mod layout;
mod merge;
mod note;
mod opened;
mod order;
mod printable;
mod profiles;
mod read;
mod recomputation;
mod replication;
#[cfg(test)]
pub(crate) mod sample;
mod samples;
mod statics;
mod store;
mod verification;
mod words;

pub use bound::{BoundClass, BoundRecord, BucketDecision, CeilingsRecord};
pub use calibration::{
    CalibrationError, CalibrationQuote, CalibrationRecord, LaneCalibration, PlantedRecord,
};
pub use controls::{ControlKind, ControlRecord, ControlsRecord};
pub(crate) use entry::decimal_text;
pub use entry::*;
pub use error::{AppendError, CorruptLedger, LedgerError};
pub use fault::{Fault, FaultKind, Record};
pub use layout::rounded;
pub use merge::{MergeError, Merged};
pub use note::{NoteError, PendingNote};
pub use opened::Opened;
pub(crate) use profiles::EMULATED;
pub use profiles::{profile_path, profiles_of};
pub use replication::ReplicatesRecord;
pub use samples::{RawProcess, RawRow, RawSamples, SamplesError};
pub use statics::KernelRecord;
pub use store::Ledger;
pub use verification::{Epoch, Recomputed, SamplesFault, Verification};
