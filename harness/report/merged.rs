//! What a merge of two ledgers came to.

use std::path::Path;

use super::numbers::count;
use crate::ledger::Merged;

/// One sentence, and where the result is.
pub fn merged_in_words(merged: Merged, ours: &Path, theirs: &Path, output: &Path) -> String {
    let (our_name, their_name) = (ours.display(), theirs.display());
    let alone = |number| count(number, "entry", "entries");
    let what = match merged {
        Merged::Identical => format!("{our_name} and {their_name} are the same ledger"),
        Merged::AlreadyHeld { ours } => format!(
            "nothing to merge: {our_name} holds all of {their_name}, and {} more",
            alone(ours)
        ),
        Merged::FastForward { theirs } => format!(
            "fast-forward: {their_name} holds all of {our_name}, and {} more",
            alone(theirs)
        ),
        Merged::Joined { ours, theirs } => format!(
            "merged: {} of {our_name} alone and {} of {their_name} alone, by time",
            alone(ours),
            alone(theirs)
        ),
    };
    format!("{what}; the result is {}\n", output.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_words() {
        let words = |merged| {
            let [ours, theirs] = ["ours.toml", "theirs.toml"].map(Path::new);
            merged_in_words(merged, ours, theirs, ours)
        };
        assert_eq!(
            words(Merged::Joined { ours: 2, theirs: 1 }),
            "merged: 2 entries of ours.toml alone and 1 entry of theirs.toml alone, by time; the result is ours.toml\n"
        );
        assert_eq!(
            words(Merged::FastForward { theirs: 1 }),
            "fast-forward: theirs.toml holds all of ours.toml, and 1 entry more; the result is ours.toml\n"
        );
        assert_eq!(
            words(Merged::AlreadyHeld { ours: 3 }),
            "nothing to merge: ours.toml holds all of theirs.toml, and 3 entries more; the result is ours.toml\n"
        );
        assert!(
            words(Merged::Identical).starts_with("ours.toml and theirs.toml are the same ledger")
        );
    }
}
