//! Where the project lies and where its objects are built.

use std::path::{Path, PathBuf};

use super::target::{Side, Unit};

/// A folder with `tasks/` and `kernels/`: a checkout, or an unpacked bundle.
#[derive(Clone, Debug)]
pub struct Project {
    root: PathBuf,
    build_dir: PathBuf,
    origin: Origin,
    /// Where the tasks' folders lie, below the root.
    tasks: &'static str,
    /// Below the root; stands for every task's own candidate.
    candidate: Option<PathBuf>,
    /// Root of the harness's own device code, where the tasks are of another checkout.
    harness: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Checkout,
    /// Unpacked from `kda bundle`: its packed objects stand for the compilers of the machine that built them.
    Bundle,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "found no project from {} upwards, nor beside the executable: run kda inside a checkout or an unpacked bundle \
     (a folder with tasks/ and kernels/include/kda/abi.h)",
    cwd.display()
)]
pub struct NoProject {
    pub cwd: PathBuf,
}

/// Where a project's own tasks lie.
pub(crate) const TASKS: &str = "tasks";

/// Where the tasks of the corpus of cheats lie.
pub(crate) const CORPUS_TASKS: &str = "tests/cheats/tasks";

/// Present in a bundle only.
pub(crate) const BUNDLE_FILE: &str = "bundle.toml";

impl Project {
    /// The project around the working directory, else around the executable, else the checkout that built it.
    pub fn discover() -> Result<Project, NoProject> {
        let cwd = std::env::current_dir().unwrap_or_default();
        let beside_executable = std::env::current_exe()
            .ok()
            .and_then(|path| Some(path.parent()?.to_owned()));
        cwd.ancestors()
            .map(Path::to_owned)
            .chain(beside_executable)
            .chain([PathBuf::from(env!("CARGO_MANIFEST_DIR"))])
            .find(|folder| is_root(folder))
            .map(|root| Project::at(&root))
            .ok_or(NoProject { cwd })
    }

    /// The project in this folder.
    pub fn at(root: &Path) -> Project {
        if root.join(BUNDLE_FILE).is_file() {
            Project::new(root, &root.join("build"), Origin::Bundle)
        } else {
            // Objects are found by content, so checkouts may share the folder.
            let build = Path::new(env!("KDA_TARGET_DIR")).join("kda/build");
            Project::new(root, &build, Origin::Checkout)
        }
    }

    /// `root` and the folder that keeps its objects, both of them anywhere.
    pub fn new(root: &Path, build_dir: &Path, origin: Origin) -> Project {
        Project {
            root: root.canonicalize().unwrap_or_else(|_| root.to_owned()),
            build_dir: build_dir.to_owned(),
            origin,
            tasks: TASKS,
            candidate: None,
            harness: None,
        }
    }

    /// The same project with the tasks of the corpus of cheats, and this candidate in every one of them.
    pub fn with_corpus_candidate(&self, candidate: &Path) -> Project {
        Project {
            tasks: CORPUS_TASKS,
            candidate: Some(candidate.to_owned()),
            ..self.clone()
        }
    }

    /// The same project with the tasks, kernels and baselines of another checkout; the harness stays this one.
    pub fn with_sources_in(&self, root: &Path) -> Project {
        Project {
            root: root.canonicalize().unwrap_or_else(|_| root.to_owned()),
            harness: Some(self.harness_root().to_owned()),
            ..self.clone()
        }
    }

    /// The project as the harness's own device code is built from it.
    pub(super) fn of_harness(&self) -> Project {
        Project {
            root: self.harness_root().to_owned(),
            harness: None,
            ..self.clone()
        }
    }

    /// Where the harness lies.
    pub(super) fn harness_root(&self) -> &Path {
        self.harness.as_deref().unwrap_or(&self.root)
    }

    /// Where a unit's source lies below the root.
    pub(crate) fn source(&self, task: &str, unit: &Unit) -> PathBuf {
        match (&self.candidate, unit) {
            (
                Some(candidate),
                Unit::Side {
                    side: Side::Candidate,
                    ..
                },
            ) => candidate.clone(),
            _ => unit.source(Path::new(self.tasks), task),
        }
    }

    /// What the unit's objects are kept under: a candidate that stands for a task's own is kept apart from it.
    pub(crate) fn build_name(&self, task: &str, unit: &Unit) -> String {
        let stands_in = matches!(
            unit,
            Unit::Side {
                side: Side::Candidate,
                ..
            }
        );
        match self.candidate.as_deref().and_then(Path::file_stem) {
            Some(stem) if stands_in => format!("{task}+{}", stem.to_string_lossy()),
            _ => task.to_owned(),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn build_dir(&self) -> &Path {
        &self.build_dir
    }

    /// For what a run leaves besides objects: emulated ledgers, unsaved entries, crash dumps.
    pub fn scratch_dir(&self) -> PathBuf {
        self.build_dir.parent().map_or_else(
            || self.root.clone(),
            |parent| match self.origin {
                Origin::Checkout => parent.to_owned(),
                Origin::Bundle => self.root.join("kda-runs"),
            },
        )
    }

    pub fn origin(&self) -> Origin {
        self.origin
    }

    pub fn tasks_dir(&self) -> PathBuf {
        self.root.join(self.tasks)
    }

    /// Names of the folders under `tasks/`, sorted.
    pub fn task_names(&self) -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.tasks_dir())? {
            let entry = entry?;
            if entry.path().is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }
}

fn is_root(folder: &Path) -> bool {
    folder.join("tasks").is_dir() && folder.join("kernels/include/kda/abi.h").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_bundle_file_keeps_its_objects_beside_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(Project::at(folder.path()).origin(), Origin::Checkout);
        std::fs::write(folder.path().join(BUNDLE_FILE), "").expect("a bundle file");
        let bundle = Project::at(folder.path());
        assert_eq!(bundle.origin(), Origin::Bundle);
        assert_eq!(bundle.build_dir(), folder.path().join("build"));
    }

    #[test]
    fn sources_of_another_checkout_leave_the_harness_where_it_is() {
        let (here, there) = (Path::new("/here"), Path::new("/there"));
        let project = Project::new(here, &here.join("build"), Origin::Checkout);
        let mixed = project.with_sources_in(there);
        assert_eq!((mixed.root(), mixed.harness_root()), (there, here));
        assert_eq!(mixed.of_harness().root(), here);
        assert_eq!(mixed.build_dir(), project.build_dir());
    }

    #[test]
    fn tasks_alone_do_not_make_a_root() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("tasks")).expect("a folder");
        assert!(!is_root(folder.path()));
    }
}
