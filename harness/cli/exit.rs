//! How a command ends.

use std::io;
use std::path::PathBuf;

use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::capture::{CaptureError, EpochError};
use crate::crash::CrashError;
use crate::device::MonitorError;
use crate::ledger::{
    CalibrationError, Decision, Entry, LedgerError, MergeError, NoteError, Outcome as GateOutcome,
    RowState, SamplesError,
};
use crate::profile::ProfileError;
use crate::replication::{Agreement, ReplicationError};
use crate::report::Color;
use crate::scaffold::ScaffoldError;
use crate::selftest::CorpusError;
use crate::session::SessionError;
use crate::task::TaskError;
use crate::toolchain::{BuildError, BundleError, NoProject};

/// Exit codes, one an outcome. They are documented in README.md and never renumbered.
pub mod exit_codes {
    /// Done: gates passed, and nothing is slower.
    pub const PASSED: u8 = 0;
    /// Something that should not happen.
    pub const UNEXPECTED: u8 = 1;
    /// The command line asks for what does not exist (clap's own errors exit with 2 too).
    pub const USAGE: u8 = 2;
    /// A source does not compile or link, or its library cannot be loaded.
    pub const BUILD_FAILED: u8 = 3;
    /// A gate failed.
    pub const GATE_FAILED: u8 = 4;
    /// A row was lost: its worker died, hung or reported a device error.
    pub const ROW_LOST: u8 = 5;
    /// The candidate is slower.
    pub const SLOWER: u8 = 6;
    /// No speed can be told.
    pub const INCONCLUSIVE: u8 = 7;
    /// No such device here, or it cannot be used.
    pub const NO_DEVICE: u8 = 8;
    /// A ledger is corrupt, contradicted by its samples or could not be written, or is not of the tree or without its
    /// samples although `verify --strict` asked for both.
    pub const LEDGER: u8 = 9;
    /// Ctrl-C, as shells number it.
    pub const INTERRUPTED: u8 = 130;
}

/// Why a command did not finish.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(super) enum Failure {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Task(#[from] TaskError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Corpus(#[from] CorpusError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(transparent)]
    Scaffold(#[from] ScaffoldError),
    #[error(transparent)]
    NoProject(#[from] NoProject),
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Merge(#[from] MergeError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Samples(#[from] SamplesError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Calibration(#[from] CalibrationError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Crash(#[from] CrashError),
    #[error("the run was not recorded; its entry is saved in {}", saved.display())]
    #[diagnostic(forward(cause))]
    NotRecorded {
        saved: PathBuf,
        #[source]
        cause: LedgerError,
    },
    #[error(transparent)]
    #[diagnostic(transparent)]
    Capture(#[from] CaptureError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Epoch(#[from] EpochError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Replication(#[from] ReplicationError),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("{0}")]
    Usage(String),
    #[error("writing the output")]
    Output(#[from] io::Error),
}

impl Failure {
    /// Prints the failure to stderr and returns its exit code. A reader that went away is no failure.
    pub(super) fn report(self, color: Color) -> u8 {
        let code = self.exit_code();
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return exit_codes::PASSED;
            }
            failure => eprintln!("{}", rendered(&failure, color)),
        }
        code
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Session(error) => session_code(error),
            Self::Task(_)
            | Self::Corpus(_)
            | Self::NoProject(_)
            | Self::Scaffold(_)
            | Self::Crash(_)
            | Self::Capture(_)
            | Self::Epoch(_)
            | Self::Usage(_) => exit_codes::USAGE,
            Self::Merge(error) => match error {
                MergeError::Ledger(_) => exit_codes::LEDGER,
                MergeError::OtherTask { .. }
                | MergeError::Unrelated { .. }
                | MergeError::Occupied { .. } => exit_codes::USAGE,
            },
            Self::Build(_) => exit_codes::BUILD_FAILED,
            Self::Replication(error) => replication_code(error),
            Self::Monitor(_) => exit_codes::NO_DEVICE,
            Self::Ledger(_)
            | Self::Samples(_)
            | Self::Calibration(_)
            | Self::NotRecorded { .. } => exit_codes::LEDGER,
            Self::Note(error) => note_code(error),
            Self::Bundle(_) | Self::Output(_) => exit_codes::UNEXPECTED,
        }
    }
}

/// The failure with its causes, the place in the file at fault, and what to do.
fn rendered(failure: &Failure, color: Color) -> String {
    let theme = match color {
        Color::Yes => GraphicalTheme::unicode(),
        Color::No => GraphicalTheme::unicode_nocolor(),
    };
    // Unwrapped: a compiler's carets stay below what they point at.
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_wrap_lines(false)
        .with_links(false);
    let mut text = String::new();
    match handler.render_report(&mut text, failure) {
        Ok(()) => text,
        Err(_) => failure.to_string(),
    }
}

fn session_code(error: &SessionError) -> u8 {
    match error {
        SessionError::Task(_)
        | SessionError::NothingSelected { .. }
        | SessionError::UnknownSet { .. } => exit_codes::USAGE,
        SessionError::Build(_) | SessionError::Load { .. } => exit_codes::BUILD_FAILED,
        SessionError::Device(_)
        | SessionError::Worker(_)
        | SessionError::Monitor(_)
        | SessionError::NoGpu
        | SessionError::NoComputeSanitizer
        | SessionError::OtherGpu { .. }
        | SessionError::UnknownGpu { .. } => exit_codes::NO_DEVICE,
        SessionError::Profile(error) => profile_code(error),
        SessionError::LostControl { .. } => exit_codes::ROW_LOST,
        SessionError::Oracle(_) => exit_codes::UNEXPECTED,
        SessionError::Interrupted => exit_codes::INTERRUPTED,
    }
}

fn note_code(error: &NoteError) -> u8 {
    match error {
        NoteError::Empty { .. } | NoteError::TooLong { .. } => exit_codes::USAGE,
        NoteError::Io { .. } => exit_codes::UNEXPECTED,
    }
}

fn replication_code(error: &ReplicationError) -> u8 {
    match error {
        ReplicationError::NoClaim { .. }
        | ReplicationError::OtherSources { .. }
        | ReplicationError::OtherFlags { .. } => exit_codes::USAGE,
        ReplicationError::OtherModel { .. } => exit_codes::NO_DEVICE,
        ReplicationError::Git(_) => exit_codes::UNEXPECTED,
    }
}

fn profile_code(error: &ProfileError) -> u8 {
    match error {
        ProfileError::Emulated | ProfileError::NoProfiler | ProfileError::NoPermission => {
            exit_codes::NO_DEVICE
        }
        ProfileError::Lost { .. } => exit_codes::ROW_LOST,
        ProfileError::Write { .. } => exit_codes::LEDGER,
        ProfileError::NoKernel { .. }
        | ProfileError::GaveUp { .. }
        | ProfileError::Incomplete { .. }
        | ProfileError::CutShort
        | ProfileError::Unreadable(_)
        | ProfileError::Log(_) => exit_codes::UNEXPECTED,
    }
}

/// Exit code of a run that made another again.
pub(super) fn agreement_code(agreement: &Agreement, entry: &Entry) -> u8 {
    match (agreement.agrees(), entry_code(entry)) {
        (Some(true), _) => exit_codes::PASSED,
        (_, code @ (exit_codes::ROW_LOST | exit_codes::GATE_FAILED)) => code,
        (Some(false), _) if agreement.reads_lower() => exit_codes::SLOWER,
        (Some(false) | None, _) => exit_codes::INCONCLUSIVE,
    }
}

/// Exit code of a finished run.
pub(super) fn entry_code(entry: &Entry) -> u8 {
    if entry.rows.iter().any(|row| row.state == RowState::Lost) {
        return exit_codes::ROW_LOST;
    }
    if entry
        .gates
        .iter()
        .any(|gate| gate.outcome == GateOutcome::Failed)
    {
        return exit_codes::GATE_FAILED;
    }
    match entry.decision {
        Decision::Promote | Decision::NoVerdict => exit_codes::PASSED,
        Decision::Reject => exit_codes::SLOWER,
        Decision::Inadmissible | Decision::Inconclusive => exit_codes::INCONCLUSIVE,
        Decision::Invalid => exit_codes::GATE_FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;
    use crate::replication::Claim;

    /// The code for this run of the sample's claim.
    fn code(change: impl Fn(&mut Entry)) -> u8 {
        let mut after = sample::entry();
        change(&mut after);
        let agreement = Agreement::of(Claim::Speeds, &sample::entry(), &after);
        agreement_code(&agreement, &after)
    }

    fn times(entry: &mut Entry, factor: f64) {
        let lanes = entry.rows.iter_mut().filter_map(|row| row.device.as_mut());
        for speedup in lanes.flat_map(|lane| &mut lane.per_process) {
            *speedup *= factor;
        }
    }

    #[test]
    fn a_replication_passes_only_where_it_agrees() {
        assert_eq!(code(|_| {}), exit_codes::PASSED);
        assert_eq!(code(|entry| times(entry, 0.8)), exit_codes::SLOWER);
        assert_eq!(code(|entry| times(entry, 1.25)), exit_codes::INCONCLUSIVE);
        assert_eq!(
            code(|entry| entry.decision = Decision::Inadmissible),
            exit_codes::INCONCLUSIVE
        );
        assert_eq!(
            code(|entry| entry.gates.push(sample::gate(1))),
            exit_codes::GATE_FAILED
        );
    }
}
