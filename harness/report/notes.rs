//! What was expected of a run, beside what came of it, on a terminal's line.

use super::grid::WIDTH;
use crate::ledger::Entry;

/// `lead` and the note behind it, which loses its end where the line would be longer than a table.
pub(super) fn note_line(lead: &str, note: &str) -> String {
    let room = WIDTH.saturating_sub(lead.chars().count());
    let mut line = lead.to_owned();
    if note.chars().count() <= room {
        line.push_str(note);
    } else {
        line.extend(note.chars().take(room.saturating_sub(1)));
        line.push('\u{2026}');
    }
    line + "\n"
}

/// A line for each entry that has a note, below a table of them; nothing where none has.
pub(super) fn notes(entries: &[Entry]) -> String {
    let lines: String = entries
        .iter()
        .filter_map(|entry| Some((entry, entry.note.as_ref()?)))
        .map(|(entry, note)| note_line(&format!("  {}  ", entry.id), note))
        .collect();
    match lines.is_empty() {
        true => lines,
        false => format!("\nnotes:\n{lines}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[test]
    fn a_note_is_as_wide_as_a_table_at_most() {
        assert_eq!(note_line("  note: ", "wider"), "  note: wider\n");
        let long = "\u{e9}".repeat(WIDTH);
        let line = note_line("note: ", &long);
        assert_eq!(line.trim_end().chars().count(), WIDTH);
        assert!(line.ends_with("\u{e9}\u{2026}\n"), "{line}");
    }

    #[test]
    fn only_entries_with_a_note_have_a_line() {
        let without = sample::entry();
        let mut with = sample::entry();
        (with.id, with.note) = ("b".to_owned(), Some("one pass".to_owned()));
        assert_eq!(notes(&[without.clone(), with]), "\nnotes:\n  b  one pass\n");
        assert_eq!(notes(&[without]), "");
    }
}
