use std::fs;
use std::os::unix::fs::PermissionsExt;

use kda::toolchain::{Arch, BuildError, ObjectFacts, Target, Toolchain, Unit};

use crate::fixture::{Fixture, TASK, candidate, toolchain};

const KERNEL_START: &str = "  const int64_t i = static_cast<int64_t>(blockIdx.x)";

#[test]
fn a_kernel_is_described_as_its_assembler_describes_it() {
    let (fixture, toolchain) = (Fixture::new(), toolchain());
    if toolchain.nvcc.is_none() {
        eprintln!("skipped: no nvcc on this machine (scripts/install-nvcc.sh installs it)");
        return;
    }
    let libraries = toolchain
        .build_task(&fixture.project(), TASK, &Target::configured())
        .expect("the fixture should compile");
    let (baseline, before) = (&libraries.baseline.facts, &libraries.candidate.facts);
    let [kernel] = &before.kernels[..] else {
        panic!("one kernel, of the first architecture: {before:?}");
    };
    assert!(kernel.name.contains("add_kernel"), "{kernel:?}");
    assert!((8..=64).contains(&kernel.registers), "{kernel:?}");
    assert_eq!((kernel.static_shared_bytes, kernel.local_bytes), (0, 0));
    assert_eq!(before.device_globals, []);
    assert_eq!(libraries.oracle.facts, ObjectFacts::default());

    fixture.edit(
        "candidate.cu",
        KERNEL_START,
        "  __shared__ float shared[64];\n  float local[32];\n\
         for (int j = 0; j < 32; ++j) local[(j * static_cast<int>(n)) & 31] = a[j];\n\
         shared[threadIdx.x & 63] = local[n & 31];\n  __syncthreads();\n  y[0] = shared[n & 63];\n\
           const int64_t i = static_cast<int64_t>(blockIdx.x)",
    );
    let edited = toolchain
        .build(
            &fixture.project(),
            TASK,
            &candidate(Target::cuda(Arch::Sm90a)),
        )
        .expect("it should compile");
    let [edited] = &edited.facts.kernels[..] else {
        panic!("one kernel: {:?}", edited.facts);
    };
    assert_eq!((edited.static_shared_bytes, edited.local_bytes), (256, 128));
    assert_eq!(edited.name, kernel.name);
    assert_ne!(edited.code_hash, kernel.code_hash);
    assert_ne!(baseline.kernels, []);
}

#[test]
fn a_record_without_facts_is_rebuilt() {
    let (fixture, toolchain) = (Fixture::new(), toolchain());
    let unit = candidate(Target::Emulated);
    let build = || {
        toolchain
            .build(&fixture.project(), TASK, &unit)
            .expect("it should compile")
    };
    let first = build();
    let record = fs::read_dir(fixture.path("build").join(TASK).join("candidate-emulated"))
        .expect("the cache should be there")
        .map(|entry| entry.expect("a readable entry").path())
        .find(|path| path.extension().is_some_and(|end| end == "toml"))
        .expect("a record");
    let text = fs::read_to_string(&record).expect("the record should be readable");
    let (older, _) = text.split_once("[facts]").expect("facts stand last");
    fs::write(&record, older).expect("the record should be writable");
    assert_eq!(build(), first);
    assert_eq!(fs::read_to_string(&record).expect("a record"), text);
}

/// The host's compiler, with `then` done after each compilation of an object.
fn compiler_and(fixture: &Fixture, then: &str) -> Toolchain {
    let mut toolchain = toolchain();
    let host = toolchain.host.as_mut().expect("tests need a C++ compiler");
    let script = fixture.path("c++");
    let text = format!(
        "#!/bin/sh\n'{}' \"$@\" || exit 1\ncase \"$*\" in *' -c '*) {then} ;; esac\n",
        host.program.display()
    );
    fs::write(&script, text).expect("the script should be writable");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
        .expect("it should be executable");
    host.program = script;
    toolchain
}

#[test]
fn a_source_that_changes_while_it_is_compiled_is_compiled_as_it_is_hashed() {
    let fixture = Fixture::new();
    let (unit, project) = (Unit::Oracle, fixture.project());
    let source = fixture.path("tasks/vector_add/oracle.cpp");
    let text = fs::read_to_string(&source).expect("the fixture should have an oracle");
    let edited = fixture.path("edited.cpp");
    let changed = text.replacen("+ b[i]", "- b[i]", 1);
    assert_ne!(changed, text);
    fs::write(&edited, changed).expect("a file");
    // Its time of modification is that of the edited copy, long before the compilation.
    let old = fs::File::open(&edited).expect("the copy should open");
    old.set_modified(std::time::UNIX_EPOCH)
        .expect("its time should be settable");
    let then = format!(
        "[ -e '{0}/done' ] || {{ touch '{0}/done'; cp -p '{1}' '{2}'; }}",
        project.root().display(),
        edited.display(),
        source.display()
    );
    let built = compiler_and(&fixture, &then)
        .build(&project, TASK, &unit)
        .expect("the second compilation should stand");
    let hash = |path| kda::toolchain::file_hash(path).expect("a readable file");
    assert_eq!(built.dependencies[0].hash, hash(&source));
    assert_eq!(built.dependencies[0].hash, hash(&edited));

    let elsewhere = Fixture::new();
    fs::copy(&edited, elsewhere.path("tasks/vector_add/oracle.cpp"))
        .expect("the copy should be copied");
    let alone = toolchain()
        .build(&elsewhere.project(), TASK, &unit)
        .expect("it should compile");
    assert_eq!(built.object_hash, alone.object_hash);
}

#[test]
fn sources_that_keep_changing_are_given_up() {
    let fixture = Fixture::new();
    let source = fixture.path("tasks/vector_add/oracle.cpp");
    let error = compiler_and(
        &fixture,
        &format!("echo '// again' >> '{}'", source.display()),
    )
    .build(&fixture.project(), TASK, &Unit::Oracle)
    .expect_err("no compilation saw what is there now");
    assert!(matches!(error, BuildError::Moving { .. }), "{error}");
}
