//! What a full run measures of itself: the baseline against a second copy of its object, and a planted effect.

use std::path::PathBuf;

use tempfile::TempPath;

use super::SessionError;
use super::pair::ControlLibraries;
use crate::ledger::ControlKind;
use crate::task::{Case, Expect, Tolerance};
use crate::tensor::{Dtype, Fill, Role, TensorSpec, dense_strides};
use crate::worker::{DeviceChoice, Pairing, TimeReply, WorkerError};

/// Rows on which the baseline meets its copy: the smallest, the median and the largest.
const TWIN_ROWS: usize = 3;

/// Elements of the planted copy: 51 parts of 2.5 MiB in and as many out, far beyond any L2, so that time follows bytes.
const PLANTED_ELEMENTS: i64 = 51 * (640 << 10);

/// Ratio of the bytes that the planted pair moves: 51 parts to 50, as in support.cu.
pub(super) const PLANTED: f64 = 1.02;

/// One pair whose true ratio is known.
#[derive(Clone, Debug)]
pub(super) struct Control {
    pub(super) kind: ControlKind,
    pub(super) case: Case,
}

impl Control {
    pub(super) fn pairing(&self) -> Pairing {
        match self.kind {
            ControlKind::Twins => Pairing::Twins,
            ControlKind::Planted => Pairing::Planted,
        }
    }
}

/// A control's samples, process by process, or why it was lost.
pub(super) struct Controlled {
    pub(super) control: Control,
    pub(super) replies: Result<Vec<TimeReply>, String>,
}

/// Which rows meet the baseline's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwinRows {
    /// A few of the production rows, which every full run takes along.
    Few,
    /// All rows.
    All,
}

/// Controls over `rows`; the planted one where the device has the harness's own kernels.
pub(super) fn controls(rows: &[Case], twins: TwinRows, device: &DeviceChoice) -> Vec<Control> {
    let mut by_size: Vec<&Case> = rows.iter().filter(|row| row.production).collect();
    if by_size.is_empty() {
        // Riders alone bear no verdict on the task, but their figures need an A/A all the same.
        by_size = rows.iter().collect();
    }
    by_size.sort_by_key(|row| row.moved_bytes());
    let chosen: Vec<&Case> = match (twins, by_size.len()) {
        (TwinRows::All, _) => rows.iter().collect(),
        (TwinRows::Few, 0..=TWIN_ROWS) => by_size,
        (TwinRows::Few, count) => vec![by_size[0], by_size[count / 2], by_size[count - 1]],
    };
    let twins = chosen.into_iter().map(|case| Control {
        kind: ControlKind::Twins,
        case: case.clone(),
    });
    let planted = matches!(device, DeviceChoice::Cuda { .. }).then(|| Control {
        kind: ControlKind::Planted,
        case: planted_case(),
    });
    twins.chain(planted).collect()
}

fn planted_case() -> Case {
    let tensor = |name: &str, role, storage| TensorSpec {
        name: name.to_owned(),
        role,
        dtype: Dtype::F32,
        shape: vec![PLANTED_ELEMENTS],
        strides: dense_strides(&[PLANTED_ELEMENTS]),
        offset: 0,
        storage,
        fill: Fill::Constant { value: 1.0 },
        bitwise: true,
        repeatable: true,
        on_host: false,
    };
    let bytes = PLANTED_ELEMENTS as u64 * Dtype::F32.bytes() as u64;
    Case {
        id: "planted_copy".to_owned(),
        set: String::new(),
        production: false,
        entry: 0,
        entry_name: "planted".to_owned(),
        tensors: vec![
            Some(tensor("from", Role::In, 0)),
            Some(tensor("to", Role::Out, 1)),
        ],
        scalars: Vec::new(),
        storage_bytes: vec![bytes; 2],
        tolerance: Tolerance {
            atol: 0.0,
            rtol: 0.0,
        },
        expect: Expect::Accepted,
        same_bits_as_baseline: true,
        shrunk: None,
    }
}

/// The libraries of both pairs. The baseline's copy lies in a file of its own, or the loader would hand out the first one
/// twice; it goes with the returned path.
pub(super) fn libraries(
    baseline: &std::path::Path,
    device: &DeviceChoice,
) -> Result<(ControlLibraries, TempPath), SessionError> {
    let failed = |error| SessionError::Worker(WorkerError::Start(error));
    let copy = tempfile::Builder::new()
        .prefix("kda-twin-")
        .suffix(".so")
        .tempfile()
        .map_err(failed)?
        .into_temp_path();
    std::fs::copy(baseline, &copy).map_err(failed)?;
    let libraries = ControlLibraries {
        twin: PathBuf::from(&*copy),
        planted: match device {
            DeviceChoice::Cuda { support, .. } => Some(support.clone()),
            DeviceChoice::Emulated => None,
        },
    };
    Ok((libraries, copy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, elements: i64, production: bool) -> Case {
        let mut case = planted_case();
        case.id = id.to_owned();
        case.production = production;
        for spec in case.tensors.iter_mut().flatten() {
            spec.shape = vec![elements];
        }
        case
    }

    fn ids(rows: &[Case], twins: TwinRows) -> Vec<String> {
        let controls = controls(rows, twins, &DeviceChoice::Emulated);
        controls
            .into_iter()
            .map(|control| control.case.id)
            .collect()
    }

    #[test]
    fn a_run_takes_the_smallest_the_median_and_the_largest_production_row() {
        let rows = [
            row("c", 3, true),
            row("e", 5, true),
            row("a", 1, true),
            row("b", 2, true),
            row("d", 4, true),
            row("rider", 9, false),
        ];
        assert_eq!(ids(&rows, TwinRows::Few), ["a", "c", "e"]);
        assert_eq!(ids(&rows[..2], TwinRows::Few), ["c", "e"]);
        assert_eq!(ids(&rows, TwinRows::All).len(), 6);
        assert_eq!(ids(&rows[5..], TwinRows::Few), ["rider"]);
    }

    #[test]
    fn the_planted_pair_needs_a_gpu() {
        let gpu = DeviceChoice::Cuda {
            uuid: String::new(),
            support: PathBuf::new(),
        };
        let of = |device| controls(&[], TwinRows::Few, device).len();
        assert_eq!((of(&gpu), of(&DeviceChoice::Emulated)), (1, 0));
    }
}
