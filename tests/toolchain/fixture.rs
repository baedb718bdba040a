//! A small project in a temporary folder: the fixture's tasks and the real headers and device code.

use std::fs;
use std::path::{Path, PathBuf};

use kda::toolchain::{Origin, Project, Side, Target, Toolchain, Unit};

pub const TASK: &str = "vector_add";

pub struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    pub fn new() -> Fixture {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy_folder(
            &checkout.join("tests/fixtures/project/tasks"),
            &folder.path().join("tasks"),
        );
        for part in ["kernels/include", "kernels/device"] {
            copy_folder(&checkout.join(part), &folder.path().join(part));
        }
        Fixture { folder }
    }

    pub fn project(&self) -> Project {
        let root = self.folder.path();
        Project::new(root, &root.join("build"), Origin::Checkout)
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Replaces text in a file of the task, which must be there.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path("tasks").join(TASK).join(file);
        let text = fs::read_to_string(&path).expect("the fixture should have the file");
        assert!(text.contains(from), "{file} has no `{from}`");
        fs::write(&path, text.replace(from, to)).expect("the file should be writable");
    }
}

/// The compilers of this machine; nvcc may be the checkout's own.
pub fn toolchain() -> Toolchain {
    Toolchain::find(&Project::at(Path::new(env!("CARGO_MANIFEST_DIR"))))
}

/// The same without nvcc, and without any compiler.
pub fn no_toolchain() -> Toolchain {
    Toolchain::default()
}

pub fn candidate(target: Target) -> Unit {
    Unit::Side {
        side: Side::Candidate,
        target,
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder should be creatable");
    for entry in fs::read_dir(from).expect("the folder should be there") {
        let entry = entry.expect("the folder should be readable");
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), &place).expect("the file should be copied");
        }
    }
}
