//! A throw-away project with one complete task, and the program run in it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Once;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;

pub const TASK: &str = "axpy";

/// Seed of every run, so that a failure shows the same twice.
const SEED: &str = "7";

pub struct Project {
    folder: tempfile::TempDir,
}

/// What a command did.
#[derive(Debug)]
pub struct Finished {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// The fixture's rows that behave.
    pub fn new() -> Project {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy_folder(
            &checkout.join("tests/fixtures/complete/tasks"),
            &folder.path().join("tasks"),
        );
        symlink(checkout.join("baselines"), folder.path().join("baselines"))
            .expect("a link to the baselines");
        // Copied, because a source outside the project would be recorded by its absolute path.
        copy_folder(&checkout.join("kernels"), &folder.path().join("kernels"));
        Project { folder }
    }

    /// The rows that ask the candidate to misbehave.
    pub fn of_faults() -> Project {
        let project = Project::new();
        let rows = project.read("rows_of_faults.toml");
        project.write("rows.toml", &rows);
        project
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// A file of the task.
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.task_file(file)).expect("the fixture should have the file")
    }

    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.task_file(file), text).expect("the file should be writable");
    }

    /// Replaces text in a file of the task, which must be there; returns the line it stands on.
    pub fn edit(&self, file: &str, from: &str, to: &str) -> usize {
        let text = self.read(file);
        let at = text
            .find(from)
            .unwrap_or_else(|| panic!("{file} has no `{from}`"));
        self.write(file, &text.replacen(from, to, 1));
        1 + text[..at].matches('\n').count()
    }

    /// The program in this project, not started. The fixture as it stands is compiled once for all tests.
    pub fn command(&self, arguments: &[&str]) -> Command {
        static BUILT: Once = Once::new();
        BUILT.call_once(|| {
            let fixture = Project::new();
            let mut build = fixture.plain_command(&["build", TASK, "--gpu", "emulated"]);
            build.assert().success();
        });
        self.plain_command(arguments)
    }

    fn plain_command(&self, arguments: &[&str]) -> Command {
        let mut command = cargo_bin_cmd!("kda");
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("NO_COLOR")
            .env_remove("KDA_LOG");
        command
    }

    pub fn kda(&self, arguments: &[&str]) -> Finished {
        finished(&mut self.command(arguments))
    }

    /// `bench` or `check` of the task on the emulated device.
    pub fn emulated(&self, command: &str, arguments: &[&str]) -> Finished {
        let fixed = [command, TASK, "--gpu", "emulated", "--seed", SEED];
        self.kda(&[&fixed[..], arguments].concat())
    }

    /// A folder for ledgers, not yet there.
    pub fn ledgers(&self) -> PathBuf {
        self.path("ledgers")
    }

    /// The task's emulated ledger below [`Project::ledgers`].
    pub fn ledger(&self) -> PathBuf {
        self.ledgers().join("emulated").join("axpy.toml")
    }

    fn task_file(&self, file: &str) -> PathBuf {
        self.path("tasks").join(TASK).join(file)
    }
}

impl Finished {
    /// Checks the exit code; what was printed is shown where it is another.
    #[track_caller]
    pub fn exits(self, code: u8) -> Finished {
        assert_eq!(
            self.code,
            i32::from(code),
            "{}\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Checks that stderr has each of these.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Finished {
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "no `{part}` in\n{}",
                self.stderr
            );
        }
        self
    }

    /// Checks that stdout has each of these.
    #[track_caller]
    pub fn prints(self, parts: &[&str]) -> Finished {
        for part in parts {
            assert!(
                self.stdout.contains(part),
                "no `{part}` in\n{}",
                self.stdout
            );
        }
        self
    }

    #[track_caller]
    pub fn prints_nothing(self) -> Finished {
        assert_eq!(self.stdout, "");
        self
    }
}

pub fn finished(command: &mut Command) -> Finished {
    let output = command.output().expect("the program should start");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what it prints should be text");
    Finished {
        code: output.status.code().expect("it should end by itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
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
