//! Commands that texts show: every one of them is one that the program takes.

use std::fs;
use std::path::Path;

use clap::error::ErrorKind;
use kda::cli::exit_codes::{PASSED, USAGE};

use crate::project::Project;

/// A file that the quick start shows: the code block behind its name.
fn shown(page: &str, file: &str) -> String {
    let behind = page.split_once(&format!("`{file}`")).unwrap().1;
    let block = behind.split("```").nth(1).unwrap();
    block.split_once('\n').unwrap().1.to_owned()
}

/// Parses one line as the program does; asking for help is fine.
fn parse(line: &str) -> Result<(), clap::Error> {
    let words = shlex::split(line).unwrap_or_default();
    match kda::cli::command().try_get_matches_from(words) {
        Err(error) if error.kind() != ErrorKind::DisplayHelp => Err(error),
        _ => Ok(()),
    }
}

/// A command without its arguments, as text names one.
fn is_a_name(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// A call of `kda` on a page.
struct Shown {
    line: String,
    within_text: bool,
}

/// Lines in code blocks, and code within text, that call `kda`.
fn commands(markdown: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    let mut add = |line: String, within_text| {
        if line.starts_with("kda ") {
            found.push(Shown { line, within_text });
        }
    };
    for (number, part) in markdown.split("```").enumerate() {
        if number % 2 == 1 {
            let lines = part.lines().map(str::trim);
            let lines = lines.map(|line| line.trim_start_matches("$ "));
            for line in lines {
                let call = line.rsplit("&& ").next().unwrap_or(line);
                let call = call.trim_start_matches("./");
                add(call.replace("cargo run --release -- ", "kda "), false);
            }
        } else {
            for span in part.split('`').skip(1).step_by(2) {
                add(span.split_whitespace().collect::<Vec<_>>().join(" "), true);
            }
        }
    }
    found
}

#[test]
fn every_command_that_a_page_shows_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (page, least) in [
        ("README.md", 15),
        ("SKILL.md", 10),
        ("docs/quickstart.md", 8),
        ("docs/rows.md", 3),
        ("docs/contract.md", 3),
    ] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let calls = commands(&text);
        assert!(calls.len() >= least, "{page} shows {}", calls.len());
        for Shown { line, within_text } in calls {
            match parse(&line) {
                Err(error) if !(within_text && is_a_name(&error)) => {
                    panic!("{page} shows `{line}`: {error}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn the_quick_start_makes_a_task_with_rows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/quickstart.md")).unwrap();
    let project = Project::new();
    project.kda(&["new", "rms_norm"]).exits(PASSED);
    for file in ["task.toml", "rows.toml", "oracle.cpp", "baseline.cu"] {
        let path = format!("tasks/rms_norm/{file}");
        fs::write(project.path(&path), shown(&page, &path)).unwrap();
    }
    fs::write(project.path("calls.jsonl"), shown(&page, "calls.jsonl")).unwrap();
    let import = ["rows", "import", "calls.jsonl", "--task", "rms_norm"];
    project
        .kda(&[&import[..], &["--new-epoch"]].concat())
        .exits(PASSED)
        .prints(&["added t8192_h4096_bf16", "added t32_h4096_bf16"]);
    project.kda(&["show", "rms_norm"]).exits(PASSED).prints(&[
        "rms_norm(x, weight; eps) -> y",
        "t8192_h4096_bf16",
        "refuses",
    ]);
}

#[test]
fn every_help_text_ends_with_examples_that_are_right() {
    fn check(command: &clap::Command) {
        for inner in command
            .get_subcommands()
            .filter(|inner| !inner.is_hide_set())
        {
            let name = inner.get_name();
            let after = inner.get_after_help().map(ToString::to_string);
            let after = after.unwrap_or_else(|| panic!("`{name}` has no example in examples.rs"));
            let lines: Vec<&str> = after.lines().skip(1).map(str::trim).collect();
            assert!((1..=3).contains(&lines.len()), "{name}: {lines:?}");
            for line in lines {
                assert!(line.contains(name), "{name}: {line}");
                parse(line).unwrap_or_else(|why| panic!("`{line}`: {why}"));
            }
            check(inner);
        }
    }
    check(&kda::cli::command());
    Project::new()
        .kda(&["rows", "import", "--help"])
        .exits(PASSED)
        .prints(&["Examples:\n  kda rows import "]);
}

#[test]
fn completions_and_manual_pages_know_the_subcommands() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish"] {
        project
            .kda(&["completions", shell])
            .exits(PASSED)
            .prints(&["kda", "new-epoch"]);
    }
    project
        .kda(&["man"])
        .exits(PASSED)
        .prints(&[".TH kda 1", "kda\\-bench(1)"]);
    project
        .kda(&["man", "--output", "pages"])
        .exits(PASSED)
        .prints(&["man -l pages/kda.1"]);
    let page = fs::read_to_string(project.path("pages/kda-rows-import.1")).unwrap();
    assert!(page.contains("kda rows import calls.jsonl"), "{page}");
    fs::write(project.path("file"), "").unwrap();
    project
        .kda(&["man", "--output", "file"])
        .exits(USAGE)
        .says(&["manual pages into file", "a folder that can be written"]);
}
