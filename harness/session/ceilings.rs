//! What this device can do, measured at the start of a run.

use super::SessionError;
use super::pair::WorkerHost;
use crate::device::{Facts, Peaks};
use crate::ledger::CeilingsRecord;
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

    /// Measures in a worker that holds neither side.
    pub(super) fn measure(host: &WorkerHost, limit: Duration) -> Result<Self, SessionError> {
        let mut worker = host.open(1).map_err(SessionError::Worker)?;
        let peaks = worker.peaks(limit).map_err(SessionError::Worker)?;
        Ok(Self {
            facts: worker.facts().clone(),
            sandbox: worker.sandbox().clone(),
            peaks,
        })
    }
}
