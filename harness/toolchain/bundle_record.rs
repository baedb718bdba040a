//! `bundle.toml`: what a bundle holds and where it came from.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::project::BUNDLE_FILE;

/// Raised with every change of the layout below.
pub(crate) const BUNDLE_FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleRecord {
    pub format: u32,
    /// UTC.
    pub created: String,
    pub harness_commit: String,
    pub harness_version: String,
    /// Targets whose objects are inside, `sm_90a` say.
    pub targets: Vec<String>,
    /// Compilers that made the objects, each once.
    pub compilers: Vec<String>,
    /// Content hash of each file by its path in the bundle.
    pub files: BTreeMap<String, String>,
}

impl BundleRecord {
    /// The record of the bundle unpacked in `root`.
    pub fn read(root: &Path) -> io::Result<BundleRecord> {
        let text = std::fs::read_to_string(root.join(BUNDLE_FILE))?;
        toml::from_str(&text).map_err(io::Error::other)
    }
}
