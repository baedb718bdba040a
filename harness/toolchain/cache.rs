//! The folder of built libraries. A unit's folder holds one record per content it was built from.
//!
//! `<build>/<task>/<unit>/<key>.toml` names a library `<object hash>.so` beside it. Both are written elsewhere and
//! renamed, the library first, so a reader finds whole files or none. Nothing in them depends on where the project
//! lies: a bundle takes them along.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::built::{Built, FORMAT};
use super::hash::file_hash;
use super::project::Project;
use super::target::Unit;

/// Records kept for one unit. An optimiser edits a candidate hundreds of times; a CUDA library has about 1 MB.
const RECORDS_PER_UNIT: usize = 16;

/// What a library has to agree with to be taken without compiling.
pub(crate) struct Wanted<'a> {
    pub argv_compile: &'a [String],
    pub argv_link: &'a [String],
    /// `None` when any will do: in a bundle.
    pub compiler: Option<&'a str>,
}

/// A folder of records.
pub(crate) struct UnitCache {
    folder: PathBuf,
}

impl UnitCache {
    pub(crate) fn new(project: &Project, task: &str, unit: &Unit) -> UnitCache {
        UnitCache {
            folder: project.build_dir().join(task).join(unit.to_string()),
        }
    }

    /// A library made by this recipe from what the sources hold now.
    pub(crate) fn find(&self, root: &Path, wanted: &Wanted<'_>) -> Option<Built> {
        self.records(wanted).into_iter().find(|built| {
            built.dependencies.iter().all(|d| d.is_unchanged(root))
                && file_hash(&built.library).is_ok_and(|hash| hash == built.object_hash)
        })
    }

    /// The newest record made by this recipe, whatever the sources hold now.
    pub(crate) fn newest(&self, wanted: &Wanted<'_>) -> Option<Built> {
        self.records(wanted).into_iter().next()
    }

    /// Moves a finished library in and writes its record; returns it with the library's place.
    pub(crate) fn store(&self, library: &Path, mut built: Built) -> io::Result<Built> {
        let name = format!("{}.so", &built.object_hash[..16]);
        let place = self.folder.join(&name);
        fs::create_dir_all(&self.folder)?;
        fs::rename(library, &place)?;
        built.library = PathBuf::from(name);
        let text = toml::to_string(&built).map_err(io::Error::other)?;
        let mut record = new_file_in(&self.folder)?;
        io::Write::write_all(&mut record, text.as_bytes())?;
        let key = built.key();
        record.persist(self.folder.join(&key).with_extension("toml"))?;
        built.library = place;
        self.prune(&key)?;
        Ok(built)
    }

    /// An empty folder on the same file system, to build in.
    pub(crate) fn staging(&self) -> io::Result<tempfile::TempDir> {
        fs::create_dir_all(&self.folder)?;
        tempfile::Builder::new()
            .prefix(".building-")
            .tempdir_in(&self.folder)
    }

    /// Readable records made by this recipe, newest first, with their libraries' places.
    fn records(&self, wanted: &Wanted<'_>) -> Vec<Built> {
        let paths = self.record_paths().unwrap_or_default();
        paths
            .iter()
            .filter_map(|path| self.read(path))
            .filter(|built| {
                built.argv_compile == wanted.argv_compile
                    && built.argv_link == wanted.argv_link
                    && wanted
                        .compiler
                        .is_none_or(|wanted| built.compiler == wanted)
            })
            .collect()
    }

    fn read(&self, path: &Path) -> Option<Built> {
        let mut built: Built = toml::from_str(&fs::read_to_string(path).ok()?).ok()?;
        built.library = self.folder.join(&built.library);
        (built.format == FORMAT).then_some(built)
    }

    fn record_paths(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|e| e == "toml") {
                found.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        found.sort_by(|a, b| b.cmp(a));
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    /// Drops the oldest records with their libraries. A library in use stays readable once unlinked.
    fn prune(&self, kept: &str) -> io::Result<()> {
        let paths = self.record_paths()?;
        let (recent, old) = paths.split_at(paths.len().min(RECORDS_PER_UNIT));
        // An edit that changes no code gives two records one library.
        let in_use: Vec<_> = recent
            .iter()
            .filter_map(|path| Some(self.read(path)?.library))
            .collect();
        for path in old {
            if path.file_stem().is_some_and(|stem| stem == kept) {
                continue;
            }
            let library = self.read(path).map(|built| built.library);
            remove_if_there(path)?;
            if let Some(library) = library.filter(|library| !in_use.contains(library)) {
                remove_if_there(&library)?;
            }
        }
        Ok(())
    }
}

/// To be renamed into place; readable by others, which a temporary file is not by default.
pub(super) fn new_file_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)
}

/// Another process may have pruned it first.
fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
