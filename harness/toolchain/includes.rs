//! The files a source includes, found by reading it: no compiler needed, and the same for every target.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Where `#include` looks besides the including file's folder.
pub(super) const INCLUDE_DIRS: [&str; 2] = ["kernels/include", "baselines"];

/// The implementation of CUDA on the host: part of the harness, not of what a task freezes.
pub(super) const EMULATED_DIR: &str = "kernels/include/kda/emulated";

/// `source` and every file of the project that it includes, directly or not, relative to `root` and sorted.
///
/// Conditions are not evaluated: an include that any target sees counts. Headers outside the project and the emulated
/// device are left out. An error is a file that cannot be read.
pub fn included_files(root: &Path, source: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let files = in_order(root, source, &INCLUDE_DIRS, EmulatedDevice::LeftOut)?;
    Ok(files.into_iter().collect())
}

/// Whether the headers of the emulated device are sources too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EmulatedDevice {
    Included,
    LeftOut,
}

/// `source` and what it includes, each file once, as a compiler opens them that looks in `folders`.
pub(super) fn in_order(
    root: &Path,
    source: &Path,
    folders: &[&str],
    emulated: EmulatedDevice,
) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![source.to_owned()];
    while let Some(path) = open.pop() {
        let left_out = emulated == EmulatedDevice::LeftOut && path.starts_with(EMULATED_DIR);
        if left_out || found.contains(&path) {
            continue;
        }
        let text = std::fs::read_to_string(root.join(&path))?;
        let included = text.lines().filter_map(included_name).filter_map(|name| {
            let beside = path.parent().unwrap_or(Path::new("")).join(name);
            let below = folders.iter().map(|dir| Path::new(dir).join(name));
            let mut places = [beside].into_iter().chain(below);
            places.find_map(|place| {
                let place = normalized(&place);
                root.join(&place).is_file().then_some(place)
            })
        });
        // The first of them is opened next, and all that it includes before the second.
        let included: Vec<PathBuf> = included.collect();
        open.extend(included.into_iter().rev());
        found.push(path);
    }
    Ok(found)
}

/// The name in `#include "name"` or `#include <name>`.
fn included_name(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix('#')?.trim_start();
    let rest = rest.strip_prefix("include")?.trim_start();
    let close = match rest.chars().next()? {
        '"' => '"',
        '<' => '>',
        _ => return None,
    };
    rest[1..].split(close).next()
}

/// Without `.` and `..`.
fn normalized(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_and_angled_includes_are_read() {
        assert_eq!(included_name("#include \"kda/abi.h\""), Some("kda/abi.h"));
        assert_eq!(
            included_name("  # include <kda/vec.cuh>  // why"),
            Some("kda/vec.cuh")
        );
        assert_eq!(included_name("// #include \"no.h\""), None);
        assert_eq!(included_name("#define include"), None);
    }

    #[test]
    fn parent_folders_are_resolved() {
        assert_eq!(normalized(Path::new("a/../b/./c.h")), Path::new("b/c.h"));
    }
}
