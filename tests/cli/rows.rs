//! Captured calls proposed as rows.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use kda::cli::exit_codes::{PASSED, USAGE};
use kda::task::Task;

use crate::lines::{Line, lines};
use crate::project::{Finished, Project, TASK};

/// Calls of the fixture's entry: 700 elements twice over two lines, a frozen row, and sizes that disagree.
const LINES: &str = r#"
{"name": "axpy", "shapes": {"x": [700], "y": [700]}, "dtypes": "f32", "scalars": {"a": 1.5, "conduct": "proper"}, "count": 40}
{"name": "axpy", "shapes": [[700], [700], [700]], "dtypes": ["f32", "torch.float32", "float"], "strides": [[1], [1], [1]], "scalars": {"a": 1.5, "conduct": "proper"}}
{"name": "axpy", "shapes": {"x": [1000], "y": [1000], "out": [1000]}, "dtypes": "f32", "scalars": {"a": 1.5, "conduct": "proper"}, "count": 9}
{"name": "axpy", "shapes": {"x": [700], "y": [350]}, "dtypes": "f32", "scalars": {"a": 1.5, "conduct": "proper"}, "count": 3}
{"name": "axpy", "shapes": {"x": [7, 100], "y": [700]}, "dtypes": "f32", "scalars": {"a": 1.5, "conduct": "proper"}}
{"name": "axpy", "shapes": {"x": [700], "y": [700]}, "dtypes": "fp8", "scalars": {"a": 1.5, "conduct": "proper"}}
{"name": "axpy", "shapes": {"x": [700], "y": [700]}, "dtypes": "f32", "scalars": {"a": 1.5}}
{"name": "axpy", "shapes": {"x": [700], "z": [700]}, "dtypes": "f32", "scalars": {"a": 1.5, "conduct": "proper"}}
{"name": "other", "shapes": [[1]], "dtypes": "f32"}
"#;

/// Two calls of an operation in the layout of torch.profiler, and events of other kinds.
const TRACE: &str = r#"{
  "schemaVersion": 1,
  "deviceProperties": [{"id": 0, "name": "NVIDIA H100 80GB HBM3", "totalGlobalMem": 85520809984}],
  "record_shapes": 1,
  "traceEvents": [
  {
    "ph": "X", "cat": "cpu_op", "name": "aten::empty", "pid": 71, "tid": 71,
    "ts": 2291.140, "dur": 3.117,
    "args": {
      "External id": 1, "Record function id": 0, "Concrete Inputs": ["[700]", "6", "0", "", "False", ""],
      "Input type": ["ScalarList", "Scalar", "Scalar", "", "Scalar", ""],
      "Input Strides": [[], [], [], [], [], []], "Input Dims": [[], [], [], [], [], []], "Ev Idx": 0
    }
  },
  {
    "ph": "X", "cat": "cpu_op", "name": "lib::scaled_add", "pid": 71, "tid": 71,
    "ts": 2301.022, "dur": 8.301,
    "args": {
      "External id": 2, "Record function id": 0, "Concrete Inputs": ["", "", "0.25", ""],
      "Input type": ["float", "float", "Scalar", ""],
      "Input Strides": [[2], [1], [], []], "Input Dims": [[640], [640], [], []], "Ev Idx": 1
    }
  },
  {
    "ph": "X", "cat": "cpu_op", "name": "lib::scaled_add", "pid": 71, "tid": 71,
    "ts": 2311.522, "dur": 7.010,
    "args": {
      "External id": 3, "Record function id": 0, "Concrete Inputs": ["", "", "0.25", ""],
      "Input type": ["float", "float", "Scalar", ""],
      "Input Strides": [[2], [1], [], []], "Input Dims": [[640], [640], [], []], "Ev Idx": 2
    }
  },
  {
    "ph": "X", "cat": "kernel", "name": "void axpy<float>(float*)", "pid": 0, "tid": 7,
    "ts": 2315.000, "dur": 2.000,
    "args": {"External id": 3, "device": 0, "stream": 7, "grid": [3, 1, 1]}
  },
  {"name": "process_name", "ph": "M", "ts": 2291.140, "pid": 71, "tid": 0, "args": {"name": "python"}}
  ],
  "traceName": "trace.json"
}"#;

fn import(project: &Project, text: &str, arguments: &[&str]) -> Finished {
    fs::write(project.path("capture"), text).unwrap();
    project.kda(&[&["rows", "import", "capture"], arguments].concat())
}

fn rows(project: &Project) -> Vec<String> {
    let task = Task::load(&project.path(""), TASK).unwrap();
    task.rows.into_iter().map(|row| row.id).collect()
}

#[test]
fn captured_calls_become_rows_for_review() {
    let project = Project::new();
    let before = project.read("rows.toml");
    let found = import(&project, LINES, &["--prefix", "row_"]).exits(PASSED);
    insta::assert_snapshot!(found.stdout, @r#"
    # capture for axpy
    # 57 calls: 41 of 1 new row, 9 of 1 frozen row, 7 that the contract cannot take
    # 49 calls without strides: taken as dense
    # cannot be taken:
    #   3 calls of axpy: axis `N` is 700 in `x` and 350 in `y`
    #   1 call of axpy: scalar `conduct` was not recorded: give it with --scalar conduct=VALUE
    #   1 call of axpy: tensor `x` has 2 dimensions, which its `dims` do not list
    #   1 call of axpy: tensor `x` has the dtype `fp8`, which no kernel here takes
    #   1 call of axpy: the entry takes no tensor `z`
    # frozen rows that were called:
    #   row_small: 9 calls
    # frozen production rows that were never called:
    #   row_large
    # other operations:
    #   other: 1 call

    # 41 calls, 344.4 kB in all, row set main
    [[row]]
    id = "row_n700_f32"
    entry = "axpy"
    production = true
    atol = 1e-5
    rtol = 1e-5
    scalars = { a = 1.5, conduct = "proper" }
    [row.tensors]
    x   = { role = "in", dtype = "f32", shape = [700] }
    y   = { role = "in", dtype = "f32", shape = [700] }
    out = { role = "out", dtype = "f32", shape = [700] }
    "#);
    assert_eq!(project.read("rows.toml"), before);

    let output = ["--prefix", "row_", "--output", "proposed.toml"];
    import(&project, LINES, &output)
        .exits(PASSED)
        .prints(&["1 proposed in proposed.toml"]);
    let written = fs::read_to_string(project.path("proposed.toml")).unwrap();
    assert!(found.stdout.ends_with(&written), "{written}");
    import(&project, LINES, &output)
        .exits(USAGE)
        .says(&["proposed.toml", "a file that is not there yet"]);
}

#[test]
fn a_program_reads_the_same_findings_and_the_epoch_that_was_opened() {
    let project = Project::new();
    let before = project.read("rows.toml");
    let proposal = ["--prefix", "row_", "--json"];
    let found = import(&project, LINES, &proposal).exits(PASSED);
    let found = lines(&found.stdout);
    let [
        Line::Begin(_),
        Line::Import(import_line),
        Line::ProposedRow(row),
        ..,
    ] = &found[..]
    else {
        panic!("{found:?}");
    };
    assert_eq!(import_line["task"], TASK);
    assert_eq!(import_line["refused_calls"], 7);
    assert_eq!(row["id"], "row_n700_f32");
    assert_eq!((&row["calls"], &row["set"]), (&41.into(), &"main".into()));
    let block = row["toml"].as_str().unwrap();
    assert!(
        block.starts_with("[[row]]\nid = \"row_n700_f32\"\n"),
        "{block}"
    );
    let frozen = |line: &Line| match line {
        Line::FrozenRow(row) => Some((row["id"].clone(), row["calls"].clone())),
        _ => None,
    };
    let frozen: Vec<_> = found.iter().filter_map(frozen).collect();
    assert_eq!(
        frozen,
        [
            ("row_small".into(), 9.into()),
            ("row_large".into(), 0.into())
        ]
    );
    let refused = |line: &&Line| matches!(line, Line::RefusedCalls(_));
    assert_eq!(found.iter().filter(refused).count(), 5);
    let first = found.iter().find(refused).unwrap();
    assert!(
        matches!(first, Line::RefusedCalls(of) if of["reason"] == "axis `N` is 700 in `x` and 350 in `y`"),
        "{first:?}"
    );
    assert_eq!(project.read("rows.toml"), before);

    let epoch = [&proposal[..], &["--new-epoch", "--drop-unseen"]].concat();
    let found = lines(&import(&project, LINES, &epoch).exits(PASSED).stdout);
    let Some(Line::NewEpoch(epoch)) = found.last() else {
        panic!("{found:?}");
    };
    assert_eq!(epoch["added"], serde_json::json!(["row_n700_f32"]));
    assert_eq!(epoch["dropped"], serde_json::json!(["row_large"]));
    let task = Task::load(&project.path(""), TASK).unwrap();
    assert_eq!(epoch["contract_hash"], task.contract_hash);
    assert_ne!(epoch["contract_hash_before"], task.contract_hash);
    import(&project, "{", &proposal)
        .exits(USAGE)
        .prints_nothing();
}

#[test]
fn a_compressed_trace_is_mapped_by_order_or_by_place() {
    let project = Project::new();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(TRACE.as_bytes()).unwrap();
    fs::write(project.path("trace.json.gz"), gzip.finish().unwrap()).unwrap();
    let trace = ["rows", "import", "trace.json.gz", "--task", TASK];
    let more = [
        "--prefix",
        "row_",
        "--op",
        "scaled_add",
        "--scalar",
        "conduct=proper",
    ];
    let by_order = project
        .kda(&[&trace[..], &more].concat())
        .exits(PASSED)
        .prints(&[
            "# 2 calls: 2 of 1 new row",
            "id = \"row_n640_f32_strided\"",
            "scalars = { a = 0.25, conduct = \"proper\" }",
            "x   = { role = \"in\", dtype = \"f32\", shape = [640], stride = [2] }",
            "out = { role = \"out\", dtype = \"f32\", shape = [640] }",
        ]);
    let map = ["--map", "1=y,0=x,2=a"];
    let by_place = project.kda(&[&trace[..], &more, &map].concat());
    assert_eq!(by_place.exits(PASSED).stdout, by_order.stdout);
    let swapped = project.kda(&[&trace[..], &more, &["--map", "0=y,1=x,2=a"]].concat());
    swapped
        .exits(PASSED)
        .prints(&["y   = { role = \"in\", dtype = \"f32\", shape = [640], stride = [2] }"]);
    let unfit = project.kda(&[&trace[..], &more, &["--map", "2=x,9=y"]].concat());
    unfit.exits(PASSED).prints(&[
        "2 that the contract cannot take",
        "its argument 2 cannot be `x`",
    ]);
    project.kda(&trace).exits(USAGE).prints_nothing().says(&[
        "no call of axpy",
        "--op",
        "lib::scaled_add",
    ]);
}

#[test]
fn what_is_no_capture_is_told_with_what_to_do() {
    let project = Project::new();
    let lines = format!("{}\n{{\"name\": \"axpy\"}}\nx", LINES.trim());
    import(&project, &lines, &[])
        .exits(USAGE)
        .prints_nothing()
        .says(&[
            "line 10 cannot be read: missing field `shapes`",
            "line 11 ",
            "docs/rows.md",
        ]);
    import(&project, &TRACE[..900], &[])
        .exits(USAGE)
        .says(&["is no Chrome trace", "export_chrome_trace"]);
    import(&project, &TRACE.replace("Input Dims", "Dims"), &[])
        .exits(USAGE)
        .says(&["which shapes", "record_shapes=True"]);
    import(&project, " \n", &[])
        .exits(USAGE)
        .says(&["holds no call"]);
    import(&project, "\u{1f}\u{8b}", &["--format", "jsonl"])
        .exits(USAGE)
        .says(&["line 1 "]);
    fs::write(project.path("broken.gz"), [0x1f, 0x8b, 8, 0, 1]).unwrap();
    for file in ["broken.gz", "absent.jsonl"] {
        project
            .kda(&["rows", "import", file])
            .exits(USAGE)
            .says(&["reading the capture", file]);
    }
    import(&project, TRACE, &[]).exits(USAGE).says(&[
        "no task has an entry named",
        "--task",
        "--op",
    ]);
    import(
        &project,
        LINES,
        &["--task", "axpy", "--op", "axpy", "--entry", "axpby"],
    )
    .exits(USAGE)
    .says(&["has no entry `axpby`; it has axpy"]);
    import(&project, LINES, &["--map", "x=0"])
        .exits(USAGE)
        .says(&["count the operation's arguments from 0"]);
}

#[test]
fn ids_that_no_row_set_takes_ask_for_a_prefix() {
    import(&Project::new(), LINES, &[])
        .exits(PASSED)
        .prints(&["--prefix", "fault_*, row_*, rider_*"]);
}

#[test]
fn a_new_epoch_adds_drops_and_says_so() {
    let project = Project::new();
    let before = Task::load(&project.path(""), TASK).unwrap().contract_hash;
    let output = ["--new-epoch", "--drop-unseen", "--prefix", "row_"];
    let opened = import(&project, LINES, &output).exits(PASSED);
    let after = Task::load(&project.path(""), TASK).unwrap().contract_hash;
    assert_ne!(before, after);
    opened.prints(&[
        &format!("contract {after} was {before}"),
        "stay in the ledger as another epoch, and are never compared",
        "added row_n700_f32\n",
        "dropped row_large\n",
    ]);
    assert_eq!(
        rows(&project),
        ["row_small", "rider_declined", "row_n700_f32"]
    );
    let text = project.read("rows.toml");
    assert!(text.starts_with("# Rows that behave"), "{text}");
    assert!(text.find("row_n700_f32").unwrap() < text.find("[[grid]]").unwrap());

    // What was added is frozen now.
    import(&project, LINES, &["--prefix", "row_", "--new-epoch"])
        .exits(USAGE)
        .says(&["nothing to add to axpy and nothing to drop", "0 new rows"]);
    assert_eq!(project.read("rows.toml"), text);
}

#[test]
fn an_epoch_without_drops_keeps_every_row() {
    let project = Project::new();
    import(&project, LINES, &["--new-epoch", "--prefix", "row_"])
        .exits(PASSED)
        .prints(&["never called:\n  row_large"]);
    assert_eq!(
        rows(&project),
        ["row_small", "row_large", "rider_declined", "row_n700_f32"]
    );
    let text = project.read("rows.toml");
    fs::create_dir(project.path("tasks/axpy/rows.toml.new")).unwrap();
    let more = LINES.replace("[700]", "[701]");
    import(&project, &more, &["--new-epoch", "--prefix", "row_"])
        .exits(USAGE)
        .says(&["tasks/axpy/rows.toml.new", "import again"]);
    assert_eq!(project.read("rows.toml"), text);
    import(&project, LINES, &["--drop-unseen"])
        .exits(USAGE)
        .says(&["--new-epoch"]);
}
