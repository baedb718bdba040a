//! What the commands show that run nothing.

use kda::cli::exit_codes::{BUILD_FAILED, PASSED};
use serde_json::Value;

use crate::lines::{Line, lines};
use crate::project::Project;

#[test]
fn list_has_a_line_for_each_task() {
    let project = Project::new();
    let listed = project
        .kda(&["list"])
        .exits(PASSED)
        .prints(&["axpy", "faults, main"]);
    assert_eq!(listed.stderr, "");
    let task = listed
        .stdout
        .lines()
        .find(|line| line.starts_with("axpy"))
        .unwrap();
    let words: Vec<&str> = task.split_whitespace().collect();
    // Production rows, riders and cases of the grid.
    assert_eq!(words[1..4], ["2", "1", "6"]);
    let found = lines(&project.kda(&["list", "--json"]).exits(PASSED).stdout);
    let [Line::Begin(begin), Line::Task(task)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!((begin.schema, begin.task.as_deref()), (1, None));
    assert_eq!(task["name"], "axpy");
    assert_eq!(
        (&task["production_rows"], &task["riders"]),
        (&2.into(), &1.into())
    );
}

#[test]
fn show_has_the_entries_the_rows_and_the_grids() {
    let project = Project::new();
    project.kda(&["show", "axpy"]).exits(PASSED).prints(&[
        "axpy(x, y; a, conduct) -> out",
        "row_small",
        "rider_declined",
        "f32 [100000]",
        "sizes",
        "margin 1.0 %",
    ]);
    let one = project
        .kda(&["show", "axpy", "--rows", "*_large"])
        .exits(PASSED);
    assert!(one.stdout.contains("row_large") && !one.stdout.contains("row_small"));
    let found = lines(
        &project
            .kda(&["show", "axpy", "--json"])
            .exits(PASSED)
            .stdout,
    );
    let [Line::Begin(_), Line::Task(task), rows @ ..] = &found[..] else {
        panic!("{found:?}");
    };
    let grid = &task["grids"][0];
    assert_eq!((&grid["served"], &grid["refused"]), (&3.into(), &3.into()));
    let rows: Vec<&Value> = rows
        .iter()
        .map(|line| match line {
            Line::LockedRow(row) => row,
            other => panic!("no row: {other:?}"),
        })
        .collect();
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["row_small", "row_large", "rider_declined"]);
    assert_eq!(rows[1]["tensors"][2]["shape"], serde_json::json!([100_000]));
}

#[test]
fn build_names_what_it_built_and_shows_what_it_could_not() {
    let project = Project::new();
    let built = project
        .kda(&["build", "axpy", "--gpu", "emulated"])
        .exits(PASSED);
    assert_eq!(built.stdout, "axpy: built for emulated\n");
    project.edit("oracle.cpp", "return KDA_OK;", "return KDA_OKAY;");
    project
        .kda(&["build", "axpy", "--gpu", "emulated"])
        .exits(BUILD_FAILED)
        .prints_nothing()
        .says(&["oracle of task `axpy` does not compile", "KDA_OKAY"]);
}

#[test]
fn doctor_says_what_is_here_and_what_each_missing_thing_costs() {
    let project = Project::new();
    project
        .kda(&["doctor"])
        .exits(PASSED)
        .prints(&["nvcc", "driver", "NVML", "compute-sanitizer"]);
}

#[test]
fn a_bundle_is_packed_where_nvcc_is_and_runs_without_the_checkout() {
    let project = Project::new();
    let archive = project.path("out/kda.tar.gz");
    let bundle = [
        "bundle",
        "--gpu",
        "h100",
        "--output",
        archive.to_str().unwrap(),
    ];
    let checkout = kda::toolchain::Project::at(env!("CARGO_MANIFEST_DIR").as_ref());
    let Some(nvcc) = kda::toolchain::Toolchain::find(&checkout).nvcc else {
        eprintln!("skipped: no nvcc on this machine (scripts/install-nvcc.sh installs it)");
        let failed = project.kda(&bundle);
        assert_ne!(failed.code, 0);
        assert!(
            failed.stderr.contains("scripts/install-nvcc.sh"),
            "{}",
            failed.stderr
        );
        return;
    };
    let mut pack = project.command(&bundle);
    let cuda = nvcc.program.parent().and_then(|bin| bin.parent()).unwrap();
    let packed = crate::project::finished(pack.env("CUDA_HOME", cuda));
    packed
        .exits(PASSED)
        .prints(&["kda.tar.gz", "./kda bench TASK"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let file = std::fs::File::open(&archive).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(file))
        .unpack(elsewhere.path())
        .unwrap();
    let unpacked = elsewhere.path().join("kda");
    let listed = std::process::Command::new(unpacked.join("kda"))
        .arg("list")
        .current_dir(&unpacked)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("axpy"), "{listed}");
}
