use std::time::{Duration, Instant};

use kda::toolchain::{Target, argv_difference};

use crate::fixture::{Fixture, TASK, candidate, toolchain};

#[test]
fn both_sides_and_the_oracle_are_built_by_one_argument_vector() {
    let fixture = Fixture::new();
    let libraries = toolchain()
        .build_task(&fixture.project(), TASK, &Target::Emulated)
        .expect("the fixture should compile");
    let (baseline, candidate) = (&libraries.baseline, &libraries.candidate);
    assert_eq!(
        argv_difference(&baseline.argv_compile, &candidate.argv_compile),
        None
    );
    assert_eq!(
        argv_difference(&baseline.argv_link, &candidate.argv_link),
        None
    );
    assert_eq!(baseline.imports, candidate.imports);
    assert!(libraries.oracle.library.is_file());
}

#[test]
fn an_unchanged_side_is_found_in_milliseconds() {
    let fixture = Fixture::new();
    let (toolchain, project) = (toolchain(), fixture.project());
    let unit = candidate(Target::Emulated);
    let first = toolchain
        .build(&project, TASK, &unit)
        .expect("it should compile");
    let started = Instant::now();
    let second = toolchain
        .build(&project, TASK, &unit)
        .expect("it should be found");
    assert_eq!(first, second);
    assert!(
        started.elapsed() < Duration::from_millis(50),
        "took {:?}",
        started.elapsed()
    );
}

#[test]
fn an_edited_include_rebuilds_and_an_undone_edit_is_found_again() {
    let fixture = Fixture::new();
    let (toolchain, project) = (toolchain(), fixture.project());
    let unit = candidate(Target::Emulated);
    let first = toolchain
        .build(&project, TASK, &unit)
        .expect("it should compile");
    fixture.edit("sides.h", "return 0;", "return 256;");
    let edited = toolchain
        .build(&project, TASK, &unit)
        .expect("it should compile");
    assert_ne!(first.source_hash, edited.source_hash);
    assert_ne!(first.object_hash, edited.object_hash);
    fixture.edit("sides.h", "return 256;", "return 0;");
    let undone = toolchain
        .build(&project, TASK, &unit)
        .expect("it should be found");
    assert_eq!(first, undone);
}

#[test]
fn a_damaged_library_is_rebuilt() {
    let fixture = Fixture::new();
    let (toolchain, project) = (toolchain(), fixture.project());
    let unit = candidate(Target::Emulated);
    let first = toolchain
        .build(&project, TASK, &unit)
        .expect("it should compile");
    std::fs::write(&first.library, "half a file").expect("the library should be writable");
    let second = toolchain
        .build(&project, TASK, &unit)
        .expect("it should compile");
    assert_eq!(first.object_hash, second.object_hash);
    assert!(std::fs::metadata(&second.library).is_ok_and(|m| m.len() > 1000));
}

#[test]
fn old_records_are_dropped_and_nothing_is_left_of_building() {
    let fixture = Fixture::new();
    let (toolchain, project) = (toolchain(), fixture.project());
    let unit = candidate(Target::Emulated);
    for edit in 0..20 {
        fixture.edit(
            "candidate.cu",
            "// y = a + b;",
            &format!("// edit {edit}\n// y = a + b;"),
        );
        toolchain
            .build(&project, TASK, &unit)
            .expect("it should compile");
    }
    let folder = fixture.path("build").join(TASK).join("candidate-emulated");
    let names: Vec<_> = std::fs::read_dir(folder)
        .expect("the cache should be there")
        .map(|entry| {
            entry
                .expect("a readable entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    let of_kind = |end: &str| names.iter().filter(|name| name.ends_with(end)).count();
    assert_eq!(of_kind(".toml"), 16);
    assert_eq!(of_kind(".so"), 1, "comments change no code: {names:?}");
    assert_eq!(names.len(), 17);
}
