//! What this device can do, measured at the start of a run.

use super::SessionError;
use super::pair::WorkerFactory;
use crate::device::Facts;
use crate::toolchain::Side;
use crate::worker::Sandbox;
use std::time::Duration;

/// The device and its measured ceilings.
#[derive(Clone, Debug)]
pub(super) struct Ceilings {
    pub(super) facts: Facts,
    /// What locks the workers of this run in.
    pub(super) sandbox: Sandbox,
    /// Bytes read plus written per second by a device copy.
    pub(super) copy_bytes_per_second: Option<f64>,
    /// One empty kernel in a graph of many.
    pub(super) floor_ns: Option<f64>,
}

impl Ceilings {
    /// Measures in a worker that holds the baseline alone.
    pub(super) fn measure(factory: &WorkerFactory, limit: Duration) -> Result<Self, SessionError> {
        let mut worker = factory
            .start(&[Side::Baseline], 1)
            .map_err(|error| SessionError::of_start(Side::Baseline, error))?;
        let (copy_bytes_per_second, floor_ns) =
            worker.ceilings(limit).map_err(SessionError::Worker)?;
        Ok(Self {
            facts: worker.facts().clone(),
            sandbox: worker.sandbox().clone(),
            copy_bytes_per_second,
            floor_ns,
        })
    }
}
