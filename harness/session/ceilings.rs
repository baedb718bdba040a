//! What this device can do, measured at the start of a run.

use super::SessionError;
use super::pair::WorkerFactory;
use crate::device::{Facts, Peaks};
use crate::toolchain::Side;
use crate::worker::Sandbox;
use std::time::Duration;

/// The device and its measured ceilings.
#[derive(Clone, Debug)]
pub(super) struct Ceilings {
    pub(super) facts: Facts,
    /// What locks the workers of this run in.
    pub(super) sandbox: Sandbox,
    /// `None` emulated.
    pub(super) peaks: Option<Peaks>,
}

impl Ceilings {
    pub(super) fn copy_bytes_per_second(&self) -> Option<f64> {
        self.peaks.map(|peaks| peaks.copy_bytes)
    }

    pub(super) fn floor_ns(&self) -> Option<f64> {
        self.peaks.map(|peaks| peaks.floor_ns)
    }

    /// Measures in a worker that holds the baseline alone.
    pub(super) fn measure(factory: &WorkerFactory, limit: Duration) -> Result<Self, SessionError> {
        let mut worker = factory
            .start(&[Side::Baseline], 1)
            .map_err(|error| SessionError::of_start(Side::Baseline, error))?;
        let peaks = worker.peaks(limit).map_err(SessionError::Worker)?;
        Ok(Self {
            facts: worker.facts().clone(),
            sandbox: worker.sandbox().clone(),
            peaks,
        })
    }
}
