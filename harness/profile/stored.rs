//! Profiles as they lie beside a ledger, for views.

use std::fs;
use std::path::{Path, PathBuf};

use super::ProfileRecord;
use super::record::FORMAT;
use crate::ledger::{Entry, profiles_of};

/// Parts of a path from the folder of the ledgers on: ledgers, GPU, profiles, task, file.
const SHOWN_PARTS: usize = 5;

/// A profile's file.
#[derive(Clone, Debug)]
pub struct StoredProfile {
    pub path: PathBuf,
    /// The record, or why it cannot be read.
    pub record: Result<ProfileRecord, String>,
}

/// Those of the rows and the candidate of `entry`, which stands in `ledger`, in row order.
pub fn stored_profiles(ledger: &Path, entry: &Entry) -> Vec<StoredProfile> {
    let paths = profiles_of(ledger, entry);
    paths.into_iter().map(StoredProfile::at).collect()
}

impl StoredProfile {
    pub fn at(path: PathBuf) -> Self {
        let record = read(&path);
        Self { path, record }
    }

    /// The path from the folder of the ledgers on, which is the same on every machine.
    pub fn shown(&self) -> String {
        let parts: Vec<_> = self.path.components().collect();
        let last = &parts[parts.len().saturating_sub(SHOWN_PARTS)..];
        last.iter().collect::<PathBuf>().display().to_string()
    }
}

fn read(path: &Path) -> Result<ProfileRecord, String> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let of_toml = |error: toml::de::Error| error.message().to_owned();
    // Before the rest, which a later format may lay out in another way.
    let Format { format } = toml::from_str(&text).map_err(of_toml)?;
    if format > FORMAT {
        return Err(format!(
            "it has format {format}, and this version reads up to {FORMAT}"
        ));
    }
    toml::from_str(&text).map_err(of_toml)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample as ledger_sample;
    use crate::profile::sample;

    #[test]
    fn an_entrys_profiles_are_read_and_shown_from_the_ledgers_on() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ledger = folder.path().join("ledger/h100/demo_vector_axpy.toml");
        let record = sample::record();
        record.save(&ledger).expect("the folder is writable");
        let found = stored_profiles(&ledger, &ledger_sample::entry());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].record.as_ref(), Ok(&record));
        assert_eq!(
            found[0].shown(),
            "ledger/h100/profiles/demo_vector_axpy/qwen_s4096_c3072_bcast11-0123abcd.toml"
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut record = sample::record();
        record.format = FORMAT + 1;
        let path = record
            .save(&folder.path().join("demo.toml"))
            .expect("the folder is writable");
        let why = |path: &Path| {
            let stored = StoredProfile::at(path.to_owned());
            stored.record.expect_err("it cannot be read")
        };
        assert_eq!(
            why(&path),
            "it has format 2, and this version reads up to 1"
        );
        fs::write(&path, "format = 1\ntask = \"demo\"\n").expect("a file");
        assert_eq!(why(&path), "missing field `row`");
        fs::remove_file(&path).expect("it was there");
        assert!(why(&path).starts_with("No such file"), "{}", why(&path));
    }
}
