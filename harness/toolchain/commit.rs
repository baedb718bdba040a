//! Which commit of the harness this is.

use std::path::Path;
use std::process::Command;

use super::bundle_record::BundleRecord;
use super::project::{Origin, Project};

impl Project {
    /// The checkout's commit, with `-dirty` when files other than ledgers differ from it; a bundle's, as it was packed;
    /// `unknown` when neither can be told.
    pub fn harness_commit(&self) -> String {
        let commit = match self.origin() {
            Origin::Checkout => checked_out(self.harness_root()),
            Origin::Bundle => BundleRecord::read(self.harness_root())
                .ok()
                .map(|b| b.harness_commit),
        };
        commit.unwrap_or_else(|| "unknown".to_owned())
    }
}

fn checked_out(root: &Path) -> Option<String> {
    let commit = git(root, &["rev-parse", "HEAD"])?;
    // A run appends to a ledger; that makes the harness no other.
    let changes = git(root, &["status", "--porcelain", "--", ".", ":!ledger"])?;
    let dirty = if changes.is_empty() { "" } else { "-dirty" };
    Some(format!("{commit}{dirty}"))
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}
