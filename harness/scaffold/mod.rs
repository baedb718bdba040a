//! A new task's folder: a whole task that builds, checks and benches, to begin from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Stands for the task's name in the template.
const NAME: &str = "@TASK@";

/// Stands for the first line of a side: what the file is.
const ROLE: &str = "@ROLE@";

const SIDE: &str = include_str!("template/side.cu");

/// Files with their texts, and the role of a side.
const TEMPLATE: [(&str, &str, &str); 6] = [
    ("task.toml", include_str!("template/task.toml"), ""),
    ("rows.toml", include_str!("template/rows.toml"), ""),
    ("oracle.cpp", include_str!("template/oracle.cpp"), ""),
    (
        "baseline.cu",
        SIDE,
        "baseline.cu: the kernel to be replaced; port the upstream here, and say in baselines/ where it comes from.",
    ),
    (
        "candidate.cu",
        SIDE,
        "candidate.cu: begins as the baseline; make it faster.",
    ),
    ("README.md", include_str!("template/README.md"), ""),
];

#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    #[error(
        "`{name}` cannot name a task: use lower-case letters, digits and underscores, a letter first"
    )]
    BadName { name: String },
    #[error("{} exists already; choose another name, or edit that task", path.display())]
    Exists { path: PathBuf },
    #[error("writing {}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Writes `tasks/<name>/` below `root` and returns it. An existing folder is left as it is.
pub fn scaffold(root: &Path, name: &str) -> Result<PathBuf, ScaffoldError> {
    let named = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !named {
        return Err(ScaffoldError::BadName {
            name: name.to_owned(),
        });
    }
    let folder = root.join("tasks").join(name);
    fs::create_dir(&folder).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => ScaffoldError::Exists {
            path: folder.clone(),
        },
        _ => ScaffoldError::Io {
            path: folder.clone(),
            source,
        },
    })?;
    for (file, text, role) in TEMPLATE {
        let path = folder.join(file);
        fs::write(&path, text.replace(NAME, name).replace(ROLE, role))
            .map_err(|source| ScaffoldError::Io { path, source })?;
    }
    Ok(folder)
}
