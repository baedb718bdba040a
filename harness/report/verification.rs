//! What a check of a ledger found.

use super::numbers::count;
use super::{Color, Tone};
use crate::ledger::Verification;

/// One line for the file and one for its head. The place of a fault is shown by the fault's own diagnostic.
pub fn verification(found: &Verification, color: Color) -> String {
    let entries = found.entries;
    let word = match &found.fault {
        None => color.paint(Tone::Good, "intact"),
        Some(_) => color.paint(Tone::Bad, "corrupt"),
    };
    let mut text = format!("{word}: {}, ", found.path.display());
    match &found.fault {
        None => text.push_str(&count(entries, "entry", "entries")),
        Some(corrupt) => text.push_str(&format!("{} ({entries} good before it)", corrupt.fault)),
    }
    text.push('\n');
    if let Some(head) = found.head() {
        text.push_str(&format!("head {head}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::ledger::{Ledger, sample};

    #[test]
    fn an_intact_ledger_names_its_head_and_a_corrupt_one_its_fault() {
        let folder = tempfile::tempdir().expect("a temporary folder should be writable");
        let ledger = Ledger::at(folder.path().join("t.toml"));
        let first = ledger
            .append(&sample::entry())
            .expect("a new ledger should take an entry");
        ledger
            .append(&sample::entry())
            .expect("a good ledger should take an entry");
        let shown = |ledger: &Ledger| {
            let found = ledger.verify().expect("the file can be read");
            verification(&found, Color::No).replace(&folder.path().display().to_string(), "ledger")
        };
        let intact = shown(&ledger);
        assert!(
            intact.starts_with("intact: ledger/t.toml, 2 entries\nhead "),
            "{intact}"
        );

        let text = fs::read_to_string(ledger.path()).expect("the ledger can be read");
        let last = text
            .rfind("promote")
            .expect("the newest entry was promoted");
        fs::write(
            ledger.path(),
            format!("{}P{}", &text[..last], &text[last + 1..]),
        )
        .expect("the ledger can be written");
        assert_eq!(
            shown(&ledger),
            format!(
                "corrupt: ledger/t.toml, entry 2: its text was changed after it was written (1 good before it)\n\
                 head {}\n",
                first.hash
            )
        );
    }
}
