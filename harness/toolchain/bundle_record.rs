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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::Table;

    use super::*;
    use crate::metered::peak_of;
    use crate::mutation::{mutated, mutations, spliced, splices};

    fn record() -> BundleRecord {
        BundleRecord {
            format: BUNDLE_FORMAT,
            created: "2026-01-02T03:04:05Z".to_owned(),
            harness_commit: "18fa365".to_owned(),
            harness_version: "0.1.0".to_owned(),
            targets: vec!["sm_90a".to_owned()],
            compilers: vec!["nvcc 13.0.88".to_owned()],
            files: BTreeMap::from([("tasks/t/task.toml".to_owned(), "c0".repeat(32))]),
        }
    }

    fn written(record: &BundleRecord) -> String {
        toml::to_string(record).expect("a record should be written as TOML")
    }

    /// What is read of a bundle with this record, within the memory that its length justifies.
    fn read(text: &str) -> io::Result<BundleRecord> {
        let folder = tempfile::tempdir().expect("a temporary folder should be writable");
        std::fs::write(folder.path().join(BUNDLE_FILE), text).expect("the record can be written");
        let (record, peak) = peak_of(|| BundleRecord::read(folder.path()));
        assert!(
            peak <= (1 << 16) + 1000 * text.len(),
            "{peak} bytes for {}",
            text.len()
        );
        record
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_record_survives_write_and_read(
            words in prop::collection::vec(any::<String>(), 4),
            files in prop::collection::btree_map(any::<String>(), any::<String>(), 0..8),
        ) {
            let record = BundleRecord {
                created: words[0].clone(),
                harness_commit: words[1].clone(),
                targets: words,
                files,
                ..record()
            };
            prop_assert_eq!(read(&written(&record)).expect("the record should be read"), record);
        }

        #[test]
        fn a_damaged_record_is_read_or_refused(mutations in mutations(), splices in splices()) {
            let document: Table = written(&record()).parse().expect("a record is TOML");
            // Either may do; neither may panic.
            let _ = read(&mutated(&document, &mutations));
            let _ = read(&spliced(&written(&record()), &splices));
        }
    }
}
