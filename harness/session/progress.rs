//! How far a run is, told between its steps and never inside a sample.

use std::path::Path;

/// Receives progress; what it does with it is the caller's.
pub trait Progress {
    /// A phase of `steps` steps begins.
    fn begin(&self, phase: &str, steps: usize);
    /// One step of the phase is done.
    fn step(&self, what: &str);
    /// The phase is over.
    fn end(&self);
    /// A call of `row` was lost, and can be made again from `dump`.
    fn lost(&self, row: &str, dump: &Path) {
        let _ = (row, dump);
    }
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _phase: &str, _steps: usize) {}
    fn step(&self, _what: &str) {}
    fn end(&self) {}
}
