//! Constructs that only a GPU runs, recognised in what the host's compiler says about them.

use std::fs;
use std::path::Path;

use super::target::{Target, Unit};

/// The construct that the emulated build of `unit` stumbled over; `None` for any other error, and any other target.
pub(crate) fn construct(unit: &Unit, root: &Path, message: &str) -> Option<&'static str> {
    let Unit::Side {
        target: Target::Emulated | Target::Sanitized,
        ..
    } = unit
    else {
        return None;
    };
    if message.contains("Assembler messages") || message.contains("in 'asm'") {
        return Some("inline PTX");
    }
    message
        .lines()
        .filter_map(|line| error_line(root, line))
        .find_map(|code| {
            if code.contains("<<<") {
                Some("a <<<>>> launch")
            } else if code.contains("asm") {
                Some("inline PTX")
            } else {
                None
            }
        })
}

/// The line of source that `path:line:column: error: ...` points at.
fn error_line(root: &Path, message: &str) -> Option<String> {
    let (place, _) = message.split_once(": error:")?;
    let mut parts = place.split(':');
    let path = parts.next()?;
    let line: usize = parts.next()?.parse().ok()?;
    let text = fs::read_to_string(root.join(path)).ok()?;
    text.lines().nth(line.checked_sub(1)?).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::target::Side;
    use super::*;

    #[test]
    fn the_line_of_an_error_tells_a_launch_from_a_slip() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let source = "slip;\nk<<<1, 2>>>();\n";
        fs::write(folder.path().join("a.cu"), source).expect("a file");
        let unit = Unit::Side {
            side: Side::Candidate,
            target: Target::Emulated,
        };
        let of = |unit, message| construct(unit, folder.path(), message);
        assert_eq!(
            of(&unit, "a.cu:2:2: error: expected"),
            Some("a <<<>>> launch")
        );
        assert_eq!(of(&unit, "a.cu:1:1: error: unknown"), None);
        assert_eq!(of(&Unit::Oracle, "a.cu:2:2: error: expected"), None);
    }
}
