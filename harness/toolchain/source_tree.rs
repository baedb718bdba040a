//! Hashes of sources as they lie in the tree, without compiling them.

use std::io;
use std::path::PathBuf;

use super::hash::{Dependency, dependencies_hash};
use super::includes::{EMULATED_DIR, EmulatedDevice, INCLUDE_DIRS, in_order};
use super::project::Project;
use super::target::{Target, Unit};

/// The `source_hash` that a build of this unit would record now: over the source and what it includes, in the order in
/// which a compiler opens them.
///
/// Conditions are not evaluated, so a header that stands in a branch that the target does not take makes another hash.
///
/// # Errors
///
/// A file that cannot be read.
pub fn tree_source_hash(project: &Project, task: &str, unit: &Unit) -> io::Result<String> {
    let [kernels, _] = INCLUDE_DIRS;
    let with_emulated = [EMULATED_DIR, INCLUDE_DIRS[0], INCLUDE_DIRS[1]];
    let (folders, emulated) = match unit {
        Unit::Oracle => (&[kernels][..], EmulatedDevice::LeftOut),
        Unit::Side { target, .. } | Unit::Support { target } => match target {
            Target::Emulated | Target::Sanitized => (&with_emulated[..], EmulatedDevice::Included),
            Target::Cuda { .. } => (&INCLUDE_DIRS[..], EmulatedDevice::LeftOut),
        },
    };
    let root = project.root();
    let mut dependencies: Vec<Dependency> = Vec::new();
    for path in in_order(root, &project.source(task, unit), folders, emulated)? {
        // As a build records it: a link is followed.
        let whole: PathBuf = root.join(&path).canonicalize()?;
        let shown = whole.strip_prefix(root).unwrap_or(&whole);
        let dependency = Dependency::read(root, shown)?;
        if !dependencies.contains(&dependency) {
            dependencies.push(dependency);
        }
    }
    Ok(dependencies_hash(&dependencies))
}
