//! The command line with examples at the end of every help text.

use clap::{Command, CommandFactory};

use super::Cli;

/// A subcommand, and lines that a user may type. `tests/cli/commands.rs` parses every one.
const EXAMPLES: [(&str, &[&str]); 29] = [
    (
        "bench",
        &[
            "kda bench my_task",
            "kda bench my_task --quick --rows 'large_*'",
            "kda bench --all --gpu h100",
        ],
    ),
    (
        "check",
        &[
            "kda check my_task",
            "kda check my_task --gpu emulated --rows 'small_*'",
        ],
    ),
    ("list", &["kda list", "kda list --json"]),
    (
        "show",
        &[
            "kda show my_task",
            "kda show my_task --graph --rows 'small_*'",
        ],
    ),
    ("new", &["kda new my_task"]),
    (
        "build",
        &["kda build my_task", "kda build --all --gpu h100"],
    ),
    (
        "bundle",
        &[
            "kda bundle --gpu h100",
            "kda bundle --gpu h100,b200 --selftest",
        ],
    ),
    (
        "selftest",
        &[
            "kda selftest",
            "kda selftest --gpu emulated --only 'honest_*'",
        ],
    ),
    (
        "calibrate",
        &["kda calibrate my_task", "kda calibrate --all --gpu h100"],
    ),
    ("doctor", &["kda doctor"]),
    ("ledger", &["kda ledger show my_task", "kda ledger verify"]),
    (
        "ledger show",
        &[
            "kda ledger show my_task --gpu h100",
            "kda ledger show my_task --history",
        ],
    ),
    (
        "ledger attempts",
        &["kda ledger attempts my_task --gpu h100"],
    ),
    (
        "ledger merge",
        &["kda ledger merge ledger/h100/my_task.toml theirs.toml"],
    ),
    (
        "ledger export",
        &[
            "kda ledger export my_task --csv",
            "kda ledger export --json",
        ],
    ),
    ("profile", &["kda profile my_task --row large_0"]),
    (
        "ledger diff",
        &[
            "kda ledger diff my_task",
            "kda ledger diff my_task 20260102T030405 0123abcd",
        ],
    ),
    (
        "ledger verify",
        &["kda ledger verify", "kda ledger verify --json"],
    ),
    (
        "replay",
        &[
            "kda replay target/kda/crashes/20260102T030405Z-my_task-large.toml",
            "kda replay target/kda/crashes/20260102T030405Z-my_task-large.toml --sanitize",
        ],
    ),
    (
        "replicate",
        &[
            "kda replicate my_task 20260102T030405",
            "kda replicate 0123abcd --gpu h100",
        ],
    ),
    (
        "report",
        &["kda report --gpu h100", "kda report --gpu h100 --markdown"],
    ),
    ("status", &["kda status", "kda status --gpu h100 --json"]),
    (
        "brief",
        &["kda brief my_task", "kda brief my_task --gpu h100 --json"],
    ),
    (
        "attempt",
        &["kda attempt note my_task 'two rows a block hide the latency'"],
    ),
    (
        "attempt note",
        &[
            "kda attempt note my_task 'two rows a block hide the latency'",
            "kda attempt note my_task --show",
        ],
    ),
    ("rows", &["kda rows import calls.jsonl --task my_task"]),
    (
        "rows import",
        &[
            "kda rows import calls.jsonl --task my_task",
            "kda rows import trace.json.gz --task my_task --op rms_norm --map 0=x,1=weight,2=eps",
            "kda rows import calls.jsonl --task my_task --new-epoch --drop-unseen",
        ],
    ),
    (
        "completions",
        &["kda completions bash", "kda completions zsh"],
    ),
    ("man", &["kda man", "kda man --output share/man/man1"]),
];

/// The whole command line.
pub fn command() -> Command {
    with_examples(Cli::command(), "")
}

fn with_examples(command: Command, path: &str) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned())
        .collect();
    let command = names.into_iter().fold(command, |command, name| {
        let path = format!("{path} {name}");
        command.mut_subcommand(name, |inner| with_examples(inner, path.trim_start()))
    });
    let found = EXAMPLES.iter().find(|(name, _)| *name == path);
    match found.map_or(&[][..], |(_, lines)| lines) {
        [] => command,
        lines => command.after_help(format!("Examples:\n  {}", lines.join("\n  "))),
    }
}
