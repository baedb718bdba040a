//! What can be wrong with a capture, and with an epoch that is to be opened.

use std::io;
use std::path::PathBuf;

/// Why no calls could be read.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CaptureError {
    #[error("reading the capture {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}: {}", path.display(), faults.join("\n"))]
    #[diagnostic(help(
        "a line is {{\"name\": \"op\", \"shapes\": {{\"x\": [2, 3]}}, \"dtypes\": \"bf16\"}}; correct or remove what is \
         named above, docs/rows.md has every key"
    ))]
    Lines { path: PathBuf, faults: Vec<String> },
    #[error("{} is no Chrome trace", path.display())]
    #[diagnostic(help(
        "write it with torch.profiler's export_chrome_trace, and let that finish; --format jsonl reads JSON lines"
    ))]
    Trace {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("no event of {} says which shapes it was called with", path.display())]
    #[diagnostic(help("capture with torch.profiler.profile(record_shapes=True)"))]
    NoShapes { path: PathBuf },
    #[error("{} holds no call", path.display())]
    #[diagnostic(help("a capture has a JSON object a line, or is a Chrome trace; docs/rows.md"))]
    Empty { path: PathBuf },
}

/// Why the rows could not be merged.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum EpochError {
    #[error("the rows of the task are not TOML")]
    Malformed(#[from] toml_edit::TomlError),
    #[error("`row` of rows.toml is no list of [[row]] tables")]
    #[diagnostic(help("write each row as a [[row]] table, as docs/contract.md has them"))]
    NoTables,
}
