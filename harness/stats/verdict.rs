//! One word for each row, with the family of rows held to one error rate.
//!
//! Three kinds of claim, each with its own family over the rows of a run. With a chance of at least `confidence` no row
//! is called different that is not, or that differs the other way; with that chance no row is called material that is
//! within the margin; and with that chance none is called equal that is not. So a run whose rows could make all three
//! mistakes makes one or more of them with a chance of up to three times 1 - `confidence`. What is not covered: other
//! runs, other lanes, and a set that a reader picks by its words and then averages.

use super::Estimate;
use crate::ledger::Verdict;

/// Verdicts over one family of rows; a row without an estimate is inconclusive.
///
/// - *Faster*, *slower*: the two-sided test against a ratio of 1, corrected by Holm over the family.
/// - *Material*: faster, and the same test against 1 + `margin` (0.01 is 1 %), corrected likewise.
/// - *Equal*: neither, and two one-sided tests against the margin on either side, corrected likewise. That all rows are
///   equal would need no correction, since each must pass (R. L. Berger, Technometrics 24, 1982); but a row's word is
///   read alone, and of many rows on the margin one would pass by luck.
/// - *Inconclusive* otherwise: a wide interval never reads as "no difference".
///
/// With one row the first two are the 95 % interval clearing 1, or 1 + `margin`, and the third is the 90 % interval
/// within the margin.
pub fn verdicts(rows: &[Option<Estimate>], margin: f64, confidence: f64) -> Vec<Verdict> {
    let family: Vec<Estimate> = rows.iter().flatten().copied().collect();
    let alpha = 1.0 - confidence;
    let margin = margin.ln_1p();
    let differs = adjusted(&family, Estimate::p_differs);
    // Doubled, so that one side is held to the level that it has within the two-sided interval.
    let material = adjusted(&family, |row| (2.0 * row.p_exceeds(margin)).min(1.0));
    let equal = adjusted(&family, |row| row.p_beyond(margin));

    let mut judged = (0..family.len()).map(|row| {
        if differs[row] >= alpha {
            if equal[row] < alpha {
                Verdict::Equal
            } else {
                Verdict::Inconclusive
            }
        } else if family[row].log_speedup < 0.0 {
            Verdict::Slower
        } else if material[row] < alpha {
            Verdict::Material
        } else {
            Verdict::Faster
        }
    });
    rows.iter()
        .map(|row| {
            row.and_then(|_| judged.next())
                .unwrap_or(Verdict::Inconclusive)
        })
        .collect()
}

/// The word of one row by itself.
pub(super) fn verdict_alone(row: Estimate, margin: f64, confidence: f64) -> Verdict {
    verdicts(&[Some(row)], margin, confidence)[0]
}

fn adjusted(family: &[Estimate], p_value: impl Fn(&Estimate) -> f64) -> Vec<f64> {
    holm(family.iter().map(p_value).collect())
}

/// Adjusted p-values, in the order given (S. Holm, Scand. J. Statist. 6, 1979).
fn holm(p_values: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = p_values;
    let mut largest: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        let tests_left = (order.len() - rank) as f64;
        largest = largest.max((adjusted[index] * tests_left).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(speedup: f64, std_error: f64) -> Option<Estimate> {
        Some(Estimate {
            log_speedup: speedup.ln(),
            std_error,
            processes: 5,
        })
    }

    fn verdict(speedup: f64, std_error: f64) -> Verdict {
        verdicts(&[row(speedup, std_error)], 0.01, 0.95)[0]
    }

    #[test]
    fn each_word_has_its_case() {
        assert_eq!(verdict(1.05, 0.002), Verdict::Material);
        assert_eq!(verdict(1.012, 0.002), Verdict::Faster);
        assert_eq!(verdict(1.001, 0.002), Verdict::Equal);
        assert_eq!(verdict(0.98, 0.002), Verdict::Slower);
        assert_eq!(verdict(1.02, 0.02), Verdict::Inconclusive);
    }

    #[test]
    fn a_wide_interval_around_one_is_not_equal() {
        assert_eq!(verdict(1.0, 0.01), Verdict::Inconclusive);
    }

    #[test]
    fn a_row_alone_is_faster_just_when_its_interval_clears_one() {
        for speedup in [1.0054, 1.0055, 1.0056, 1.0057] {
            let estimate = row(speedup, 0.002).expect("made just now");
            let clears = estimate.interval(0.95).low > 1.0;
            assert_eq!(
                verdict(speedup, 0.002) == Verdict::Faster,
                clears,
                "at {speedup}"
            );
        }
    }

    #[test]
    fn a_row_that_clears_one_alone_may_not_among_many() {
        let mut family = vec![row(1.03, 0.01); 1];
        assert_eq!(verdicts(&family, 0.01, 0.95)[0], Verdict::Faster);
        family.extend(vec![row(1.0, 0.01); 24]);
        assert_eq!(verdicts(&family, 0.01, 0.95)[0], Verdict::Inconclusive);
    }

    #[test]
    fn a_row_alone_is_equal_just_when_its_90_percent_interval_is_within_the_margin() {
        for std_error in [0.0038, 0.0043, 0.0045, 0.0047, 0.0049] {
            let estimate = row(1.0, std_error).expect("made just now");
            let within = estimate.half_width(0.90) < 0.01f64.ln_1p();
            assert_eq!(
                verdict(1.0, std_error) == Verdict::Equal,
                within,
                "at {std_error}"
            );
        }
    }

    #[test]
    fn a_row_that_is_equal_alone_may_not_be_among_rows_that_are_not() {
        let mut family = vec![row(1.0, 0.004); 1];
        assert_eq!(verdicts(&family, 0.01, 0.95)[0], Verdict::Equal);
        family.extend(vec![row(1.0, 0.01); 24]);
        assert_eq!(verdicts(&family, 0.01, 0.95)[0], Verdict::Inconclusive);
    }

    #[test]
    fn a_row_without_an_estimate_is_inconclusive_and_does_not_shift_the_others() {
        let rows = [None, row(1.05, 0.001), None, row(0.95, 0.001)];
        let words = [
            Verdict::Inconclusive,
            Verdict::Material,
            Verdict::Inconclusive,
            Verdict::Slower,
        ];
        assert_eq!(verdicts(&rows, 0.01, 0.95), words);
    }

    #[test]
    fn holm_multiplies_by_the_tests_left_and_never_falls() {
        let adjusted = holm(vec![0.04, 0.01, 0.03]);
        for (found, expected) in adjusted.iter().zip([0.06, 0.03, 0.06]) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    proptest! {
        #[test]
        fn swapping_sides_swaps_the_words(log in -0.05..0.05f64, std_error in 0.0001..0.02f64) {
            let (one, other) = (verdict(log.exp(), std_error), verdict((-log).exp(), std_error));
            match one {
                Verdict::Material | Verdict::Faster => prop_assert_eq!(other, Verdict::Slower),
                Verdict::Slower => prop_assert!(matches!(other, Verdict::Material | Verdict::Faster)),
                Verdict::Equal | Verdict::Inconclusive => prop_assert_eq!(other, one),
            }
        }
    }
}
