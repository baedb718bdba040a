//! The append-only record of what was measured.

mod entry;

pub use entry::*;
