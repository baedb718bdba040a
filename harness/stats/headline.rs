//! One figure over a set of rows.

use super::Estimate;
use crate::ledger::Headline;

/// One production row as the headline sees it.
#[derive(Clone, Copy, Debug)]
pub struct HeadlineRow<'a> {
    /// Log speedup of each process, in process order.
    pub process_log_speedups: &'a [f64],
    /// The candidate declined.
    pub fallback: bool,
}

impl<'a> From<&'a (Vec<f64>, bool)> for HeadlineRow<'a> {
    /// Log speedups by process, and whether the row fell back.
    fn from((logs, fallback): &'a (Vec<f64>, bool)) -> Self {
        Self {
            process_log_speedups: logs,
            fallback: *fallback,
        }
    }
}

/// Equal-weight geometric mean of speedups over `rows`, with a t interval over processes.
///
/// The mean over rows is taken within each process, so that what rows of one process share stays in the interval.
/// `None` without rows, below two processes, or where rows differ in how many processes they have.
pub fn headline(rows: &[HeadlineRow<'_>], confidence: f64) -> Option<Headline> {
    let estimate = mean_over_rows(rows.iter().map(|row| row.process_log_speedups))?;
    let interval = estimate.interval(confidence);
    Some(Headline {
        speedup: interval.speedup,
        low: interval.low,
        high: interval.high,
        rows: rows.len(),
        fallback_rows: rows.iter().filter(|row| row.fallback).count(),
        processes: estimate.processes,
    })
}

/// Mean over rows within each process, then over processes.
///
/// `None` without rows, below two processes, or where rows differ in how many processes they have.
pub fn mean_over_rows<'a>(rows: impl Iterator<Item = &'a [f64]>) -> Option<Estimate> {
    let rows: Vec<&[f64]> = rows.collect();
    let processes = rows.first()?.len();
    if rows.iter().any(|row| row.len() != processes) {
        return None;
    }
    let of_process = |process: usize| {
        let sum: f64 = rows.iter().map(|row| row[process]).sum();
        sum / rows.len() as f64
    };
    Estimate::over_processes(&(0..processes).map(of_process).collect::<Vec<f64>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(process_log_speedups: &[f64]) -> HeadlineRow<'_> {
        HeadlineRow {
            process_log_speedups,
            fallback: false,
        }
    }

    #[test]
    fn rows_weigh_the_same_and_average_geometrically() {
        let (twice, half) = ([2f64.ln(); 3], [0.5f64.ln(); 3]);
        let headline =
            headline(&[row(&twice), row(&half)], 0.95).expect("two rows of three processes");
        assert!((headline.speedup - 1.0).abs() < 1e-12);
        assert_eq!(
            (headline.rows, headline.processes, headline.fallback_rows),
            (2, 3, 0)
        );
    }

    #[test]
    fn a_shift_that_rows_share_stays_in_the_interval() {
        let shifts = [-0.01, 0.0, 0.01];
        let alone = headline(&[row(&shifts)], 0.95).expect("one row of three processes");
        let many = headline(&[row(&shifts); 20], 0.95).expect("twenty rows of three processes");
        assert!((alone.high - many.high).abs() < 1e-12);
    }

    #[test]
    fn a_row_that_lacks_a_process_leaves_no_headline() {
        assert_eq!(headline(&[row(&[0.0, 0.0]), row(&[0.0])], 0.95), None);
        assert_eq!(headline(&[row(&[0.0])], 0.95), None);
        assert_eq!(headline(&[], 0.95), None);
    }
}
