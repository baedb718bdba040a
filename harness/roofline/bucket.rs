//! What to do with one bucket of the candidate's dispatch.

use crate::ledger::{BucketDecision, RowRecord, SpeedupInterval};
use crate::stats::{CLEARLY_SLOWER, HeadlineRow, headline};

/// Share of the bound from which a baseline is kept: a tenth is what launches, tails and an unlucky layout cost.
const AT_THE_BOUND: f64 = 0.9;

/// The decision on the timed rows of one bucket, and why; `None` where they have no interval or no bound.
///
/// Production rows alone count where there are any. *Promote*: the interval of the geometric mean lies above 1, and no
/// row's lies below [`CLEARLY_SLOWER`]. *Keep the baseline*: not faster, and the baseline reaches nine tenths of its
/// bound. *Open* otherwise.
pub fn decide_bucket(rows: &[&RowRecord], confidence: f64) -> Option<(BucketDecision, String)> {
    let production: Vec<&RowRecord> = rows.iter().filter(|row| row.production).copied().collect();
    let rows = if production.is_empty() {
        rows
    } else {
        &production
    };
    let ratio = geometric_mean(rows, confidence)?;
    let limit = Limit::of(rows)?;
    let figures = format!("{:.3} ({:.3}-{:.3})", ratio.speedup, ratio.low, ratio.high);
    let clearly_slower = rows.iter().find(|row| {
        let ratio = row.device.as_ref().and_then(|lane| lane.ratio);
        !row.declined && ratio.is_some_and(|ratio| ratio.high < CLEARLY_SLOWER)
    });
    Some(if ratio.low > 1.0 && clearly_slower.is_none() {
        let share = percent(limit.candidate_share);
        let because = format!(
            "{figures}; the candidate reaches {share} % of the {} bound",
            limit.class
        );
        (BucketDecision::Promote, because)
    } else if limit.baseline_share >= AT_THE_BOUND {
        let because = format!(
            "{figures}; the baseline reaches {} % of the {} bound, which leaves {:.2} to win",
            percent(limit.baseline_share),
            limit.class,
            1.0 / limit.baseline_share
        );
        (BucketDecision::KeepBaseline, because)
    } else {
        let slow =
            clearly_slower.map_or_else(String::new, |row| format!(", `{}` is slower", row.id));
        let because = format!(
            "{figures}{slow}; the baseline reaches {} % of the {} bound",
            percent(limit.baseline_share),
            limit.class
        );
        (BucketDecision::Open, because)
    })
}

fn percent(share: f64) -> f64 {
    (share * 100.0).round()
}

fn geometric_mean(rows: &[&RowRecord], confidence: f64) -> Option<SpeedupInterval> {
    let logs: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let lane = row.device.as_ref()?;
            Some(
                lane.per_process
                    .iter()
                    .map(|speedup| speedup.ln())
                    .collect(),
            )
        })
        .collect::<Option<_>>()?;
    let rows: Vec<HeadlineRow> = logs
        .iter()
        .map(|logs| HeadlineRow {
            process_log_speedups: logs,
            fallback: false,
        })
        .collect();
    let mean = headline(&rows, confidence)?;
    Some(SpeedupInterval {
        speedup: mean.speedup,
        low: mean.low,
        high: mean.high,
    })
}

/// Geometric means over rows, with the class that most of them have.
struct Limit {
    class: String,
    baseline_share: f64,
    candidate_share: f64,
}

impl Limit {
    fn of(rows: &[&RowRecord]) -> Option<Self> {
        let bounds: Vec<_> = rows.iter().map(|row| row.bound).collect::<Option<_>>()?;
        let count = bounds.len() as f64;
        let mean = |share: fn(&crate::ledger::BoundRecord) -> f64| {
            let logs: f64 = bounds.iter().map(|bound| share(bound).ln()).sum();
            (logs / count).exp()
        };
        let of_class = |class| bounds.iter().filter(|bound| bound.class == class).count();
        let class = bounds
            .iter()
            .map(|bound| bound.class)
            .max_by_key(|class| of_class(*class))?;
        Some(Self {
            class: class.to_string(),
            baseline_share: mean(|bound| bound.baseline_share),
            candidate_share: mean(|bound| bound.candidate_share),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    /// A row of this speedup, and the share of its bound that the baseline reaches.
    fn row(speedup: f64, baseline_share: f64) -> RowRecord {
        let mut row = sample::row("r");
        let lane = row.device.as_mut().expect("the sample is timed");
        lane.per_process = [0.999, 1.0, 1.001].map(|noise| speedup * noise).to_vec();
        lane.ratio = Some(SpeedupInterval {
            speedup,
            low: speedup * 0.998,
            high: speedup * 1.002,
        });
        let bound = row.bound.as_mut().expect("the sample has a bound");
        bound.baseline_share = baseline_share;
        bound.candidate_share = baseline_share * speedup;
        row
    }

    fn decision(rows: &[RowRecord]) -> BucketDecision {
        let rows: Vec<&RowRecord> = rows.iter().collect();
        decide_bucket(&rows, 0.95)
            .expect("the rows have intervals")
            .0
    }

    #[test]
    fn faster_rows_promote_their_bucket() {
        assert_eq!(
            decision(&[row(1.1, 0.8), row(0.99, 0.95)]),
            BucketDecision::Promote
        );
    }

    #[test]
    fn one_clearly_slower_row_does_not_let_it_pass() {
        assert_eq!(
            decision(&[row(1.2, 0.8), row(0.9, 0.7)]),
            BucketDecision::Open
        );
    }

    #[test]
    fn a_baseline_at_its_bound_is_kept_and_the_bound_is_named() {
        let rows = [row(0.99, 0.96)];
        let (decision, because) = decide_bucket(&[&rows[0]], 0.95).expect("it has an interval");
        assert_eq!(decision, BucketDecision::KeepBaseline);
        assert!(
            because.contains("96 % of the memory bound, which leaves 1.04 to win"),
            "{because}"
        );
    }

    #[test]
    fn riders_count_only_where_there_is_nothing_else() {
        let mut rider = row(0.5, 0.5);
        rider.production = false;
        assert_eq!(
            decision(&[row(1.1, 0.8), rider.clone()]),
            BucketDecision::Promote
        );
        assert_eq!(decision(&[rider]), BucketDecision::Open);
    }

    #[test]
    fn a_row_without_a_bound_or_an_interval_decides_nothing() {
        let mut unbound = row(1.1, 0.8);
        unbound.bound = None;
        assert!(decide_bucket(&[&unbound], 0.95).is_none());
        let mut one = row(1.1, 0.8);
        one.device
            .as_mut()
            .expect("it is timed")
            .per_process
            .truncate(1);
        assert!(decide_bucket(&[&one], 0.95).is_none());
        assert!(decide_bucket(&[], 0.95).is_none());
    }
}
