//! What this device can do, measured at the start of a run.

use super::SessionError;
use super::pair::WorkerFactory;
use crate::device::{Facts, Peaks};
use crate::ledger::CeilingsRecord;
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

    pub(super) fn record(&self) -> Option<CeilingsRecord> {
        let peaks = self.peaks?;
        Some(CeilingsRecord {
            hot_copy_tb_per_s: peaks.hot_copy_bytes * 1e-12,
            read_tb_per_s: peaks.read_bytes * 1e-12,
            fma_tflops: peaks.fma_operations * 1e-12,
            tensor_tflops: peaks.tensor_operations * 1e-12,
            empty_graph_us: peaks.empty_graph_ns * 1e-3,
        })
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
