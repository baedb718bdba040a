//! Where a source names what its object holds.

use std::path::Path;

use crate::toolchain::{Built, identifiers};

/// The emulated device is the harness's own, and uses what no side may.
const EMULATED_DIR: &str = "kernels/include/kda/emulated";

/// `symbol`, with the first line of the side's sources that has its identifier: "`cudaMalloc` (tasks/t/candidate.cu:12)".
pub(super) fn with_place(root: &Path, built: &Built, symbol: &str) -> String {
    match place(root, built, symbol) {
        Some(place) => format!("`{symbol}` ({place})"),
        None => format!(
            "`{symbol}` (no line of the sources has the name: a macro or the C++ library brings it)"
        ),
    }
}

/// `tasks/t/candidate.cu:12`.
pub(super) fn place(root: &Path, built: &Built, symbol: &str) -> Option<String> {
    let words = words(symbol);
    words.iter().find_map(|word| {
        let sources = built.dependencies.iter();
        sources
            .filter(|source| !source.path.starts_with(EMULATED_DIR))
            .find_map(|source| {
                let text = std::fs::read_to_string(root.join(&source.path)).ok()?;
                let line = text.lines().position(|line| mentions(line, word))?;
                Some(format!("{}:{}", source.path.display(), line + 1))
            })
    })
}

/// What a source may call the symbol, the likeliest first.
fn words(symbol: &str) -> Vec<&str> {
    // Names that the C library's headers put in the place of what a source writes.
    let plain = match symbol {
        "_Znwm" | "_Znam" | "_ZnwmSt11align_val_t" => {
            return vec!["new", "make_unique", "vector", "string"];
        }
        "_ZdlPv" | "_ZdlPvm" | "_ZdaPv" => {
            return vec!["delete", "make_unique", "vector", "string"];
        }
        "__errno_location" => return vec!["errno"],
        "__cxa_atexit" | "__dso_handle" => return vec!["static"],
        "__cxa_throw" | "__cxa_allocate_exception" => return vec!["throw"],
        symbol => symbol
            .strip_prefix("__isoc23_")
            .or_else(|| symbol.strip_prefix("__isoc99_"))
            .unwrap_or(symbol),
    };
    let mut words = identifiers(plain);
    words.reverse();
    // `open64` for `open`, `cudaGetDeviceProperties_v2` for the call without a number.
    for end in ["64", "_v2", "_v3", "_ptsz", "_chk"] {
        words.extend(
            plain
                .strip_suffix(end)
                .map(|word| word.trim_start_matches('_')),
        );
    }
    words
}

/// Whether the word stands on the line, not as a part of another and not behind `//`.
fn mentions(line: &str, word: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(is_part) && !code[at + word.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_whole_and_outside_comments() {
        assert!(mentions("  if (cudaMalloc(&p, 4)) {", "cudaMalloc"));
        assert!(!mentions("cudaMallocAsync(&p, 4, s);", "cudaMalloc"));
        assert!(!mentions("x(); // cudaMalloc", "cudaMalloc"));
    }

    #[test]
    fn a_symbol_is_traced_to_what_a_source_writes() {
        assert_eq!(words("open64"), ["open64", "open"]);
        assert_eq!(words("__isoc23_strtol"), ["strtol"]);
        assert_eq!(words("_Znwm")[0], "new");
        assert_eq!(words("_ZNSt6thread4joinEv"), ["join", "thread"]);
    }
}
