//! Assembler directives in the text that the host's compiler was given, which leave no trace of their own in an object.

/// Directives that read a file, or bring code and data where no symbol names them.
const REFUSED: [&str; 9] = [
    ".incbin",
    ".include",
    ".section",
    ".pushsection",
    ".popsection",
    ".bss",
    ".data",
    ".comm",
    ".lcomm",
];

/// Adds the refused directives of every assembler statement in `text`.
pub(super) fn find(text: &str, found: &mut Vec<String>) {
    let text = host_part(text);
    let mut rest = text.as_str();
    while let Some(at) = rest.find("asm") {
        let before = rest[..at].trim_end_matches('_');
        let is_word = !before.ends_with(|c: char| c.is_alphanumeric());
        rest = &rest[at + "asm".len()..];
        let Some(statement) = is_word.then(|| literals(rest)).flatten() else {
            continue;
        };
        for directive in REFUSED {
            let what = format!("`{directive}` in an assembler statement");
            if stands_in(&statement, directive) && !found.contains(&what) {
                found.push(what);
            }
        }
    }
}

/// Whether the directive stands there as a word: `cp.async.commit_group` holds no `.comm`.
fn stands_in(statement: &str, directive: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    statement.match_indices(directive).any(|(at, _)| {
        let after = &statement[at + directive.len()..];
        !is_word(statement[..at].chars().next_back()) && !is_word(after.chars().next())
    })
}

/// Without what the preprocessor drops: nvcc keeps the device's functions there.
fn host_part(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut dropped = 0usize;
    for line in text.lines() {
        let directive = line.trim_start();
        match dropped {
            0 if directive.starts_with("#if 0") => dropped = 1,
            0 => {
                kept.push_str(line);
                kept.push('\n');
            }
            _ if directive.starts_with("#if") => dropped += 1,
            _ if directive.starts_with("#endif") => dropped -= 1,
            _ => {}
        }
    }
    kept
}

/// The string literals of the statement that starts here, joined; `None` where none starts.
fn literals(text: &str) -> Option<String> {
    let (head, mut rest) = text.split_once('(')?;
    let is_head =
        |word: &str| ["", "__", "volatile", "__volatile__", "goto", "inline"].contains(&word);
    if !head.split_whitespace().all(is_head) {
        return None;
    }
    let mut joined = String::new();
    loop {
        rest = rest.trim_start();
        let Some(inner) = rest.strip_prefix('"') else {
            return Some(joined);
        };
        let end = end_of_literal(inner)?;
        joined.push_str(&unescaped(&inner[..end]));
        rest = &inner[end + 1..];
    }
}

/// With characters in the place of their numbers, octal and hexadecimal: `\56incbin` is a directive too.
fn unescaped(literal: &str) -> String {
    let mut parts = literal.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, radix) = match part.strip_prefix('x') {
            Some(digits) => (digits, 16),
            None => (part, 8),
        };
        let end = digits
            .find(|c: char| !c.is_digit(radix))
            .unwrap_or(digits.len());
        let end = if radix == 8 { end.min(3) } else { end };
        match u32::from_str_radix(&digits[..end], radix)
            .ok()
            .and_then(char::from_u32)
        {
            Some(character) => {
                text.push(character);
                text.push_str(&digits[end..]);
            }
            None => text.push_str(part),
        }
    }
    text
}

fn end_of_literal(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        find(text, &mut found);
        found
    }

    #[test]
    fn a_directive_is_found_in_joined_literals() {
        let expected = ["`.incbin` in an assembler statement"];
        assert_eq!(found("__asm__(\".incbin \\\"a\\\"\");"), expected);
        assert_eq!(found(r#"asm("\56incbin \x61");"#), expected);
        assert_eq!(
            found("asm volatile(\".inc\" \"bin \\\"a\\\"\" :::);"),
            expected
        );
    }

    #[test]
    fn a_directive_is_a_word_of_its_own() {
        assert!(found(r#"asm volatile("cp.async.commit_group;" ::: "memory");"#).is_empty());
        assert_eq!(found(r#"asm(".comm state, 8");"#).len(), 1);
        assert_eq!(found(r#"asm("x:.comm state, 8");"#).len(), 1);
    }

    #[test]
    fn other_assembly_and_the_devices_functions_are_left_alone() {
        assert_eq!(
            found("int f() __asm__(\"g\"); // no .incbin"),
            Vec::<String>::new()
        );
        assert_eq!(
            found("#if 0\nasm(\".section x\");\n#if 1\n#endif\n#endif\nint x;"),
            Vec::<String>::new()
        );
        assert_eq!(found("plasma(\".incbin\")"), Vec::<String>::new());
    }
}
