//! How often a word is wrong.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::device::{Device, MARGIN, QUIET};
use crate::ledger::Verdict;
use crate::stats::{Estimate, verdicts};

#[test]
fn identical_code_is_called_different_in_one_family_of_twenty_at_most() {
    const FAMILIES: u64 = 4000;
    const ROWS: usize = 25;
    let same = Device {
        speedup: 1.0,
        ..QUIET
    };
    let (alone, family) = (0..FAMILIES)
        .into_par_iter()
        .map(|family| {
            let mut rng = ChaCha8Rng::seed_from_u64(family);
            let rows: Vec<_> = (0..ROWS).map(|_| Some(same.row(&mut rng))).collect();
            let differs = |verdict: &Verdict| {
                matches!(
                    verdict,
                    Verdict::Material | Verdict::Faster | Verdict::Slower
                )
            };
            let alone = rows
                .iter()
                .filter(|row| differs(&verdicts(&[**row], MARGIN, 0.95)[0]))
                .count();
            let family = verdicts(&rows, MARGIN, 0.95).iter().any(differs);
            (alone, usize::from(family))
        })
        .reduce(|| (0, 0), |one, other| (one.0 + other.0, one.1 + other.1));
    let alone = alone as f64 / (FAMILIES as usize * ROWS) as f64;
    let family = family as f64 / FAMILIES as f64;
    println!(
        "false faster or slower: {:.1} % of rows alone, {:.1} % of families of {ROWS} after Holm",
        1e2 * alone,
        1e2 * family
    );
    assert!(alone <= at_most(0.05, FAMILIES as usize * ROWS), "{alone}");
    assert!(family <= at_most(0.05, FAMILIES as usize), "{family}");
}

#[test]
fn a_row_on_the_margin_passes_for_equal_once_in_twenty_at_most() {
    const ROWS: u64 = 10_000;
    let on_margin = Device {
        speedup: 1.0 + MARGIN,
        ..QUIET
    };
    let rows: Vec<Estimate> = (0..ROWS)
        .into_par_iter()
        .map(|row| on_margin.row(&mut ChaCha8Rng::seed_from_u64(row)))
        .collect();
    let share = |passes: &dyn Fn(&Estimate) -> bool| {
        rows.iter().filter(|row| passes(row)).count() as f64 / ROWS as f64
    };
    let tests = share(&|row| row.p_beyond(MARGIN.ln_1p()) < 0.05);
    let words = share(&|row| verdicts(&[Some(*row)], MARGIN, 0.95)[0] == Verdict::Equal);
    println!(
        "on the margin: {:.1} % pass the two one-sided tests, {:.1} % are called equal",
        1e2 * tests,
        1e2 * words
    );
    assert!(
        tests > 0.04 && tests <= at_most(0.05, ROWS as usize),
        "{tests}"
    );
    assert!(words <= tests, "{words}");
}

/// `rate`, and three standard errors of a share of so many trials.
fn at_most(rate: f64, trials: usize) -> f64 {
    rate + 3.0 * (rate * (1.0 - rate) / trials as f64).sqrt()
}
