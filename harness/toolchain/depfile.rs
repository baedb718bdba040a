//! The dependency list that a compiler writes with `-MMD -MF`: a make rule.

use std::path::PathBuf;

/// Prerequisites of the rule, the source first, as the compiler spelled them.
pub(crate) fn parse(text: &str) -> Vec<PathBuf> {
    let Some((_, prerequisites)) = text.split_once(": ") else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    let mut word = String::new();
    let mut characters = prerequisites.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek()) {
            ('\\', Some('\n')) => {}
            ('\\', Some(&next @ (' ' | '#' | '\\'))) => {
                word.push(next);
                characters.next();
            }
            ('$', Some('$')) => {
                word.push('$');
                characters.next();
            }
            (c, _) if c.is_whitespace() => finish(&mut word, &mut paths),
            (c, _) => word.push(c),
        }
    }
    finish(&mut word, &mut paths);
    paths
}

fn finish(word: &mut String, paths: &mut Vec<PathBuf>) {
    if !word.is_empty() {
        paths.push(PathBuf::from(std::mem::take(word)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continued_lines_and_escaped_spaces_are_read() {
        let text =
            "/tmp/t/b.o : tasks/add/baseline.cu \\\n    kernels/include/kda/abi.h \\\n  a\\ b.h\n";
        let expected = [
            "tasks/add/baseline.cu",
            "kernels/include/kda/abi.h",
            "a b.h",
        ];
        assert_eq!(parse(text), expected.map(PathBuf::from));
    }

    #[test]
    fn a_text_without_a_rule_has_no_prerequisites() {
        assert!(parse("").is_empty());
    }
}
