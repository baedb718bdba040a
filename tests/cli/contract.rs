//! Malformed and contradictory contract files: which file, which line, what was expected.

use kda::cli::exit_codes::{PASSED, USAGE};

use crate::project::Project;

/// Makes one edit, and expects `check` to point at the line that is `below` lines under it.
#[track_caller]
fn refused(file: &str, (from, to): (&str, &str), below: isize, said: &[&str]) {
    let project = Project::new();
    let line = project.edit(file, from, to) as isize + below;
    project
        .emulated("check", &[])
        .exits(USAGE)
        .prints_nothing()
        .says(&[&format!("tasks/axpy/{file}:{line}")])
        .says(said);
}

const X: &str = r#"x = { role = "in", dtype = "f32", shape = [1000] }"#;
const OUT: &str = r#"out = { role = "out", dtype = "f32", shape = [1000] }"#;

#[test]
fn a_syntax_error_is_pointed_at() {
    refused("task.toml", ("schema = 1", "schema ="), 0, &["malformed"]);
    refused(
        "rows.toml",
        (r#"task = "axpy""#, r#"task = "axpy"#),
        0,
        &["malformed", "invalid basic string"],
    );
}

#[test]
fn an_unknown_key_is_answered_with_the_known_ones() {
    refused(
        "task.toml",
        ("margin =", "margn ="),
        0,
        &["unknown field `margn`", "`margin`"],
    );
    refused(
        "rows.toml",
        ("production =", "productoin ="),
        0,
        &["unknown field `productoin`", "`production`"],
    );
}

#[test]
fn a_wrong_type_is_answered_with_the_right_one() {
    refused(
        "task.toml",
        ("margin = 0.01", r#"margin = "1 %""#),
        0,
        &["expected f64"],
    );
    refused(
        "rows.toml",
        ("production = true", r#"production = "yes""#),
        0,
        &["expected a boolean"],
    );
}

#[test]
fn a_contract_that_contradicts_itself_is_pointed_at() {
    refused(
        "task.toml",
        ("schema = 1", "schema = 99"),
        0,
        &["schema: is 99, this harness reads 1"],
    );
    refused(
        "task.toml",
        ("margin = 0.01", "margin = 1.0"),
        0,
        &["margin: is 1", "0.01 for 1 %"],
    );
    refused(
        "task.toml",
        (r#"shrink = "N""#, r#"shrink = "M""#),
        -1,
        &["entry `axpy`", "`M`, which no tensor has", "`dims`"],
    );
    refused(
        "task.toml",
        (r#"kind = "float""#, r#"kind = "enum""#),
        -4,
        &["scalar `a` has kind and values that do not fit"],
    );
    refused(
        "task.toml",
        (r#"rows = ["row_*", "#, r#"rows = ["row_[", "#),
        -1,
        &["set `main`", "glob patterns"],
    );
}

#[test]
fn a_row_past_its_declared_storage_is_refused() {
    let strided =
        r#"x = { role = "in", dtype = "f32", shape = [1000], stride = [2], storage = "s" }"#;
    let project = Project::new();
    project.edit("rows.toml", X, strided);
    let row = project.edit(
        "rows.toml",
        r#"id = "row_small""#,
        "id = \"row_small\"\nstorage = { s = 1998 }",
    );
    project
        .emulated("check", &[])
        .exits(USAGE)
        .prints_nothing()
        .says(&[
            &format!("tasks/axpy/rows.toml:{row}"),
            "`row_small`",
            "tensor `x` runs past its storage",
            "its last element is number 1998, the storage `s` has 1998",
        ]);
    // One element more, and the contract holds.
    project.edit("rows.toml", "s = 1998", "s = 1999");
    project.kda(&["show", "axpy"]).exits(PASSED);
}

#[test]
fn two_rows_of_one_id_are_refused() {
    refused(
        "rows.toml",
        (r#"id = "row_large""#, r#"id = "row_small""#),
        0,
        &["`row_small`: stands twice", "its own id"],
    );
}

#[test]
fn a_grid_without_a_case_or_with_one_twice_or_without_end_is_refused() {
    let n = "n = [0, 1, 129]";
    let endless: String = (0..20)
        .map(|axis| format!("a{axis} = [1, 2, 3], "))
        .collect();
    for (axes, said) in [
        ("n = []", "no case, or more than"),
        ("n = [1, 1]", "stands twice"),
        (&format!("{endless}n = [1]"), "no case, or more than"),
    ] {
        refused("rows.toml", (n, axes), -2, &[said]);
    }
}

#[test]
fn a_tolerance_under_which_anything_passes_is_refused() {
    for bound in ["inf", "nan", "-1.0"] {
        refused(
            "rows.toml",
            ("atol = 1e-5", &format!("atol = {bound}")),
            -3,
            &["has the tolerance", "no finite number from 0 on"],
        );
        refused(
            "task.toml",
            ("factor = 2.0", &format!("factor = {bound}")),
            -1,
            &["error_budget: has the number"],
        );
    }
}

#[test]
fn names_that_stand_twice_and_multiples_of_no_axis_are_refused() {
    refused(
        "task.toml",
        (r#"name = "y""#, r#"name = "x""#),
        -15,
        &["takes two arguments named `x`"],
    );
    refused(
        "task.toml",
        (
            r#"shrink = "N""#,
            "shrink = \"N\"\nshrink_multiple_of = [\"M\"]",
        ),
        -1,
        &["a multiple of `M`, which no tensor has"],
    );
}

#[test]
fn a_missing_tensor_and_an_unknown_one_are_named() {
    refused(
        "rows.toml",
        (X, ""),
        -7,
        &["`row_small`: tensor `x` is missing"],
    );
    refused(
        "rows.toml",
        (X, &format!("z{}", &X[1..])),
        -7,
        &["entry `axpy` takes no tensor `z`"],
    );
}

#[test]
fn an_unknown_entry_scalar_and_word_are_named() {
    refused(
        "rows.toml",
        (r#"entry = "axpy""#, r#"entry = "axpby""#),
        -1,
        &["the contract has no entry `axpby`"],
    );
    refused(
        "rows.toml",
        ("a = 1.5,", "a = 1.5, b = 2,"),
        -5,
        &["takes no scalar `b`"],
    );
    refused(
        "rows.toml",
        ("a = 1.5,", ""),
        -5,
        &["scalar `a` is missing"],
    );
    refused(
        "rows.toml",
        (r#"conduct = "proper""#, r#"conduct = "perfect""#),
        -5,
        &[r#"scalar `conduct` cannot be "perfect""#],
    );
}

#[test]
fn an_unknown_dtype_is_answered_with_the_known_ones() {
    refused(
        "rows.toml",
        (r#"dtype = "f32""#, r#"dtype = "fp32""#),
        -7,
        &["`fp32` is no dtype", "bf16", "f64", "bool"],
    );
}

#[test]
fn an_output_that_overlaps_itself_is_refused_and_an_input_may() {
    let overlapping = "shape = [1000], stride = [0]";
    refused(
        "rows.toml",
        (OUT, &OUT.replace("shape = [1000]", overlapping)),
        -9,
        &["tensor `out`", "its strides make elements overlap"],
    );
    let project = Project::new();
    project.edit("rows.toml", X, &X.replace("shape = [1000]", overlapping));
    project.kda(&["show", "axpy"]).exits(PASSED);
}

#[test]
fn strides_and_sizes_that_cannot_be_are_refused() {
    for (written, said) in [
        (
            "shape = [1000], stride = [1, 1]",
            "has 1 sizes and 2 strides",
        ),
        (
            "shape = [1000], stride = [-1]",
            "has the negative stride -1",
        ),
        ("shape = [-5]", "has the negative size -5"),
        (
            "shape = [0, 1099511627776, 2]",
            "has more than 1099511627776 elements",
        ),
        (
            "shape = [1000], stride = [9223372036854775807]",
            "reaches beyond element 1099511627776",
        ),
        (
            r#"shape = [1000], fill = { kind = "integers", low = 2, high = 2 }"#,
            "draws integers of [2, 2)",
        ),
    ] {
        refused(
            "rows.toml",
            (X, &X.replace("shape = [1000]", written)),
            -7,
            &[said],
        );
    }
}

#[test]
fn a_bad_expression_of_a_grid_is_quoted() {
    for (expression, said) in [
        ("n *", "found the end"),
        ("n n", "expected an operator before `n`"),
        ("m / 2", "`m` is not an integer axis of this grid"),
        ("(n + 1) / 2", "is not a whole number"),
    ] {
        let project = Project::new();
        let grid = project.edit("rows.toml", r#"name = "sizes""#, r#"name = "sizes""#);
        project.edit(
            "rows.toml",
            r#"shape = ["n"]"#,
            &format!("shape = [\"{expression}\"]"),
        );
        project
            .emulated("check", &[])
            .exits(USAGE)
            .prints_nothing()
            .says(&[&format!("tasks/axpy/rows.toml:{grid}"), "`sizes/", said])
            .says(&[&format!("`{expression}`")]);
    }
}

#[test]
fn a_when_that_matches_no_axis_is_named() {
    refused(
        "rows.toml",
        (
            r#"match = { dtype = "f16" }"#,
            r#"match = { type = "f16" }"#,
        ),
        -10,
        &["`match` names `type`, which is no axis"],
    );
}

#[test]
fn a_row_in_no_set_is_refused() {
    let project = Project::new();
    project.edit("task.toml", r#", "rider_*"]"#, "]");
    let row = project.edit(
        "rows.toml",
        r#"id = "rider_declined""#,
        r#"id = "rider_declined""#,
    );
    project
        .emulated("check", &[])
        .exits(USAGE)
        .prints_nothing()
        .says(&[
            &format!("tasks/axpy/rows.toml:{row}"),
            "`rider_declined`: belongs to no row set",
            "`[[set]]` of task.toml",
        ]);
}

#[test]
fn rows_of_another_task_are_refused() {
    refused(
        "rows.toml",
        (r#"task = "axpy""#, r#"task = "gemm""#),
        0,
        &["is `gemm`", "expected `axpy`"],
    );
}

#[test]
fn a_missing_contract_file_is_named() {
    let project = Project::new();
    std::fs::remove_file(project.path("tasks/axpy/rows.toml")).unwrap();
    project.emulated("check", &[]).exits(USAGE).says(&[
        "reading",
        "tasks/axpy/rows.toml",
        "No such file",
    ]);
}
