//! Baseline against candidate: one figure a side for the whole call, and what moved most.

use super::metrics::{DRAM_READ, DRAM_WRITTEN, DURATION};
use super::{Metric, ProfileRecord, ProfiledKernel, Total, Unit, metrics, stalls};
use crate::ledger::BoundClass;
use crate::toolchain::Side;

/// Reasons to wait that are shown of a side.
const SHOWN_STALLS: usize = 3;

/// Metrics in the last lines of a profile.
const SHOWN_CHANGES: usize = 5;

/// What one digit behind the point would show as no change.
const LEAST_SHOWN: f64 = 0.05;

/// One figure of both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    pub label: &'static str,
    pub unit: Unit,
    pub baseline: Option<f64>,
    pub candidate: Option<f64>,
}

impl Change {
    /// How far it moved: a percentage by its points, anything else by its relative change. `None` where it did not.
    fn distance(&self) -> Option<f64> {
        let (baseline, candidate) = (self.baseline?, self.candidate?);
        let distance = match self.unit {
            Unit::Percent => (candidate - baseline).abs() / 100.0,
            _ if baseline == candidate => 0.0,
            _ if baseline == 0.0 => 1.0,
            _ => (candidate / baseline - 1.0).abs(),
        };
        (distance > 0.0).then_some(distance)
    }

    /// In words; empty where a side has no figure.
    pub fn words(&self) -> String {
        let (Some(baseline), Some(candidate)) = (self.baseline, self.candidate) else {
            return String::new();
        };
        let (change, unit) = match self.unit {
            _ if baseline == candidate => return "same".to_owned(),
            Unit::Percent => (candidate - baseline, "points"),
            _ if baseline == 0.0 => return "from none".to_owned(),
            _ => ((candidate / baseline - 1.0) * 100.0, "%"),
        };
        match change.abs() < LEAST_SHOWN {
            true => format!("under 0.1 {unit}"),
            false => format!("{change:+.1} {unit}"),
        }
    }
}

/// Every figure of the record's class, launches first.
pub fn changes(record: &ProfileRecord) -> Vec<Change> {
    let of = |label, unit, figure: &dyn Fn(Side) -> Option<f64>| Change {
        label,
        unit,
        baseline: figure(Side::Baseline),
        candidate: figure(Side::Candidate),
    };
    let launches = |side| Some(record.kernels_of(side).count() as f64);
    let local = |side| {
        let bytes = record
            .kernels_of(side)
            .filter_map(|kernel| kernel.local_bytes);
        bytes.max().map(f64::from)
    };
    let mut all = vec![of("kernel launches", Unit::Count, &launches)];
    for metric in metrics(record.class).iter().chain(&largest_stalls(record)) {
        let total = |side| side_total(record, side, metric);
        all.push(of(metric.label, metric.unit, &total));
    }
    all.push(of("local memory a thread", Unit::Bytes, &local));
    if record.class == BoundClass::Memory {
        let share = |side| moved_over_contract(record, side);
        all.push(of("DRAM bytes over the contract's", Unit::Average, &share));
    }
    all
}

/// The changes that moved most, the furthest first.
pub fn moved_most(changes: &[Change]) -> Vec<Change> {
    let mut moved: Vec<(f64, Change)> = changes
        .iter()
        .filter_map(|change| Some((change.distance()?, *change)))
        .collect();
    moved.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    moved.truncate(SHOWN_CHANGES);
    moved.into_iter().map(|(_, change)| change).collect()
}

/// A metric over all kernels of a side's call.
pub fn side_total(record: &ProfileRecord, side: Side, metric: &Metric) -> Option<f64> {
    let counted: Vec<(&ProfiledKernel, f64)> = record
        .kernels_of(side)
        .filter_map(|kernel| Some((kernel, *kernel.metrics.get(metric.name)?)))
        .collect();
    if counted.is_empty() {
        return None;
    }
    let values = counted.iter().map(|(_, value)| *value);
    Some(match metric.total {
        Total::Sum => values.sum(),
        Total::Largest => values.fold(f64::NEG_INFINITY, f64::max),
        Total::Mean => {
            let time = |kernel: &ProfiledKernel| kernel.metrics.get(DURATION).copied();
            let weights = counted
                .iter()
                .map(|(kernel, _)| time(kernel).unwrap_or(1.0));
            let whole: f64 = weights.clone().sum();
            let parts = weights.zip(values).map(|(weight, value)| weight * value);
            parts.sum::<f64>() / whole
        }
    })
}

/// The largest reasons to wait of either side.
fn largest_stalls(record: &ProfileRecord) -> Vec<Metric> {
    let all = stalls(record.class);
    let mut shown = Vec::new();
    for side in Side::BOTH {
        let mut waits: Vec<(f64, &Metric)> = all
            .iter()
            .filter_map(|stall| Some((side_total(record, side, stall)?, stall)))
            .collect();
        waits.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let largest = waits.into_iter().take(SHOWN_STALLS);
        shown.extend(largest.map(|(_, stall)| *stall));
    }
    let is_shown = |stall: &&Metric| shown.contains(stall);
    all.iter().filter(is_shown).copied().collect()
}

fn moved_over_contract(record: &ProfileRecord, side: Side) -> Option<f64> {
    let bytes = |name: &str| {
        let of_kernels = record
            .kernels_of(side)
            .map(|kernel| kernel.metrics.get(name));
        of_kernels.sum::<Option<f64>>()
    };
    let contract = record.contract_bytes as f64;
    let moved = bytes(DRAM_READ)? + bytes(DRAM_WRITTEN)?;
    (contract > 0.0).then_some(moved / contract)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::sample;

    fn named(label: &str) -> Change {
        let found = changes(&sample::record()).into_iter();
        let mut found = found.filter(|change| change.label == label);
        found.next().expect("the metric should be there")
    }

    #[test]
    fn kernels_of_a_call_add_up_or_are_weighted_with_their_durations() {
        let duration = named("duration");
        assert_eq!(
            (duration.baseline, duration.candidate),
            (Some(4e4), Some(3e4))
        );
        assert_eq!(duration.words(), "-25.0 %");
        let dram = named("DRAM throughput, of peak");
        assert_eq!((dram.baseline, dram.candidate), (Some(65.0), Some(90.0)));
        assert_eq!(dram.words(), "+25.0 points");
        assert_eq!(named("registers a thread").words(), "same");
        assert_eq!(named("DRAM bytes over the contract's").baseline, Some(1.25));
        assert_eq!(named("kernel launches").baseline, Some(2.0));
    }

    #[test]
    fn what_moved_most_comes_first_and_what_stayed_is_left_out() {
        let moved = moved_most(&changes(&sample::record()));
        let labels: Vec<_> = moved.iter().map(|change| change.label).collect();
        assert_eq!(labels[0], "kernel launches");
        assert!(labels.contains(&"duration"), "{labels:?}");
        assert!(!labels.contains(&"registers a thread"), "{labels:?}");
    }

    #[test]
    fn a_change_too_small_to_show_is_not_shown_as_none() {
        let change = |unit, candidate| Change {
            label: "a",
            unit,
            baseline: Some(50.0),
            candidate: Some(candidate),
        };
        assert_eq!(change(Unit::Traffic, 49.99).words(), "under 0.1 %");
        assert_eq!(change(Unit::Percent, 50.01).words(), "under 0.1 points");
        assert_eq!(change(Unit::Traffic, 49.9).words(), "-0.2 %");
    }

    #[test]
    fn a_figure_that_one_side_lacks_did_not_move() {
        let mut record = sample::record();
        record.kernels[2].metrics.clear();
        let moved = moved_most(&changes(&record));
        assert!(moved.iter().all(|change| change.label != "duration"));
        assert_eq!(changes(&record)[1].words(), "");
    }

    #[test]
    fn the_three_largest_stalls_of_either_side_are_shown() {
        let mut record = sample::record();
        record.class = BoundClass::Compute;
        for (at, stall) in stalls(BoundClass::Compute).iter().enumerate() {
            let values = &mut record.kernels[2].metrics;
            values.insert(stall.name.to_owned(), at as f64);
        }
        let shown: Vec<_> = largest_stalls(&record).iter().map(|m| m.label).collect();
        assert_eq!(
            shown,
            [
                "stalled on shared memory or MUFU",
                "asleep",
                "stalled on a fixed latency"
            ]
        );
    }
}
