//! Lost rows leave dumps, and a dump makes the call again.

use std::path::{Path, PathBuf};

use kda::cli::exit_codes::{PASSED, ROW_LOST, USAGE};

use crate::project::{Finished, Project};

/// Checks one row that is lost; returns its dump, as the run names it.
#[track_caller]
fn dump_of(project: &Project, row: &str) -> PathBuf {
    let finished = project.emulated("check", &["--rows", row, "--limit", "2"]);
    let finished = finished.exits(ROW_LOST);
    let start = format!("lost `{row}`: kda replay ");
    let mut commands = finished
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix(&start));
    let dump = commands.next().expect("the run should name the dump");
    project.path(dump)
}

fn replay(project: &Project, dump: &Path, more: &[&str]) -> Finished {
    let dump = dump.to_str().expect("the path should be text");
    project.kda(&[&["replay", dump], more].concat())
}

#[test]
fn a_dump_says_what_was_lost_and_replay_loses_it_again() {
    let project = Project::of_faults();
    let dump = dump_of(&project, "fault_segfault");
    let text = std::fs::read_to_string(&dump).expect("the dump should be there");
    for part in [
        "format = 2\n",
        "task = \"axpy\"\n",
        "row = \"fault_segfault\"\n",
        "device = \"emulated\"\n",
        "phase = \"check\"\n",
        "side = \"candidate\"\n",
        "seed = \"7\"\n",
        "cause = \"the worker died (SIGSEGV, an invalid memory access)\"\n",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    replay(&project, &dump, &[]).exits(ROW_LOST).prints(&[
        "axpy, `fault_segfault`: a checked call of the candidate, lost on emulated, seed 7",
        "then: the worker died (SIGSEGV",
        "now: lost again: the worker died (SIGSEGV",
    ]);
}

#[test]
fn a_dump_whose_source_was_mended_says_so_and_runs_through() {
    let project = Project::of_faults();
    let dump = dump_of(&project, "fault_abort");
    project.edit(
        "candidate.cu",
        "case kAbort: abort();",
        "case kAbort: return serve(call);",
    );
    replay(&project, &dump, &[]).exits(PASSED).prints(&[
        "differs: the candidate's source was ",
        "then: the worker died (SIGABRT",
        "now: it ran through: the candidate answered KDA_OK and launched 1 nodes",
    ]);
}

#[test]
fn a_row_that_is_lost_while_it_is_timed_is_sampled_again() {
    let project = Project::of_faults();
    // The gates make one call; the second is the first that is timed.
    let from = "case kAbort: abort();";
    let to = "case kAbort:\n      if (++num_calls > 1) abort();\n      return serve(call);";
    project.edit("candidate.cu", from, to);
    let arguments = ["--rows", "fault_abort", "--no-ledger"];
    let finished = project.emulated("bench", &arguments).exits(ROW_LOST);
    let (_, dump) = finished
        .stderr
        .split_once("kda replay ")
        .expect("the run should name the dump");
    let dump = project.path(dump.lines().next().expect("a path"));
    replay(&project, &dump, &[]).exits(ROW_LOST).prints(&[
        "samples of both sides",
        "now: lost again: the worker died (SIGABRT",
    ]);
}

#[test]
fn a_wild_write_is_found_with_its_kernel_thread_and_line() {
    let project = Project::of_faults();
    let line = 1 + project.edit(
        "candidate.cu",
        "__global__ void wild_kernel",
        "\n__global__ void wild_kernel",
    );
    let dump = dump_of(&project, "fault_wild_kernel");
    let line = format!("candidate.cu:{line}");
    replay(&project, &dump, &["--sanitize"])
        .exits(ROW_LOST)
        .prints(&[
            "AddressSanitizer and UBSan found:",
            "wild_kernel",
            "block (0,0,0), thread (0,0,0)",
            &line,
        ]);
}

#[test]
fn a_write_past_a_buffer_is_found_at_the_first_element_outside() {
    let project = Project::of_faults();
    let from = "for (int64_t i = n; out != nullptr; ++i) out[i] = 0.0f;";
    let line = project.edit("candidate.cu", from, from);
    let dump = dump_of(&project, "fault_overrun_far");
    let line = format!("candidate.cu:{line}");
    replay(&project, &dump, &["--sanitize"])
        .exits(ROW_LOST)
        .prints(&[
            "access outside every buffer of the call",
            "overrun_far_kernel",
            "block (0,0,0), thread (0,0,0)",
            &line,
        ]);
}

#[test]
fn undefined_behaviour_is_found_with_its_kernel_thread_and_line() {
    let project = Project::of_faults();
    let dump = dump_of(&project, "fault_exit");
    let shift = "__global__ void shift_kernel(float* out, int by) { out[0] = static_cast<float>(1 << by); }";
    let from = "__global__ void wild_kernel";
    let line = project.edit("candidate.cu", from, &format!("{shift}\n\n{from}"));
    let launch = "case kExit: return run(call, shift_kernel, 1, call.out, 40);";
    project.edit("candidate.cu", "case kExit: exit(0);", launch);
    let line = format!("candidate.cu:{line}");
    replay(&project, &dump, &["--sanitize"])
        .exits(ROW_LOST)
        .prints(&[
            "differs: the candidate's source was ",
            "shift exponent 40 is too large",
            "in shift_kernel",
            "block (0,0,0), thread (0,0,0)",
            &line,
        ]);
}

#[test]
fn a_call_that_is_right_runs_through_under_the_sanitizers() {
    let project = Project::of_faults();
    let dump = dump_of(&project, "fault_exit");
    project.edit(
        "candidate.cu",
        "case kExit: exit(0);",
        "case kExit: return serve(call);",
    );
    replay(&project, &dump, &["--sanitize"])
        .exits(PASSED)
        .prints(&["it ran through", "AddressSanitizer and UBSan found nothing"]);
}

#[test]
fn a_torn_dump_and_one_of_no_row_are_usage_errors() {
    let project = Project::of_faults();
    let dump = dump_of(&project, "fault_exit");
    let text = std::fs::read_to_string(&dump).expect("the dump should be there");
    let torn = project.path("torn.toml");
    std::fs::write(&torn, &text[..text.len() / 2]).expect("a file");
    replay(&project, &torn, &[])
        .exits(USAGE)
        .prints_nothing()
        .says(&["is no whole crash dump", "for a new one"]);
    std::fs::write(&torn, text.replace("fault_exit", "fault_gone")).expect("a file");
    replay(&project, &torn, &[])
        .exits(USAGE)
        .says(&["no row or grid case matches `fault_gone`"]);
    replay(&project, &project.path("nowhere.toml"), &[])
        .exits(USAGE)
        .says(&["cannot read the crash dump"]);
}

#[test]
fn a_gpu_s_tool_is_refused_for_an_emulated_call() {
    let project = Project::of_faults();
    let dump = dump_of(&project, "fault_exit");
    replay(&project, &dump, &["--sanitizer", "memcheck"])
        .exits(USAGE)
        .says(&["lost on the emulated device", "use --sanitize"]);
}
