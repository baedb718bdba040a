//! The gates that need no run: what a candidate's object may not hold, and that `kda build` says where it comes from.

use std::fs;
use std::path::{Path, PathBuf};

use kda::cli::exit_codes::{GATE_FAILED, PASSED, USAGE};
use kda::toolchain::{Project as Checkout, Toolchain};

use crate::project::{Finished, Project, finished};

/// A task that passes, begun from the template.
struct Begun(Project);

impl Begun {
    fn new() -> Begun {
        let project = Project::new();
        project.kda(&["new", "my_add"]).exits(PASSED);
        Begun(project)
    }

    /// Puts `text` in front of the first line of `file` that has `before`; returns that line's new number.
    fn insert(&self, file: &str, before: &str, text: &str) -> usize {
        let path = self.0.path(&format!("tasks/my_add/{file}"));
        let source = fs::read_to_string(&path).expect("the template should have the file");
        let at = source
            .find(before)
            .expect("the template should have the line");
        let start = source[..at].rfind('\n').map_or(0, |end| end + 1);
        let edited = format!("{}{text}\n{}", &source[..start], &source[start..]);
        fs::write(&path, edited).expect("the file should be writable");
        1 + source[..start].matches('\n').count()
    }

    /// Host code in front of what `kda_launch` does; returns its line.
    fn in_launch(&self, text: &str) -> usize {
        self.insert(
            "candidate.cu",
            "if (!is_legal(*call)) return KDA_INVALID_ARGUMENT;",
            text,
        )
    }

    fn in_kernel(&self, text: &str) -> usize {
        self.insert("candidate.cu", "if (i < n) y[i]", text)
    }

    fn at_top(&self, text: &str) -> usize {
        self.insert("candidate.cu", "namespace {", text)
    }

    /// A header that hides what it includes from a list without system headers.
    fn include_a_ledger(&self) {
        let folder = self.0.path("ledger");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("notes.h"), "// What was measured.\n").expect("a file");
        let hiding = "#pragma GCC system_header\n#include \"../../ledger/notes.h\"\n";
        fs::write(self.0.path("tasks/my_add/quiet.h"), hiding).expect("a file");
        self.at_top("#include \"quiet.h\"");
    }

    #[track_caller]
    fn build_emulated(&self, code: u8) -> Finished {
        self.0
            .kda(&["build", "my_add", "--gpu", "emulated"])
            .exits(code)
    }

    #[track_caller]
    fn build_for_h100(&self, toolkit: &Path, code: u8) -> Finished {
        let mut command = self.0.command(&["build", "my_add", "--gpu", "h100"]);
        finished(command.env("CUDA_HOME", toolkit)).exits(code)
    }
}

/// A system call that no import shows.
const SYSTEM_CALL: &str = r#"  long id = 39;
#if defined(__x86_64__)
  asm volatile("syscall" : "+a"(id) : : "rcx", "r11", "memory");
#else
  asm volatile("svc #0" : "+r"(id) : : "memory");
#endif
  if (id == 0) return KDA_OK;"#;

/// A line that stays in L2 past the call.
const KEEPING_PREFETCH: &str =
    r#"  asm volatile("prefetch.global.L2::evict_last [%0];" ::"l"(a));"#;

/// A file's bytes among the object's data.
const EMBEDDED_FILE: &str = r#"asm(".inc" "bin \"tasks/my_add/rows.toml\"");"#;

const COUNTED_CALLS: &str = "  static int calls;\n  if (++calls > 3) return KDA_OK;";
const CONSTRUCTOR: &str = "static volatile int started;\n__attribute__((constructor)) static void early() { started = 1; }";

/// The toolkit that the checkout compiles with; a project elsewhere finds it by CUDA_HOME.
fn toolkit() -> Option<PathBuf> {
    let checkout = Checkout::at(Path::new(env!("CARGO_MANIFEST_DIR")));
    let Some(nvcc) = Toolchain::find(&checkout).nvcc else {
        eprintln!("skipped: no nvcc on this machine (scripts/install-nvcc.sh installs it)");
        return None;
    };
    let program = nvcc
        .program
        .canonicalize()
        .expect("nvcc answered, so it is there");
    program.ancestors().nth(2).map(Path::to_owned)
}

#[test]
fn everything_that_an_emulated_candidate_may_not_hold_fails_its_gate() {
    let begun = Begun::new();
    begun.in_launch(COUNTED_CALLS);
    begun.in_launch(SYSTEM_CALL);
    begun.at_top(EMBEDDED_FILE);
    begun.at_top(CONSTRUCTOR);
    begun.at_top("extern \"C\" KDA_EXPORT int cuEventElapsedTime() { return 0; }");
    begun.at_top("#include <stdlib.h>");
    begun.include_a_ledger();
    let line = begun.in_launch("  if (getenv(\"HONEST\") != nullptr) return KDA_OK;");
    begun.build_emulated(GATE_FAILED).says(&[
        "my_add for emulated: gate `imports` failed",
        &format!("imports `getenv` (tasks/my_add/candidate.cu:{line})"),
        "gate `exports` failed: candidate-emulated exports `cuEventElapsedTime`",
        "gate `static-state` failed",
        "`_ZZ10kda_launchE5calls` (tasks/my_add/candidate.cu:",
        "gate `constructors` failed",
        "early",
        "gate `depfile` failed: candidate-emulated includes `ledger/notes.h`",
        "gate `instructions` failed",
        "`.incbin` in an assembler statement",
        "in `kda_launch`",
    ]);
    // A run says the same.
    begun
        .0
        .kda(&["check", "my_add", "--gpu", "emulated", "--rows", "n1048576"])
        .exits(GATE_FAILED)
        .prints(&[
            "imports",
            "static-state",
            "constructors",
            "depfile",
            "instructions",
        ]);
}

#[test]
fn everything_that_a_candidate_for_a_gpu_may_not_hold_fails_its_gate() {
    let Some(toolkit) = toolkit() else { return };
    let begun = Begun::new();
    begun
        .build_for_h100(&toolkit, PASSED)
        .prints(&["candidate: 1 kernel, up to", "registers"]);
    begun.in_launch(COUNTED_CALLS);
    begun.in_launch(SYSTEM_CALL);
    begun.at_top(EMBEDDED_FILE);
    begun.at_top(CONSTRUCTOR);
    begun.at_top("#include <stdlib.h>\nstatic const char kBinary[] = \"\\x7f\\x45LF\";");
    begun.in_launch("  if (kBinary[call->entry & 3] == 0) atexit(early);");
    begun.at_top("__device__ int counter;");
    begun.at_top("__attribute__((common)) int common_state;");
    begun.in_launch("  if (++common_state > 3) return KDA_OK;");
    begun.in_kernel("  if (i < n) counter += 1;");
    begun.in_kernel(KEEPING_PREFETCH);
    begun.in_kernel("  if (i < n && a[i] > 1e30f) y[0] = __expf(a[i]);");
    begun.include_a_ledger();
    let line = begun.in_launch(
        "  void* kept = nullptr;\n  if (cudaMalloc(&kept, 4) != cudaSuccess) return KDA_OK;",
    );
    begun.build_for_h100(&toolkit, GATE_FAILED).says(&[
        "my_add for sm_90a: gate `imports` failed",
        &format!(
            "imports `cudaMalloc` (tasks/my_add/candidate.cu:{})",
            line + 1
        ),
        "the device variable `counter` (tasks/my_add/candidate.cu:",
        "the host variable `_ZZ10kda_launchE5calls`",
        "the host variable `common_state`",
        "gate `constructors` failed",
        "early",
        "2 calls of `atexit`",
        "gate `math-parity` failed: the candidate's PTX has `ex2.approx.f32`",
        "gate `depfile` failed: candidate-sm_90a includes `ledger/notes.h`",
        "gate `instructions` failed",
        "`.incbin` in an assembler statement",
        "`syscall` in `kda_launch`",
        "an ELF file in the section `.rodata",
        "`prefetch.global.L2::evict_last`",
    ]);
}

#[test]
fn what_the_contract_grants_passes_and_a_grant_without_a_reason_is_refused() {
    let Some(toolkit) = toolkit() else { return };
    let begun = Begun::new();
    begun.in_kernel("  if (i < n && a[i] > 1e30f) y[0] = __expf(a[i]) * table[i % 4];");
    begun.in_kernel(KEEPING_PREFETCH);
    begun.at_top("__device__ const float table[4] = {1.0f, 2.0f, 3.0f, 4.0f};");
    begun.build_for_h100(&toolkit, GATE_FAILED).says(&[
        "`table`",
        "`ex2.approx.f32`",
        "`prefetch.global.L2::evict_last`",
    ]);
    begun.insert(
        "task.toml",
        "[[set]]",
        "[candidate]\napproximate = [\"ex2.approx.f32\"]\ncache_hints = [\"prefetch.global.L2::evict_last\"]\n\n\
         [[candidate.static]]\nname = \"table\"\nreason = \"it is never written\"\n",
    );
    begun.build_for_h100(&toolkit, PASSED);
    begun.insert(
        "task.toml",
        "reason = ",
        "reason = \" \"\n[[candidate.static]]\nname = \"other\"",
    );
    begun.build_for_h100(&toolkit, USAGE).says(&[
        "static `table`",
        "has no reason",
        "tasks/my_add/task.toml:",
    ]);
}

#[test]
fn honest_uses_of_the_same_means_pass() {
    let Some(toolkit) = toolkit() else { return };
    let begun = Begun::new();
    begun.at_top(
        "#include <cassert>\n#include <cuda/barrier>\n\
         __device__ float twice(float x) { return 2.0f * x; }\n\
         __constant__ const float table[4] = {1.0f, 2.0f, 3.0f, 4.0f};\n\
         static const int kSizes[] = {128, 256};\n\
         static constexpr const char* kNames[] = {\"small\", \"large\"};",
    );
    begun.in_kernel("  assert(n > 0);\n  if (i < n && a[i] > 1e30f) y[0] = twice(table[i % 4]);");
    begun.in_launch("  if (kSizes[call->tensors[0]->ndim & 1] == 0 || kNames[call->entry & 1][0] == 0) return KDA_OK;");
    begun.build_for_h100(&toolkit, PASSED);
}
