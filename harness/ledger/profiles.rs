//! Where profiles lie: beside the ledger of their GPU, so that an entry's are found by name.

use std::path::{Path, PathBuf};

use super::Entry;

/// `profiles/<task>/<row>-<candidate source>.toml` beside the ledger, with 8 hex digits of the source's hash.
pub fn profile_path(ledger: &Path, task: &str, row: &str, candidate_source: &str) -> PathBuf {
    let source = candidate_source.get(..8).unwrap_or(candidate_source);
    let folder = ledger.with_file_name("profiles").join(task);
    folder.join(format!("{row}-{source}.toml"))
}

/// What an emulated entry names as its device.
pub(crate) const EMULATED: &str = "emulated";

/// Profiles of the rows and the candidate of `entry`, which stands in `ledger`, in row order. An emulated entry has none,
/// whatever lies there: a profile says what a GPU did.
pub fn profiles_of(ledger: &Path, entry: &Entry) -> Vec<PathBuf> {
    if entry.gpu == EMULATED {
        return Vec::new();
    }
    let source = &entry.provenance.candidate_source;
    let rows = entry.rows.iter();
    rows.map(|row| profile_path(ledger, &entry.task, &row.id, source))
        .filter(|path| path.is_file())
        .collect()
}
