//! Both sides are built by the same commands, literally.

use super::{GateBook, gates};
use crate::toolchain::{Built, argv_difference};

/// Compares the recorded commands of both sides.
pub fn check_argv(baseline: &Built, candidate: &Built, book: &mut GateBook) {
    let pairs = [
        (&baseline.argv_compile, &candidate.argv_compile),
        (&baseline.argv_link, &candidate.argv_link),
    ];
    for (ours, theirs) in pairs {
        let difference = argv_difference(ours, theirs);
        book.note(
            gates::ARGV,
            difference.map(|(left, right)| {
                format!("the baseline is built with `{left}`, the candidate with `{right}`")
            }),
        );
    }
    let compilers = (baseline.compiler != candidate.compiler).then(|| {
        format!(
            "built by `{}` and by `{}`",
            baseline.compiler, candidate.compiler
        )
    });
    book.note(gates::ARGV, compilers);
}
