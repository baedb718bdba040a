//! Words of strangers, fit for a terminal: a candidate names its buckets, and a ledger may come from anyone.

/// `text` without what moves a cursor, changes colours or turns the direction of writing. Line ends and tabs stay, and
/// so does every other character's place: what is replaced has the length of what replaces it.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match (moves(character), character.len_utf8()) {
            (false, _) => character,
            (true, 1) => '?',
            (true, 2) => '¿',
            (true, _) => char::REPLACEMENT_CHARACTER,
        })
        .collect()
}

/// Control characters, and the marks and overrides of bidirectional text (Unicode Standard Annex 9, section 2).
fn moves(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_and_every_place_stays() {
        let text = "a\u{1b}[2Jb\rc\u{9b}d\u{202e}e\n\tf";
        let shown = printable(text);
        assert_eq!(shown, "a?[2Jb?c¿d\u{fffd}e\n\tf");
        assert_eq!(shown.len(), text.len());
    }
}
