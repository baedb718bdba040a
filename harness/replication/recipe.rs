//! Whether a build is the one that an entry measured.

use super::ReplicationError;
use super::sources::hashes_in_words;
use crate::ledger::Entry;
use crate::toolchain::{TaskLibraries, argv_difference};

/// Checks that both sides and the oracle were made from the sources that the entry names.
///
/// # Errors
///
/// [`ReplicationError::OtherSources`].
pub fn same_build(entry: &Entry, built: &TaskLibraries) -> Result<(), ReplicationError> {
    let from = &entry.provenance;
    let differs: Vec<String> = [
        ("baseline", &from.baseline_source, &built.baseline),
        ("candidate", &from.candidate_source, &built.candidate),
        ("oracle", &from.oracle_source, &built.oracle),
    ]
    .into_iter()
    .filter(|(_, measured, unit)| **measured != unit.source_hash)
    .map(|(what, measured, unit)| hashes_in_words(what, measured, &unit.source_hash))
    .collect();
    if differs.is_empty() {
        return Ok(());
    }
    Err(ReplicationError::OtherSources {
        entry: entry.id.clone(),
        differs: differs.join("; "),
        searched: "the compiler read others than a search for includes finds".to_owned(),
        help: "use the compiler that the entry names: another one has other headers",
    })
}

/// Checks that sides were compiled and linked by the words that the entry records.
///
/// # Errors
///
/// [`ReplicationError::OtherFlags`] with the first word that differs in either.
pub fn same_flags(entry: &Entry, built: &TaskLibraries) -> Result<(), ReplicationError> {
    let (from, side) = (&entry.provenance, &built.candidate);
    let differs: Vec<String> = [
        ("compiled", &from.compile, &side.argv_compile),
        ("linked", &from.link, &side.argv_link),
    ]
    .into_iter()
    .filter_map(|(step, was, is)| {
        let (was, is) = argv_difference(was, is)?;
        Some(format!("{step} with `{was}` there and `{is}` here"))
    })
    .collect();
    if differs.is_empty() {
        return Ok(());
    }
    Err(ReplicationError::OtherFlags {
        entry: entry.id.clone(),
        differs: differs.join("; "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;
    use crate::toolchain::Built;

    fn built(entry: &Entry) -> TaskLibraries {
        let from = &entry.provenance;
        let unit = |source: &str| Built {
            argv_compile: from.compile.clone(),
            argv_link: from.link.clone(),
            source_hash: source.to_owned(),
            ..Built::default()
        };
        TaskLibraries {
            baseline: unit(&from.baseline_source),
            candidate: unit(&from.candidate_source),
            oracle: unit(&from.oracle_source),
        }
    }

    #[test]
    fn the_recorded_words_and_sources_pass() {
        let entry = sample::entry();
        let built = built(&entry);
        assert!(same_flags(&entry, &built).is_ok() && same_build(&entry, &built).is_ok());
    }

    #[test]
    fn the_first_other_word_of_either_step_is_named() {
        let entry = sample::entry();
        let mut built = built(&entry);
        built.candidate.argv_compile[1] = "-O2".to_owned();
        built.candidate.argv_link.push("-s".to_owned());
        let error = same_flags(&entry, &built).expect_err("the flags differ");
        assert_eq!(
            error.to_string(),
            "entry `20260102T030405Z-0123abcd` was built otherwise: compiled with `-O3` there and `-O2` here; \
             linked with `` there and `-s` here"
        );
    }

    #[test]
    fn a_source_that_the_compiler_read_otherwise_is_named() {
        let entry = sample::entry();
        let mut built = built(&entry);
        built.oracle.source_hash = "ff".repeat(32);
        let error = same_build(&entry, &built).expect_err("the oracle differs");
        assert!(
            error
                .to_string()
                .ends_with("oracle 0a0a0a0a, here ffffffff")
        );
    }
}
