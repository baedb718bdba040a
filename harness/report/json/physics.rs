//! Lines about what a run measured of itself and of its kernels.

use serde::Serialize;

use crate::ledger::{self, SpeedupInterval};

/// A ratio and its interval.
#[derive(Serialize)]
pub(super) struct Ratio {
    speedup: f64,
    speedup_low: f64,
    speedup_high: f64,
}

impl From<SpeedupInterval> for Ratio {
    fn from(ratio: SpeedupInterval) -> Self {
        Self {
            speedup: ratio.speedup,
            speedup_low: ratio.low,
            speedup_high: ratio.high,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Controls<'a> {
    admissible: bool,
    reasons: &'a [String],
    twins: Ratio,
    twin_rows: usize,
    false_verdicts: usize,
    planted: f64,
    planted_found: Ratio,
    same_code: Option<Ratio>,
}

impl<'a> Controls<'a> {
    pub(super) fn of(controls: &'a ledger::ControlsRecord) -> Self {
        Self {
            admissible: controls.admissible,
            reasons: &controls.reasons,
            twins: controls.twins.into(),
            twin_rows: controls.twin_rows,
            false_verdicts: controls.false_verdicts,
            planted: controls.planted,
            planted_found: controls.planted_found.into(),
            same_code: controls.same_code.map(Ratio::from),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Control<'a> {
    kind: String,
    row: &'a str,
    first_us: f64,
    between_processes: f64,
    device: Ratio,
    device_hot: Option<Ratio>,
    device_dirty: Option<Ratio>,
    submit: Option<Ratio>,
    wall: Option<Ratio>,
}

impl<'a> Control<'a> {
    pub(super) fn of(control: &'a ledger::ControlRecord) -> Self {
        Self {
            kind: control.kind.to_string(),
            row: &control.row,
            first_us: control.first_us,
            between_processes: control.between_processes,
            device: control.device.into(),
            device_hot: control.device_hot.map(Ratio::from),
            device_dirty: control.device_dirty.map(Ratio::from),
            submit: control.submit.map(Ratio::from),
            wall: control.wall.map(Ratio::from),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Kernel<'a> {
    side: String,
    name: &'a str,
    rows: usize,
    registers: u32,
    local_bytes: u32,
    static_shared_bytes: u64,
}

impl<'a> Kernel<'a> {
    pub(super) fn of(kernel: &'a ledger::KernelRecord) -> Self {
        Self {
            side: kernel.side.to_string(),
            name: &kernel.name,
            rows: kernel.rows,
            registers: kernel.registers,
            local_bytes: kernel.local_bytes,
            static_shared_bytes: kernel.static_shared_bytes,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Samples<'a> {
    file: &'a str,
    blake3: &'a str,
}

impl<'a> Samples<'a> {
    pub(super) fn of(samples: &'a ledger::SamplesRecord) -> Self {
        Self {
            file: &samples.file,
            blake3: &samples.blake3,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Bound {
    class: String,
    us: f64,
    baseline_share: f64,
    candidate_share: f64,
    still_to_win: f64,
}

impl From<&ledger::BoundRecord> for Bound {
    fn from(bound: &ledger::BoundRecord) -> Self {
        Self {
            class: bound.class.to_string(),
            us: bound.us,
            baseline_share: bound.baseline_share,
            candidate_share: bound.candidate_share,
            still_to_win: bound.still_to_win,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Ceilings {
    hot_copy_tb_per_s: f64,
    read_tb_per_s: f64,
    fma_tflops: f64,
    tensor_tflops: f64,
    empty_graph_us: f64,
}

impl From<&ledger::CeilingsRecord> for Ceilings {
    fn from(ceilings: &ledger::CeilingsRecord) -> Self {
        Self {
            hot_copy_tb_per_s: ceilings.hot_copy_tb_per_s,
            read_tb_per_s: ceilings.read_tb_per_s,
            fma_tflops: ceilings.fma_tflops,
            tensor_tflops: ceilings.tensor_tflops,
            empty_graph_us: ceilings.empty_graph_us,
        }
    }
}
