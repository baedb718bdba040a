//! The command line of `kda report`.

use std::path::PathBuf;

use clap::Args;

/// What to report on, and for whom.
#[derive(Args, Debug)]
pub(in crate::cli) struct ReportArguments {
    /// Report on this task's newest entry; without it, on all tasks
    pub(in crate::cli) task: Option<String>,

    /// Folder below the ledgers: a GPU profile
    #[arg(long, default_value = "h100")]
    pub(in crate::cli) gpu: String,

    /// This entry instead of the newest: its id, or how that begins or ends
    #[arg(long, value_name = "ID", requires = "task")]
    pub(in crate::cli) entry: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) format: Format,

    /// Write the page to this file instead of stdout
    #[arg(long, value_name = "FILE", requires = "html")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Ledgers below this folder; ledger/ by default
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) ledger: Option<PathBuf>,
}

/// Text for a terminal, unless one of these is asked for.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(in crate::cli) struct Format {
    /// Markdown for a README or a pull request
    #[arg(long)]
    pub(in crate::cli) markdown: bool,

    /// One HTML file with charts, which needs no network
    #[arg(long)]
    pub(in crate::cli) html: bool,

    /// JSON lines (docs/json.md)
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
