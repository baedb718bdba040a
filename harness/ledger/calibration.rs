//! What a GPU reads where the truth is 1, of every row of one task: the newest of it, in a file beside the ledgers.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ControlRecord, SpeedupInterval};

/// Version of the file's layout.
const SCHEMA: u32 = 1;

/// Folder of calibrations beside the ledgers of a GPU.
const FOLDER: &str = "calibration";

const HEADER: &str = "\
# The baseline of one task against a second copy of its object, on every row. Written by `kda calibrate`, which replaces
# it; docs/measurement.md says what it is for.
";

/// One calibration of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationRecord {
    pub schema: u32,
    /// UTC start time and the first 8 hex digits of the baseline's source hash.
    pub id: String,
    pub task: String,
    pub gpu: String,
    pub uuid: String,
    pub driver: String,
    pub contract_hash: String,
    pub processes: usize,
    /// Empty kernels in a graph, per node, and a graph of one; in microseconds, 0 emulated.
    pub floor_us: f64,
    pub empty_graph_us: f64,
    /// Median over rows of the standard deviation between processes of the log ratio, device cold.
    pub between_processes: f64,
    /// Ratio of the planted pair by its bytes, and as found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planted: Option<PlantedRecord>,
    #[serde(rename = "lane", default)]
    pub lanes: Vec<LaneCalibration>,
    #[serde(rename = "row", default)]
    pub rows: Vec<ControlRecord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlantedRecord {
    pub planted: f64,
    pub found: SpeedupInterval,
}

/// What all rows read in one lane. Half-widths are of 95 % intervals, in log speedup: 0.001 is 0.1 %.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaneCalibration {
    pub name: String,
    pub rows: usize,
    pub bias: SpeedupInterval,
    pub median_half_width: f64,
    pub largest_half_width: f64,
    pub false_verdicts: usize,
}

/// What an entry quotes of the newest calibration of its task on its GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationQuote {
    pub id: String,
    pub rows: usize,
    /// Geometric mean over the rows, device cold.
    pub bias: SpeedupInterval,
    pub between_processes: f64,
    pub false_verdicts: usize,
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CalibrationError {
    #[error("cannot {action} the calibration `{}`", path.display())]
    #[diagnostic(help("check that the folder exists and is yours to write"))]
    Io {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the calibration `{}` is malformed: {reason}", path.display())]
    #[diagnostic(help("delete it, or run `kda calibrate` again, which replaces it"))]
    Malformed { path: PathBuf, reason: String },
}

impl CalibrationRecord {
    pub const SCHEMA: u32 = SCHEMA;

    /// Where the calibration of `task` lies beside the ledgers in `gpu_folder`.
    pub fn path(gpu_folder: &Path, task: &str) -> PathBuf {
        gpu_folder.join(FOLDER).join(format!("{task}.toml"))
    }

    /// Replaces the file as a whole.
    pub fn write(&self, path: &Path) -> Result<(), CalibrationError> {
        let failed = |action| {
            move |source| CalibrationError::Io {
                action,
                path: path.to_owned(),
                source,
            }
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed("make the folder of"))?;
        let text = toml::to_string(self).map_err(|error| CalibrationError::Malformed {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed("write"))?;
        file.write_all(format!("{HEADER}{text}").as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(failed("write"))?;
        file.persist(path)
            .map_err(|error| failed("replace")(error.error))?;
        Ok(())
    }

    /// `None` where there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, CalibrationError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(CalibrationError::Io {
                    action: "read",
                    path: path.to_owned(),
                    source,
                });
            }
        };
        toml::from_str(&text)
            .map(Some)
            .map_err(|error| CalibrationError::Malformed {
                path: path.to_owned(),
                reason: error.message().to_owned(),
            })
    }

    /// `None` without a cold lane.
    pub fn quote(&self) -> Option<CalibrationQuote> {
        let cold = self.lanes.first()?;
        Some(CalibrationQuote {
            id: self.id.clone(),
            rows: cold.rows,
            bias: cold.bias,
            between_processes: self.between_processes,
            false_verdicts: cold.false_verdicts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{ControlKind, sample};

    fn record() -> CalibrationRecord {
        let around_one = SpeedupInterval {
            speedup: 1.0,
            low: 0.9995,
            high: 1.0005,
        };
        CalibrationRecord {
            schema: SCHEMA,
            id: "20260102T030405000Z-babababa".to_owned(),
            task: "demo".to_owned(),
            gpu: "NVIDIA H100 80GB HBM3".to_owned(),
            uuid: "GPU-0".to_owned(),
            driver: "580.65.06".to_owned(),
            contract_hash: "c0".repeat(32),
            processes: 5,
            floor_us: 0.79,
            empty_graph_us: 3.9,
            between_processes: 0.0007,
            planted: Some(PlantedRecord {
                planted: 1.02,
                found: around_one,
            }),
            lanes: vec![LaneCalibration {
                name: "A/A, cold".to_owned(),
                rows: 2,
                bias: around_one,
                median_half_width: 0.0008,
                largest_half_width: 0.0011,
                false_verdicts: 0,
            }],
            rows: vec![sample::control(ControlKind::Twins)],
        }
    }

    #[test]
    fn a_calibration_reads_back_and_a_second_one_replaces_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = CalibrationRecord::path(folder.path(), "demo");
        assert_eq!(CalibrationRecord::read(&path).unwrap(), None);
        record().write(&path).unwrap();
        let later = CalibrationRecord {
            id: "later".to_owned(),
            ..record()
        };
        later.write(&path).unwrap();
        let found = CalibrationRecord::read(&path).unwrap().unwrap();
        assert_eq!(found, later);
        assert_eq!(found.quote().unwrap().rows, 2);
    }

    #[test]
    fn a_file_that_is_no_calibration_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.toml");
        fs::write(&path, "schema = 1\n").unwrap();
        let error = CalibrationRecord::read(&path).unwrap_err().to_string();
        assert!(error.contains("malformed: missing field"), "{error}");
    }
}
