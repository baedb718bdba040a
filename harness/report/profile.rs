//! One profiled call: a table a launch, then baseline against candidate.

use super::names::kernel_name;
use super::numbers::{NONE, count, or_none, short};
use super::{Color, Column, Grid};
use crate::profile::{Lane, ProfileRecord, ProfiledKernel, changes, metrics, moved_most, stalls};
use crate::toolchain::Side;

/// Reasons to wait that are shown of a launch.
const SHOWN_STALLS: usize = 3;

/// The whole view.
pub fn profile(record: &ProfileRecord, color: Color) -> String {
    let mut text = format!(
        "{}, `{}` on {}, as {}-bound, caches {}, clocks {}\n",
        record.task,
        record.row,
        record.gpu,
        record.class,
        lane(record),
        record.clocks
    );
    for side in Side::BOTH {
        let launches: Vec<&ProfiledKernel> = record.kernels_of(side).collect();
        for (at, kernel) in launches.iter().enumerate() {
            let place = format!(
                "{} of {}",
                at + 1,
                count(launches.len(), "kernel", "kernels")
            );
            text.push_str(&format!(
                "\n{side}, {place}: {}\n",
                kernel_name(&kernel.name)
            ));
            text.push_str(&launch(record, kernel, color));
        }
    }
    let all = changes(record);
    let mut grid = Grid::new([
        Column::Text("the whole call"),
        Column::Number("baseline"),
        Column::Number("candidate"),
        Column::Number("change"),
    ]);
    for change in &all {
        grid.push([
            change.label.into(),
            or_none(change.baseline, |value| change.unit.show(value)).into(),
            or_none(change.candidate, |value| change.unit.show(value)).into(),
            change.words().into(),
        ]);
    }
    text.push_str(&format!("\n{}\nmoved most:\n", grid.render(color)));
    for change in moved_most(&all) {
        let show = |value: Option<f64>| or_none(value, |value| change.unit.show(value));
        text.push_str(&format!(
            "  {}: {} to {} ({})\n",
            change.label,
            show(change.baseline),
            show(change.candidate),
            change.words()
        ));
    }
    text.push_str(&format!(
        "\ncandidate {}, baseline {}, driver {}, ncu {}{}\n",
        short(&record.candidate_source),
        short(&record.baseline_source),
        record.driver,
        record.ncu,
        record
            .entry
            .as_ref()
            .map_or_else(String::new, |entry| format!(", entry {entry}"))
    ));
    text
}

pub(super) fn lane(record: &ProfileRecord) -> &'static str {
    match record.lane {
        Lane::Cold => "cold",
        Lane::Hot => "hot",
    }
}

/// The metrics of one launch, and its largest reasons to wait.
fn launch(record: &ProfileRecord, kernel: &ProfiledKernel, color: Color) -> String {
    let mut grid = Grid::new([Column::Text("metric"), Column::Number("value")]);
    let value = |name: &str| kernel.metrics.get(name).copied();
    for metric in metrics(record.class) {
        let shown = or_none(value(metric.name), |value| metric.unit.show(value));
        grid.push([metric.label.into(), shown.into()]);
    }
    let local = kernel.local_bytes.map(|bytes| format!("{bytes} B"));
    let local = local.unwrap_or(NONE.to_owned());
    grid.push(["local memory a thread".into(), local.into()]);
    let mut waits: Vec<_> = stalls(record.class)
        .iter()
        .filter_map(|stall| Some((value(stall.name)?, stall)))
        .collect();
    waits.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    for (value, stall) in waits.into_iter().take(SHOWN_STALLS) {
        grid.push([stall.label.into(), stall.unit.show(value).into()]);
    }
    grid.render(color)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::sample;

    #[test]
    fn a_profile_shows_each_launch_and_ends_in_what_moved_most() {
        let text = profile(&sample::record(), Color::No);
        for part in [
            "on NVIDIA H100 80GB HBM3, as memory-bound, caches cold, clocks not controlled\n",
            "\nbaseline, 1 of 2 kernels: scale<3>\n",
            "\nbaseline, 2 of 2 kernels: second\n",
            "\ncandidate, 1 of 1 kernel: fused\n",
            "\nmoved most:\n  kernel launches: 2 to 1 (-50.0 %)\n",
            "  DRAM throughput, of peak: 65.0 % to 90.0 % (+25.0 points)\n",
            "candidate 0123abcd, baseline babababa, driver 580.65.06, ncu 2025.3.1.0, entry 2026",
        ] {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
        let duration = text.lines().rfind(|line| line.starts_with("duration"));
        let words: Vec<_> = duration.expect("it is there").split_whitespace().collect();
        assert_eq!(
            words,
            ["duration", "40.000", "us", "30.000", "us", "-25.0", "%"]
        );
    }

    #[test]
    fn a_metric_without_a_value_is_a_dash() {
        let mut record = sample::record();
        record.kernels[2].metrics.clear();
        let text = profile(&record, Color::No);
        let duration = text.lines().rfind(|line| line.starts_with("duration"));
        let words: Vec<_> = duration.expect("it is there").split_whitespace().collect();
        assert_eq!(words, ["duration", "40.000", "us", "-"]);
    }
}
