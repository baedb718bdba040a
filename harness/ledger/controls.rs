//! What a run measured of itself: pairs whose true ratio is known.

use serde::{Deserialize, Serialize};

use super::{CalibrationQuote, SpeedupInterval};

/// Whether the run may be believed, from its controls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlsRecord {
    pub admissible: bool,
    /// Why not, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Geometric mean over the rows on which the baseline ran against a second copy of its object, device cold.
    pub twins: SpeedupInterval,
    pub twin_rows: usize,
    /// Rows that read faster or slower there, after Holm's correction.
    pub false_verdicts: usize,
    /// Half of the middle row's 95 % interval there, in log speedup: 0.001 is 0.1 %.
    pub half_width: f64,
    /// Ratio of the planted pair by the bytes that it moves, and as found, device cold.
    pub planted: f64,
    pub planted_found: SpeedupInterval,
    /// Geometric mean over rows whose two sides launch the same machine code, device cold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_code: Option<SpeedupInterval>,
    /// The newest calibration of the task on this kind of GPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationQuote>,
}

/// Which pair a control is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlKind {
    /// The baseline against a second copy of its object, roles swapped from process to process.
    Twins,
    /// A copy against the same copy with some of its bytes moved twice.
    Planted,
}

impl ControlKind {
    /// Id of such a control's samples: a row of the task may have the same name.
    pub fn samples_of(self, row: &str) -> String {
        format!("{self}: {row}")
    }
}

/// One control in every lane. Ratios are time of the first of the pair over time of the second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlRecord {
    pub kind: ControlKind,
    pub row: String,
    /// Median of the first of the pair, device cold, in microseconds a call.
    pub first_us: f64,
    /// Standard deviation between processes of the log ratio, device cold: 0.001 is 0.1 %.
    pub between_processes: f64,
    pub device: SpeedupInterval,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_hot: Option<SpeedupInterval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_dirty: Option<SpeedupInterval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submit: Option<SpeedupInterval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<SpeedupInterval>,
}
