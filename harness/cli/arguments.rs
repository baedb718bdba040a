//! Flags and subcommands. The doc comments are the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use glob::Pattern;

use super::attempt::AttemptArguments;
use super::brief::BriefArguments;
use super::calibrate::CalibrateArguments;
use super::manual::{CompletionsArguments, ManArguments};
use super::profile::ProfileArguments;
use super::replicate::ReplicateArguments;
use super::report::ReportArguments;
use super::rows_arguments::RowsArguments;
use super::status::StatusArguments;
use crate::session::{GpuChoice, SanitizerTool, Tool};
use crate::toolchain::{GPU_PROFILES, GpuProfile};
use crate::worker::{Confinement, default_memory_limit};

/// Is this candidate CUDA kernel faster than its baseline on the shapes that production runs, and still right?
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Begin with `kda list`, then `kda bench TASK`. README.md explains the words and the exit codes."
)]
pub struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,

    /// When to colour the output; auto obeys NO_COLOR and TERM=dumb
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub(super) color: ColorChoice,

    /// Say more on stderr (repeat for more); KDA_LOG takes a filter
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the gates (checks of correctness and integrity), time both sides, and append the verdict to the ledger
    Bench(BenchArguments),
    /// Run the gates alone: every row and grid case of a task against its oracle
    Check(CheckArguments),
    /// List the tasks
    List(ListArguments),
    /// Show a task's contract: entries, row sets, rows and grids
    Show(ShowArguments),
    /// Write the folder of a new task: a vector add that builds, checks and benches
    New(NewArguments),
    /// Compile both sides and the oracle, and judge the objects
    Build(BuildArguments),
    /// Pack executable, objects and tasks for a GPU host without Rust or nvcc
    Bundle(BundleArguments),
    /// Run the corpus of cheats and of honest but unusual candidates: every cheat must be caught, by the gate that should
    Selftest(SelftestArguments),
    /// Say which tools and devices are here, and what each missing one costs
    Doctor,
    /// Read and verify ledgers
    Ledger(LedgerArguments),
    /// Count what one row's kernels do on a GPU, on both sides, with Nsight Compute
    Profile(ProfileArguments),
    /// Make a lost call again, from the dump that it left
    Replay(ReplayArguments),
    /// Make an entry's run again, and say of each row whether it reads the same; the answer is an entry of its own
    Replicate(ReplicateArguments),
    /// Report on all tasks, or on one run of a task: for a terminal, a pull request, a browser or a program
    Report(ReportArguments),
    /// Say where all tasks stand: measured or stale, what was decided, and how far from the bound; what needs work first
    Status(StatusArguments),
    /// Print one page on a task for whoever edits its candidate: contract, figures, what lags, what was tried, rules
    Brief(BriefArguments),
    /// Say what the next run of a task is to show
    Attempt(AttemptArguments),
    /// Propose captured production calls as rows of a task
    Rows(Box<RowsArguments>),
    /// Print the completions of a shell
    Completions(CompletionsArguments),
    /// Print the manual page, or write the pages of all commands
    Man(ManArguments),
    /// Run the baseline against a second copy of its object on every row: bias, half-widths and false verdicts of this GPU
    Calibrate(CalibrateArguments),
    /// The isolated process that loads both sides
    #[command(hide = true)]
    Worker(WorkerArguments),
}

#[derive(Args, Debug)]
pub(super) struct Tasks {
    /// Task names
    #[arg(required_unless_present = "all")]
    pub(super) tasks: Vec<String>,

    /// Every task
    #[arg(long, conflicts_with = "tasks")]
    pub(super) all: bool,
}

#[derive(Args, Debug)]
pub(super) struct RunArguments {
    #[command(flatten)]
    pub(super) tasks: Tasks,

    /// auto (the visible GPU, or else emulated), emulated, or a GPU: h100, h200, b200, b300, rtx5090, ...
    #[arg(long, default_value = "auto", value_parser = parse_gpu)]
    pub(super) gpu: GpuChoice,

    /// Only rows and grid cases whose id matches this glob
    #[arg(long, value_name = "GLOB")]
    pub(super) rows: Option<Pattern>,

    /// Only this row set; `kda show` names them (grid cases belong to every set)
    #[arg(long)]
    pub(super) set: Option<String>,

    /// Seed of inputs and schedules; drawn when absent, and shown in the last lines
    #[arg(long)]
    pub(super) seed: Option<u64>,

    /// JSON lines on stdout instead of text (docs/json.md)
    #[arg(long)]
    pub(super) json: bool,

    /// Seconds that one request may take before its worker counts as hung
    #[arg(long, hide = true, value_name = "SECONDS", default_value = "60",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(super) limit: u64,

    #[command(flatten)]
    pub(super) worker: WorkerLimits,
}

impl RunArguments {
    /// Default of `limit`.
    pub(super) const LIMIT_SECONDS: u64 = 60;
}

/// What a worker may do.
#[derive(Args, Debug)]
pub(super) struct WorkerLimits {
    /// GiB that a worker may take besides the memory for outputs; 16 when absent, or three quarters of the machine's
    /// memory where that is less
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    memory_limit: Option<u64>,

    /// Run workers without landlock and seccomp; the entry says so
    #[arg(long, hide = true)]
    no_sandbox: bool,
}

impl WorkerLimits {
    pub(super) fn memory_bytes(&self) -> u64 {
        self.memory_limit
            .map_or_else(default_memory_limit, |limit| limit << 30)
    }

    pub(super) fn confinement(&self) -> Confinement {
        match self.no_sandbox {
            true => Confinement::Off,
            false => Confinement::BestEffort,
        }
    }
}

#[derive(Args, Debug)]
pub(super) struct BenchArguments {
    #[command(flatten)]
    pub(super) run: RunArguments,

    /// One process and few samples: a look, without interval or verdict; recorded all the same
    #[arg(long)]
    pub(super) quick: bool,

    /// Append to no ledger
    #[arg(long, conflicts_with = "ledger")]
    pub(super) no_ledger: bool,

    /// Ledgers below this folder; ledger/ by default, target/kda/ledger/ for emulated runs
    #[arg(long, value_name = "DIR")]
    pub(super) ledger: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    pub(super) run: RunArguments,
}

#[derive(Args, Debug)]
pub(super) struct SelftestArguments {
    /// auto (the visible GPU, or else emulated), emulated, or a GPU: h100, h200, b200, b300, rtx5090, ...
    #[arg(long, default_value = "auto", value_parser = parse_gpu)]
    pub(super) gpu: GpuChoice,

    /// Only candidates whose name matches this glob
    #[arg(long, value_name = "GLOB")]
    pub(super) only: Option<Pattern>,

    /// Leave out candidates that are compiled for a GPU and not run
    #[arg(long)]
    pub(super) no_build: bool,

    /// Seconds that one request may take before its worker counts as hung
    #[arg(long, hide = true, value_name = "SECONDS", default_value = "10",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(super) limit: u64,
}

#[derive(Args, Debug)]
pub(super) struct ListArguments {
    /// JSON lines on stdout instead of text (docs/json.md)
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct ShowArguments {
    /// Task name
    pub(super) task: String,

    /// Only rows whose id matches this glob
    #[arg(long, value_name = "GLOB")]
    pub(super) rows: Option<Pattern>,

    /// Capture each row on both sides and print what is launched: kernels, grids, parameters, fingerprints
    #[arg(long, conflicts_with = "json")]
    pub(super) graph: bool,

    /// With --graph, where: auto, emulated, or a GPU
    #[arg(long, default_value = "auto", value_parser = parse_gpu)]
    pub(super) gpu: GpuChoice,

    /// JSON lines on stdout instead of text (docs/json.md)
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct NewArguments {
    /// Name of the new task: lower-case letters, digits and underscores
    pub(super) task: String,
}

#[derive(Args, Debug)]
pub(super) struct BuildArguments {
    #[command(flatten)]
    pub(super) tasks: Tasks,

    /// emulated, or a GPU profile; emulated, sm_90a and sm_100a when absent
    #[arg(long, value_parser = parse_gpu)]
    pub(super) gpu: Option<GpuChoice>,
}

#[derive(Args, Debug)]
pub(super) struct BundleArguments {
    /// GPU profiles to pack objects for, with commas between them
    #[arg(long, default_value = "h100", value_delimiter = ',', value_parser = parse_profile)]
    pub(super) gpu: Vec<&'static GpuProfile>,

    /// The archive; unpack it on the GPU host and run ./kda there
    #[arg(short, long, default_value = "target/kda/kda-bundle.tar.gz")]
    pub(super) output: PathBuf,

    /// Pack the corpus of cheats too, for `kda selftest` there
    #[arg(long)]
    pub(super) selftest: bool,
}

#[derive(Args, Debug)]
pub(super) struct LedgerArguments {
    #[command(subcommand)]
    pub(super) command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Show an entry of a task on a GPU, the newest if none is named; or all of them, with the trend of each row
    Show(LedgerShowArguments),
    /// List every try, failed and losing ones too, with what it failed on; newest last
    Attempts(AttemptsArguments),
    /// Compare two entries of a task: what changed, and each row's speedup with an interval on the difference
    Diff {
        #[command(flatten)]
        of: LedgerOf,
        /// The earlier entry, by id or the start or end of it; the last but one if absent
        before: Option<String>,
        /// The later entry; the newest if absent
        after: Option<String>,
    },
    /// Check every hash of every ledger, compute the figures again from raw samples, print the heads to be pinned
    /// elsewhere, and compare the newest entries' contract and sources with the tree's
    Verify(VerifyArguments),
    /// Join two copies of a ledger that both took entries: every entry of either stays as it is
    ///
    /// As git's merge driver: `git config merge.kda-ledger.driver 'kda ledger merge %A %B --output %A'`; docs/ledger.md has
    /// the rest.
    Merge(MergeArguments),
    /// Print a flat record for each row of each entry, for spreadsheets and plots
    Export(ExportArguments),
}

/// Where a ledger lies.
#[derive(Args, Debug)]
pub(super) struct LedgerPlace {
    /// Folder below the ledgers: a GPU profile, or emulated
    #[arg(long, default_value = "h100")]
    pub(super) gpu: String,

    /// Ledgers below this folder; ledger/ by default
    #[arg(long, value_name = "DIR")]
    pub(super) ledger: Option<PathBuf>,
}

/// One ledger.
#[derive(Args, Debug)]
pub(super) struct LedgerOf {
    /// Task name
    pub(super) task: String,

    #[command(flatten)]
    pub(super) place: LedgerPlace,
}

#[derive(Args, Debug)]
pub(super) struct LedgerShowArguments {
    #[command(flatten)]
    pub(super) of: LedgerOf,

    /// This entry, by id or the start or end of it
    #[arg(long, value_name = "ID", conflicts_with = "history")]
    pub(super) entry: Option<String>,

    /// Every entry, a line each, and each row's speedup in the last ones under the same contract
    #[arg(long)]
    pub(super) history: bool,

    /// With --history, only the newest N entries
    #[arg(long, value_name = "N", requires = "history")]
    pub(super) last: Option<usize>,

    /// JSON lines on stdout instead of text (docs/json.md)
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct AttemptsArguments {
    #[command(flatten)]
    pub(super) of: LedgerOf,

    /// Only the newest N entries
    #[arg(long, value_name = "N")]
    pub(super) last: Option<usize>,

    /// JSON lines on stdout instead of text (docs/json.md)
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct VerifyArguments {
    /// Ledgers below this folder; ledger/ by default
    #[arg(long, value_name = "DIR")]
    pub(super) ledger: Option<PathBuf>,

    /// Exit with 9 too where a newest entry is not of the tree's contract and sources, or raw samples are missing
    #[arg(long)]
    pub(super) strict: bool,

    /// JSON lines on stdout instead of text (docs/json.md)
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct MergeArguments {
    /// A ledger
    pub(super) ours: PathBuf,

    /// Another copy of it
    pub(super) theirs: PathBuf,

    /// Where the result goes: one of the two, or a file that is not there; OURS if absent
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct ExportArguments {
    /// Only this task's ledgers
    pub(super) task: Option<String>,

    /// Only this folder below the ledgers: a GPU profile, or emulated
    #[arg(long)]
    pub(super) gpu: Option<String>,

    #[command(flatten)]
    pub(super) form: ExportForm,

    /// Ledgers below this folder; ledger/ by default
    #[arg(long, value_name = "DIR")]
    pub(super) ledger: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct ExportForm {
    /// JSON lines (docs/json.md)
    #[arg(long)]
    json: bool,

    /// CSV with a line of titles
    #[arg(long)]
    pub(super) csv: bool,
}

#[derive(Args, Debug)]
pub(super) struct ReplayArguments {
    /// The dump; `bench` and `check` name it where a row is lost
    pub(super) file: PathBuf,

    /// Under compute-sanitizer, on a GPU
    #[arg(long, value_enum, value_name = "TOOL")]
    sanitizer: Option<SanitizerChoice>,

    /// Emulated, with AddressSanitizer and UBSan in both sides
    #[arg(long, conflicts_with = "sanitizer")]
    sanitize: bool,

    /// Seconds that the call may take; 60 when absent, 600 under a tool
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(super) limit: Option<u64>,

    #[command(flatten)]
    pub(super) worker: WorkerLimits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SanitizerChoice {
    Memcheck,
    Racecheck,
    Initcheck,
    Synccheck,
}

impl ReplayArguments {
    pub(super) fn tool(&self) -> Tool {
        let tool = match self.sanitizer {
            None if self.sanitize => return Tool::HostSanitizers,
            None => return Tool::Nothing,
            Some(SanitizerChoice::Memcheck) => SanitizerTool::Memcheck,
            Some(SanitizerChoice::Racecheck) => SanitizerTool::Racecheck,
            Some(SanitizerChoice::Initcheck) => SanitizerTool::Initcheck,
            Some(SanitizerChoice::Synccheck) => SanitizerTool::Synccheck,
        };
        Tool::ComputeSanitizer(tool)
    }
}

#[derive(Args, Debug)]
pub(super) struct WorkerArguments {
    #[arg(long)]
    pub(super) socket: i32,
    #[arg(long)]
    pub(super) memory: i32,
}

pub(super) fn parse_gpu(text: &str) -> Result<GpuChoice, String> {
    match text {
        "auto" => Ok(GpuChoice::Auto),
        "emulated" => Ok(GpuChoice::Emulated),
        name => parse_profile(name).map(GpuChoice::Profile),
    }
}

fn parse_profile(name: &str) -> Result<&'static GpuProfile, String> {
    GpuProfile::named(name).ok_or_else(|| {
        let known: Vec<&str> = GPU_PROFILES.iter().map(|profile| profile.name).collect();
        format!(
            "no GPU profile has this name; known: auto, emulated, {}",
            known.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn gpus_are_named_by_profile() {
        assert_eq!(parse_gpu("emulated"), Ok(GpuChoice::Emulated));
        assert!(
            matches!(parse_gpu("B200"), Ok(GpuChoice::Profile(profile)) if profile.name == "b200")
        );
        assert!(parse_gpu("b2000").unwrap_err().contains("rtx5090"));
    }
}
