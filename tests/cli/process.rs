//! The program among other processes: interrupted, with a reader that is gone, on a terminal.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use assert_cmd::cargo::cargo_bin;
use kda::cli::exit_codes::{INTERRUPTED, PASSED};

use crate::project::Project;

/// Longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A run that was started, and its workers.
struct Running {
    child: Child,
    workers: Vec<u32>,
}

impl Running {
    /// Starts a bench of these rows; returns once its workers are there: one a side, and the two that time.
    fn start(project: &Project, rows: &str) -> Running {
        // Everything is compiled first, so that what is interrupted is the run.
        project
            .emulated("check", &["--rows", "row_first"])
            .exits(PASSED);
        let ledgers = project.ledgers();
        let child = Command::new(cargo_bin!("kda"))
            .args(["bench", "axpy", "--gpu", "emulated", "--rows", rows])
            .args(["--ledger", ledgers.to_str().unwrap()])
            .current_dir(project.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut running = Running {
            child,
            workers: Vec::new(),
        };
        within(PATIENCE, || {
            running.workers = children(running.child.id());
            running.workers.len() == 4
        });
        // The sides have their first cases by now.
        thread::sleep(Duration::from_millis(300));
        running
    }

    fn interrupt(&self) {
        // SAFETY: a signal to a child that has not been waited for.
        assert_eq!(
            unsafe { libc::kill(self.child.id() as i32, libc::SIGINT) },
            0
        );
    }

    /// Waits for the end: interrupted, with nothing printed, no worker left and no ledger begun.
    fn ended_by_the_interrupt(mut self, project: &Project) -> String {
        let mut code = None;
        within(PATIENCE, || {
            code = self.child.try_wait().unwrap().map(|status| status.code());
            code.is_some()
        });
        assert_eq!(code, Some(Some(i32::from(INTERRUPTED))));
        within(PATIENCE, || {
            self.workers.iter().all(|worker| !is_alive(*worker))
        });
        assert!(!project.ledgers().exists());
        let text = |from: &mut dyn Read| {
            let mut text = String::new();
            from.read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(text(&mut self.child.stdout.take().unwrap()), "");
        text(&mut self.child.stderr.take().unwrap())
    }
}

/// Waits until `done`.
#[track_caller]
fn within(limit: Duration, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < limit, "not within {limit:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// State and parent of a process; `None` when it is gone.
fn state(process: &Path) -> Option<(char, u32)> {
    let text = fs::read_to_string(process.join("stat")).ok()?;
    // Its name, in parentheses, may hold anything.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}

fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let path = entry.ok()?.path();
        let process: u32 = path.file_name()?.to_str()?.parse().ok()?;
        (state(&path)?.1 == parent).then_some(process)
    });
    processes.collect()
}

/// A zombie is dead: whoever inherits it has not yet looked.
fn is_alive(process: u32) -> bool {
    state(&Path::new("/proc").join(process.to_string())).is_some_and(|(state, _)| state != 'Z')
}

#[test]
fn ctrl_c_between_two_cases_ends_the_run_and_appends_nothing() {
    let project = Project::of_faults();
    // A hundred cases of a tenth of a second each.
    let rows = project.read("rows.toml");
    let axis: Vec<String> = (1..=100).map(|n| n.to_string()).collect();
    let grid = rows[rows.find("[[grid]]").unwrap()..]
        .replace("refusals", "slow")
        .replace("expect = \"refused\"\n", "")
        .replace("f16", "f32")
        .replace("[64]", "[\"n\"]");
    let (head, tail) = grid.split_once("axes = ").unwrap();
    let (_, tail) = tail.split_once('\n').unwrap();
    let axes = format!(
        "axes = {{ conduct = [\"slow\"], n = [{}] }}",
        axis.join(", ")
    );
    project.write("rows.toml", &format!("{rows}\n{head}{axes}\n{tail}"));
    let running = Running::start(&project, "slow/*");
    let interrupted = Instant::now();
    running.interrupt();
    let said = running.ended_by_the_interrupt(&project);
    assert!(interrupted.elapsed() < Duration::from_secs(3));
    assert!(said.contains("interrupted: nothing was recorded"), "{said}");
}

#[test]
fn a_second_ctrl_c_ends_a_run_whose_candidate_hangs() {
    let project = Project::of_faults();
    let mut running = Running::start(&project, "fault_spin");
    running.interrupt();
    thread::sleep(Duration::from_millis(300));
    assert!(
        running.child.try_wait().unwrap().is_none(),
        "it waits for its worker"
    );
    running.interrupt();
    let said = running.ended_by_the_interrupt(&project);
    assert!(said.contains("press Ctrl-C again"), "{said}");
}

#[test]
fn a_killed_run_leaves_no_worker_and_no_entry() {
    let project = Project::of_faults();
    let mut running = Running::start(&project, "fault_spin");
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    within(PATIENCE, || {
        running.workers.iter().all(|worker| !is_alive(*worker))
    });
    assert!(!project.ledgers().exists());
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let project = Project::new();
    let ledgers = project.ledgers();
    let folder = ledgers.to_str().unwrap();
    let bench = [
        "bench",
        "axpy",
        "--gpu",
        "emulated",
        "--rows",
        "row_small",
        "--quick",
    ];
    let commands: [&[&str]; 5] = [
        &["list"],
        &["list", "--json"],
        &["show", "axpy"],
        &["show", "axpy", "--json"],
        &[&bench[..], &["--json", "--ledger", folder]].concat(),
    ];
    // Compiles what the last of them needs.
    project
        .emulated("check", &["--rows", "row_small"])
        .exits(PASSED);
    for command in commands {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = Command::new(cargo_bin!("kda"))
            .args(command)
            .current_dir(project.path(""))
            .stdout(writer)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            output.status.code(),
            Some(i32::from(PASSED)),
            "{command:?}: {said}"
        );
        assert!(!said.contains("pipe"), "{command:?}: {said}");
    }
    // What could not be shown was recorded.
    assert!(project.ledger().is_file());
}

/// What `kda list --no-such`, or any command, writes to a terminal on stdout and stderr.
fn on_a_terminal(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let (mut terminal, mut program) = (0, 0);
    // SAFETY: both numbers are written; the other pointers may be null.
    let opened = unsafe {
        libc::openpty(
            &raw mut terminal,
            &raw mut program,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    assert_eq!(opened, 0, "{}", io::Error::last_os_error());
    // SAFETY: openpty handed both over.
    let (mut terminal, program) =
        unsafe { (File::from_raw_fd(terminal), OwnedFd::from_raw_fd(program)) };
    let mut command = Command::new(cargo_bin!("kda"));
    command
        .args(arguments)
        .current_dir(project.path(""))
        .env_remove("NO_COLOR")
        .env_remove("CI")
        .env("TERM", "xterm")
        .envs(variables.iter().copied())
        .stdout(program.try_clone().unwrap())
        .stderr(program);
    let mut child = command.spawn().unwrap();
    // The command holds descriptors of the terminal, which has to be closed here for its end to show.
    drop(command);
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    // A terminal without a program is an error, not an end.
    while let Ok(count @ 1..) = terminal.read(&mut buffer) {
        text.extend_from_slice(&buffer[..count]);
    }
    child.wait().unwrap();
    String::from_utf8(text).unwrap()
}

const ESCAPE: char = '\x1b';

#[test]
fn colour_is_for_terminals_without_no_color() {
    let project = Project::new();
    let ledgers = project.ledgers();
    let folder = ledgers.to_str().unwrap();
    let bench = ["--rows", "row_small", "--quick", "--ledger", folder];
    project.emulated("bench", &bench).exits(PASSED);
    let verify = ["ledger", "verify", "--ledger", folder];
    assert!(on_a_terminal(&project, &verify, &[]).contains(ESCAPE));
    assert!(on_a_terminal(&project, &verify, &[("NO_COLOR", "")]).contains(ESCAPE));
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let text = on_a_terminal(&project, &verify, &[variable]);
        assert!(
            text.contains("intact") && !text.contains(ESCAPE),
            "{text:?}"
        );
    }
    let always = project.kda(&[&verify[..], &["--color", "always"]].concat());
    assert!(always.exits(PASSED).stdout.contains(ESCAPE));
    let piped = project.kda(&verify).exits(PASSED);
    assert!(!piped.stdout.contains(ESCAPE));
}

#[test]
fn errors_are_coloured_as_results_are() {
    let project = Project::new();
    let unknown = ["show", "axpyy"];
    assert!(on_a_terminal(&project, &unknown, &[]).contains(ESCAPE));
    let plain = on_a_terminal(&project, &unknown, &[("NO_COLOR", "1")]);
    assert!(
        plain.contains("did you mean `axpy`?") && !plain.contains(ESCAPE),
        "{plain:?}"
    );
    assert!(!project.kda(&unknown).stderr.contains(ESCAPE));
}

#[test]
fn progress_is_drawn_on_a_terminal_alone() {
    let project = Project::new();
    let check = ["check", "axpy", "--gpu", "emulated", "--rows", "row_small"];
    project.kda(&check).exits(PASSED);
    // The bar is redrawn in place, which takes a carriage return or an escape.
    let drawn = on_a_terminal(&project, &check, &[]);
    assert!(drawn.contains("gates"), "{drawn:?}");
    assert!(drawn.contains("\x1b[2K"), "{drawn:?}");
    let in_ci = on_a_terminal(&project, &check, &[("CI", "true"), ("NO_COLOR", "1")]);
    assert!(!in_ci.contains(ESCAPE), "{in_ci:?}");
}
