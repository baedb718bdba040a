//! The file of one lost call.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::{NamedSource, SourceSpan};
use serde::{Deserialize, Serialize};

use crate::ledger::decimal_text;
use crate::task::Case;
use crate::toolchain::Side;
use crate::worker::{Fault, TimePlan, WorkerError};

/// Raised with every change of the layout below.
const FORMAT: u32 = 2;

/// First line of a dump.
const HEADER: &str = "# A call that was lost; `kda replay FILE` makes it again.\n";

/// One lost call: what was asked for, of which sources, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrashDump {
    pub format: u32,
    /// Id of the run's entry.
    pub run: String,
    pub task: String,
    /// Id of the row or grid case.
    pub row: String,
    pub entry: String,
    /// Device as `--gpu` names it.
    pub device: String,
    /// GPU as the driver names it, or `emulated`.
    pub gpu: String,
    /// How it ended: an exception, a signal, a time limit.
    pub cause: String,
    /// The device's own error, where it reported one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_error: Option<String>,
    /// End of the worker's standard error.
    pub last_words: String,
    pub sources: Sources,
    pub call: LostCall,
}

/// What a run was built from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    pub harness_version: String,
    pub harness_commit: String,
    pub contract_hash: String,
    pub baseline_source: String,
    pub candidate_source: String,
}

/// What the worker was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LostCall {
    /// One call of one side, for the gates.
    Check {
        side: Side,
        #[serde(with = "decimal_text")]
        seed: u64,
        poison: [u32; 2],
    },
    /// Samples of both sides, loaded in this order.
    Time {
        order: [Side; 2],
        #[serde(with = "decimal_text")]
        seed: u64,
        plan: TimePlan,
    },
}

/// Why a dump cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CrashError {
    #[error("cannot {action} the crash dump `{}`", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(transparent)]
    #[diagnostic(transparent)]
    Torn(#[from] Box<TornDump>),
    #[error("`{}` has format {found}, and this kda reads {FORMAT}", path.display())]
    #[diagnostic(help("replay it with the kda that wrote it"))]
    OtherFormat { path: PathBuf, found: u32 },
}

/// A file that is no dump, or a part of one.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("`{}` is no whole crash dump: {message}", path.display())]
#[diagnostic(help(
    "`kda bench` and `kda check` name the file that a lost row leaves; run them again for a new one"
))]
pub struct TornDump {
    pub path: PathBuf,
    pub message: String,
    #[source_code]
    toml: NamedSource<String>,
    #[label("here")]
    at: SourceSpan,
}

impl CrashDump {
    /// Reads a dump.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is not whole, or has another format.
    pub fn read(path: &Path) -> Result<Self, CrashError> {
        let text = fs::read_to_string(path).map_err(|source| CrashError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        let torn = |error: toml::de::Error| {
            Box::new(TornDump {
                path: path.to_owned(),
                message: error.message().to_owned(),
                toml: NamedSource::new(path.to_string_lossy(), text.clone()),
                at: error.span().unwrap_or(0..0).into(),
            })
        };
        // The format first: the rest may read differently in another one.
        let Format { format } = toml::from_str(&text).map_err(torn)?;
        if format != FORMAT {
            return Err(CrashError::OtherFormat {
                path: path.to_owned(),
                found: format,
            });
        }
        Ok(toml::from_str(&text).map_err(torn)?)
    }

    /// The text of the file.
    pub fn text(&self) -> Result<String, toml::ser::Error> {
        Ok(format!("{HEADER}{}", toml::to_string(self)?))
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// What all dumps of one run have in common.
#[derive(Clone, Debug)]
pub struct CrashedRun {
    pub id: String,
    pub task: String,
    pub device: String,
    pub gpu: String,
    pub sources: Sources,
}

impl CrashedRun {
    /// The dump of a call of this run; `said` is the end of its worker's standard error, if the error has none.
    pub fn lost(&self, case: &Case, call: LostCall, error: &WorkerError, said: &str) -> CrashDump {
        let (device_error, last_words) = match error {
            WorkerError::Died { stderr, .. } => (None, stderr.as_str()),
            WorkerError::Fault(Fault::Device(error)) => (Some(error.to_string()), said),
            WorkerError::Fault(Fault::Load { .. } | Fault::Contract(_))
            | WorkerError::Start(_)
            | WorkerError::TimedOut { .. }
            | WorkerError::OutOfMemory { .. }
            | WorkerError::Confused => (None, said),
        };
        CrashDump {
            format: FORMAT,
            run: self.id.clone(),
            task: self.task.clone(),
            row: case.id.clone(),
            entry: case.entry_name.clone(),
            device: self.device.clone(),
            gpu: self.gpu.clone(),
            cause: error.cause(),
            device_error,
            last_words: last_words.to_owned(),
            sources: self.sources.clone(),
            call,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump() -> CrashDump {
        let sources = Sources {
            harness_version: "0.1.0".to_owned(),
            harness_commit: "18fa365".to_owned(),
            contract_hash: "c0".repeat(32),
            baseline_source: "ba".repeat(32),
            candidate_source: "ca".repeat(32),
        };
        CrashDump {
            format: FORMAT,
            run: "20260102T030405000Z-cacacaca".to_owned(),
            task: "axpy".to_owned(),
            row: "row_first".to_owned(),
            entry: "axpy".to_owned(),
            device: "h100".to_owned(),
            gpu: "NVIDIA H100 80GB HBM3".to_owned(),
            cause: "the worker died (SIGSEGV, an invalid memory access)".to_owned(),
            device_error: None,
            last_words: "one\n\"two\"\u{7}\n".to_owned(),
            sources,
            call: LostCall::Check {
                side: Side::Candidate,
                seed: u64::MAX,
                poison: [u32::MAX, 7],
            },
        }
    }

    #[test]
    fn a_dump_reads_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.toml");
        let timed = LostCall::Time {
            order: Side::BOTH,
            seed: 3,
            plan: TimePlan {
                sample_ns: 1e6,
                warmup_rounds: 30,
                pilot_blocks: 2,
                max_blocks: 4,
                blocks: None,
                hot_blocks: 2,
                dirty_blocks: 2,
                beside_blocks: 1,
                host_blocks: 2,
                host_ns: 1e6,
                margin: 0.01,
                max_calls: 4,
            },
        };
        for call in [dump().call, timed] {
            let dump = CrashDump { call, ..dump() };
            fs::write(&path, dump.text().unwrap()).unwrap();
            assert_eq!(CrashDump::read(&path).unwrap(), dump);
        }
    }

    #[test]
    fn every_torn_file_is_an_error_and_none_is_read_as_another_call() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.toml");
        let text = dump().text().unwrap();
        // The last line ends with the poisons' bracket: whatever is cut before it leaves a value short.
        for end in (0..text.trim_end().len()).step_by(7) {
            fs::write(&path, &text[..end]).unwrap();
            let error = CrashDump::read(&path).unwrap_err();
            assert!(
                matches!(error, CrashError::Torn(_)),
                "cut at {end}: {error}"
            );
        }
    }

    #[test]
    fn another_format_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.toml");
        fs::write(&path, "format = 9\nwords = \"unknown\"\n").unwrap();
        let error = CrashDump::read(&path).unwrap_err().to_string();
        assert!(error.contains("has format 9"), "{error}");
    }
}
