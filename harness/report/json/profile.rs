//! Lines about a profiled call.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::profile::{Change, Lane, ProfileRecord, ProfiledKernel};
use crate::toolchain::Side;

#[derive(Serialize)]
pub(super) struct ProfileLine<'a> {
    task: &'a str,
    row: &'a str,
    entry: Option<&'a str>,
    baseline_source: &'a str,
    candidate_source: &'a str,
    gpu: &'a str,
    driver: &'a str,
    ncu: &'a str,
    command: &'a str,
    class: String,
    lane: Lane,
    clocks: &'a str,
    contract_bytes: u64,
    /// Of each metric of the kernels.
    units: &'a BTreeMap<String, String>,
    path: &'a Path,
}

impl<'a> ProfileLine<'a> {
    pub(super) fn of(record: &'a ProfileRecord, path: &'a Path) -> Self {
        Self {
            task: &record.task,
            row: &record.row,
            entry: record.entry.as_deref(),
            baseline_source: &record.baseline_source,
            candidate_source: &record.candidate_source,
            gpu: &record.gpu,
            driver: &record.driver,
            ncu: &record.ncu,
            command: &record.command,
            class: record.class.to_string(),
            lane: record.lane,
            clocks: &record.clocks,
            contract_bytes: record.contract_bytes,
            units: &record.units,
            path,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ProfiledKernelLine<'a> {
    side: Side,
    name: &'a str,
    local_bytes: Option<u32>,
    metrics: &'a BTreeMap<String, f64>,
}

impl<'a> ProfiledKernelLine<'a> {
    pub(super) fn of(kernel: &'a ProfiledKernel) -> Self {
        Self {
            side: kernel.side,
            name: &kernel.name,
            local_bytes: kernel.local_bytes,
            metrics: &kernel.metrics,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ProfileChangeLine {
    metric: &'static str,
    unit: &'static str,
    baseline: Option<f64>,
    candidate: Option<f64>,
}

impl ProfileChangeLine {
    pub(super) fn of(change: &Change) -> Self {
        Self {
            metric: change.label,
            unit: change.unit.stored(),
            baseline: change.baseline,
            candidate: change.candidate,
        }
    }
}
