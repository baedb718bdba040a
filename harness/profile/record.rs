//! The file of one profiled call, beside the ledger of its GPU.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ProfileError;
use crate::ledger::{BoundClass, profile_path};
use crate::toolchain::Side;

/// Raised with every change of the layout below.
pub(crate) const FORMAT: u32 = 1;

/// First lines of a profile.
const HEADER: &str = "# One call of both sides under NVIDIA Nsight Compute; docs/profile.md says what the metrics mean.\n";

/// What the caches hold when a kernel starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// Nothing: flushed in front of each kernel.
    Cold,
    /// What ran before left.
    Hot,
}

/// One call of both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileRecord {
    pub format: u32,
    pub task: String,
    pub row: String,
    /// Newest entry of the ledger with the same sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    pub baseline_source: String,
    pub candidate_source: String,
    /// As the driver names it.
    pub gpu: String,
    pub driver: String,
    /// The profiler's version.
    pub ncu: String,
    /// As typed.
    pub command: String,
    pub class: BoundClass,
    pub lane: Lane,
    /// The profiler could hold the clocks and was told not to.
    pub clocks: String,
    /// Every input read once and every output written once.
    pub contract_bytes: u64,
    /// Of each metric.
    pub units: BTreeMap<String, String>,
    /// In launch order, the baseline's first.
    #[serde(rename = "kernel", default)]
    pub kernels: Vec<ProfiledKernel>,
}

/// One launch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfiledKernel {
    pub side: Side,
    /// Mangled.
    pub name: String,
    /// Stack a thread, local arrays and spills, as the object has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_bytes: Option<u32>,
    /// A metric that the profiler has no value for is not there.
    pub metrics: BTreeMap<String, f64>,
}

impl ProfileRecord {
    pub fn kernels_of(&self, side: Side) -> impl Iterator<Item = &ProfiledKernel> {
        self.kernels
            .iter()
            .filter(move |kernel| kernel.side == side)
    }

    /// Writes it beside `ledger`, in place of an earlier profile of the same row and candidate; returns where.
    ///
    /// # Errors
    ///
    /// A file that cannot be written; an earlier one stays.
    pub fn save(&self, ledger: &Path) -> Result<PathBuf, ProfileError> {
        let path = profile_path(ledger, &self.task, &self.row, &self.candidate_source);
        let write = || -> io::Result<()> {
            let folder = path.parent().expect("a profile should lie in a folder");
            fs::create_dir_all(folder)?;
            let text = toml::to_string(self).map_err(io::Error::other)?;
            let mut file = tempfile::Builder::new()
                .prefix(".profile-")
                .permissions(Permissions::from_mode(0o644))
                .tempfile_in(folder)?;
            file.write_all(HEADER.as_bytes())?;
            file.write_all(text.as_bytes())?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|source| ProfileError::Write {
            path: path.clone(),
            source,
        })?;
        Ok(path)
    }
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;

    /// Two kernels of the baseline, one of the candidate.
    pub(crate) fn record() -> ProfileRecord {
        let kernel = |side, name: &str, values: &[(&str, f64)]| ProfiledKernel {
            side,
            name: name.to_owned(),
            local_bytes: Some(0),
            metrics: values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), *value))
                .collect(),
        };
        let dram = "dram__throughput.avg.pct_of_peak_sustained_elapsed";
        let time = "gpu__time_duration.sum";
        let registers = "launch__registers_per_thread";
        let (read, written) = ("dram__bytes_read.sum", "dram__bytes_write.sum");
        ProfileRecord {
            format: FORMAT,
            task: "demo_vector_axpy".to_owned(),
            row: "qwen_s4096_c3072_bcast11".to_owned(),
            entry: Some("20260102T030405Z-0123abcd".to_owned()),
            baseline_source: "ba".repeat(32),
            candidate_source: "0123abcd".repeat(8),
            gpu: "NVIDIA H100 80GB HBM3".to_owned(),
            driver: "580.65.06".to_owned(),
            ncu: "2025.3.1.0".to_owned(),
            command: "kda profile demo_vector_axpy --row qwen_s4096_c3072_bcast11".to_owned(),
            class: BoundClass::Memory,
            lane: Lane::Cold,
            clocks: "not controlled".to_owned(),
            contract_bytes: 100_000_000,
            units: BTreeMap::from([(time.to_owned(), "ns".to_owned())]),
            kernels: vec![
                kernel(
                    Side::Baseline,
                    "_Z5scaleILi3EEvP6float4PKS0_",
                    &[
                        (time, 30_000.0),
                        (dram, 60.0),
                        (registers, 16.0),
                        (read, 5e7),
                        (written, 5e7),
                    ],
                ),
                kernel(
                    Side::Baseline,
                    "second",
                    &[
                        (time, 10_000.0),
                        (dram, 80.0),
                        (registers, 40.0),
                        (read, 2.5e7),
                        (written, 0.0),
                    ],
                ),
                kernel(
                    Side::Candidate,
                    "fused",
                    &[
                        (time, 30_000.0),
                        (dram, 90.0),
                        (registers, 40.0),
                        (read, 5e7),
                        (written, 5e7),
                    ],
                ),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{profiles_of, sample as ledger_sample};

    #[test]
    fn a_profile_is_found_from_the_entry_of_its_row_and_candidate_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ledger = folder.path().join("demo_vector_axpy.toml");
        let mut entry = ledger_sample::entry();
        assert_eq!(profiles_of(&ledger, &entry), Vec::<PathBuf>::new());
        let record = sample::record();
        let path = record.save(&ledger).expect("the folder is writable");
        assert!(path.ends_with("profiles/demo_vector_axpy/qwen_s4096_c3072_bcast11-0123abcd.toml"));
        assert_eq!(profiles_of(&ledger, &entry), std::slice::from_ref(&path));
        let text = fs::read_to_string(&path).expect("it was written");
        let read: ProfileRecord = toml::from_str(&text).expect("it is whole");
        assert_eq!(read, record);
        entry.provenance.candidate_source = "ff".repeat(32);
        assert_eq!(profiles_of(&ledger, &entry), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_folder_that_takes_no_file_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("profiles"), "no folder").expect("a file");
        let error = sample::record()
            .save(&folder.path().join("demo.toml"))
            .expect_err("a file stands in the way");
        assert!(
            error.to_string().contains("bcast11-0123abcd.toml"),
            "{error}"
        );
    }
}
