//! What holds for every case that is read, and for every message about one that is not.

use std::collections::BTreeSet;

use super::super::error::SourceText;
use super::super::rows::Rows;
use crate::task::{Case, Contract, Expect, ShrinkLimit, TaskError, shrink};

pub(super) fn text(text: &str) -> SourceText {
    SourceText {
        file: "fuzzed.toml".to_owned(),
        text: text.to_owned(),
    }
}

/// The message with the place that it points at, as the terminal shows it.
pub(super) fn shown(error: &TaskError) {
    let mut shown = String::new();
    miette::GraphicalReportHandler::new()
        .render_report(&mut shown, error)
        .expect("a string takes any write");
    assert!(!shown.is_empty());
}

/// What every case must be that a run may be given, whole or shortened.
fn assert_sound(case: &Case) {
    for spec in case.present() {
        assert_eq!(spec.shape.len(), spec.strides.len());
        let end = spec.extent() as u64 * spec.dtype.bytes() as u64;
        assert!(
            end <= case.storage_bytes[spec.storage],
            "{}: {end}",
            spec.name
        );
        assert!(spec.elements() <= 1 << 40 && spec.fill.fault().is_none());
    }
    let Some(bytes) = case.moved_bytes().checked_add(case.output_bytes()) else {
        panic!("sizes overflow")
    };
    assert!(bytes < 1 << 60);
    for part in [case.tolerance.atol, case.tolerance.rtol] {
        assert!(part.is_finite() && part >= 0.0);
    }
    if case.expect == Expect::Accepted {
        for output in case.outputs() {
            let sharing = case
                .present()
                .filter(|other| other.storage == output.storage);
            assert_eq!(sharing.count(), 1, "{}", output.name);
        }
    }
    let wire = rmp_serde::to_vec_named(case).expect("a case should be sent");
    let arrived: Case = rmp_serde::from_slice(&wire).expect("a case should arrive");
    assert_eq!(
        rmp_serde::to_vec_named(&arrived).expect("it should be sent on"),
        wire
    );
}

pub(super) fn assert_all_sound(rows: &Rows, contract: &Contract) {
    let mut ids = BTreeSet::new();
    for case in rows.rows.iter().chain(&rows.grid) {
        assert!(ids.insert(&case.id), "`{}` stands twice", case.id);
        assert_sound(case);
        assert_sound(&shrink(
            case,
            &contract.entries[case.entry],
            ShrinkLimit(1 << 15),
        ));
    }
}
