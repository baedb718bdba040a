//! Every sample of every row: in the order they were taken, and sorted.

use maud::{Markup, html};

use super::Raw;
use super::page::legend;
use crate::ledger::{Entry, RawProcess, RawRow, RawSamples};
use crate::report::plot::Shape;

/// Height of one side's panel, in pixels.
const HEIGHT: f64 = 34.0;

/// Lanes in the order they are shown, with their words.
const LANES: [(&str, &str); 3] = [
    ("device", "cold"),
    ("device_hot", "hot"),
    ("device_dirty", "dirty"),
];

/// Least half-height of a panel, as a ratio: noise below it is shown as small as it is.
const LEAST_REACH: f64 = 0.005;

/// Samples of one side, each over the side's median, by process.
struct SideSamples {
    class: &'static str,
    processes: Vec<Vec<f64>>,
}

/// A line a row and lane, or why there is none.
pub(super) fn samples(entry: &Entry, raw: Raw<'_>) -> Markup {
    let raw = match raw {
        Raw::Read(raw) => raw,
        Raw::NotKept => {
            return html! { p { "This entry keeps no raw samples, so there are no time lines and no distributions." } };
        }
        Raw::Missing(file) => {
            return html! { p { "The raw samples are not here: " code { (file) } " is missing beside the ledger." } };
        }
    };
    html! {
        (legend(&[("baseline", Shape::Disc, "baseline, above"), ("candidate", Shape::Disc, "candidate, below")]))
        p.soft { "To the left each sample in its order, a column a process; to the right the same sorted, so that two levels "
            "show as a step. Each side is relative to its own median; the height is the same for both sides of a row." }
        @for (lane, words) in LANES {
            @let rows: Vec<Markup> = entry.rows.iter()
                .filter_map(|row| line(raw.row(&row.id)?, lane)).collect();
            @if !rows.is_empty() {
                details open[lane == "device"] {
                    summary { (words) ", " (crate::report::numbers::count(rows.len(), "row", "rows")) }
                    @for row in &rows { (row) }
                }
            }
        }
        @let without = without(entry, raw);
        @if !without.is_empty() { p { "The file has no samples of: " (without.join(", ")) "." } }
    }
}

/// Rows that were timed, and of which the file has nothing.
fn without<'a>(entry: &'a Entry, raw: &RawSamples) -> Vec<&'a str> {
    let timed = entry.rows.iter().filter(|row| row.device.is_some());
    let missing = timed.filter(|row| raw.row(&row.id).is_none());
    missing.map(|row| row.id.as_str()).collect()
}

fn line(row: &RawRow, lane: &str) -> Option<Markup> {
    let processes = row.lanes.get(lane)?;
    let sides = [
        side("baseline", processes, |raw| {
            raw.blocks()
                .iter()
                .flat_map(|block| block.baseline_ns())
                .collect()
        })?,
        side("candidate", processes, |raw| {
            raw.blocks()
                .iter()
                .flat_map(|block| block.candidate_ns())
                .collect()
        })?,
    ];
    let all = || {
        sides
            .iter()
            .flat_map(|side| side.processes.iter().flatten())
    };
    let reach = all().fold(LEAST_REACH, |reach, ratio| (ratio - 1.0).abs().max(reach));
    let count = all().count();
    Some(html! {
        div.times {
            span.label { (row.id) " " small { (count) " samples, panel \u{b1}" (format!("{:.1}", reach * 100.0)) "\u{a0}%" } }
            (time_line(&sides, reach, &row.id))
            (sorted(&sides, reach, &row.id))
        }
    })
}

/// `None` without a sample.
fn side(
    class: &'static str,
    processes: &[RawProcess],
    of: impl Fn(&RawProcess) -> Vec<f64>,
) -> Option<SideSamples> {
    let mut processes: Vec<Vec<f64>> = processes.iter().map(of).collect();
    let mut all: Vec<f64> = processes.iter().flatten().copied().collect();
    all.sort_unstable_by(f64::total_cmp);
    let median = *all.get(all.len() / 2)?;
    processes.iter_mut().flatten().for_each(|ns| *ns /= median);
    Some(SideSamples { class, processes })
}

/// Over a width of 1000, the sides one below the other.
fn time_line(sides: &[SideSamples; 2], reach: f64, id: &str) -> Markup {
    let count = sides[0].processes.len().max(1);
    let width = 1000.0 / count as f64;
    html! {
        svg role="img" aria-label={ "samples of " (id) " in order" } width="100%" height=(2.0 * HEIGHT)
            viewBox={ "0 0 1000 " (2.0 * HEIGHT) } preserveAspectRatio="none" {
            (ground(1000.0))
            @for process in 1..count {
                @let x = format!("{:.1}", process as f64 * width);
                line.process x1=(x) x2=(x) y1="0" y2=(2.0 * HEIGHT) {}
            }
            @for (index, side) in sides.iter().enumerate() {
                path class={ "dots " (side.class) } d=(dots(side, index, width, reach)) {}
            }
        }
    }
}

/// A dot a sample: a line of no length with round ends.
fn dots(side: &SideSamples, index: usize, width: f64, reach: f64) -> String {
    let mut path = String::new();
    for (process, ratios) in side.processes.iter().enumerate() {
        let step = width / (ratios.len() + 1) as f64;
        for (number, ratio) in ratios.iter().enumerate() {
            let x = process as f64 * width + (number + 1) as f64 * step;
            path.push_str(&format!("M{x:.1} {:.1}h0", height(index, *ratio, reach)));
        }
    }
    path
}

/// The samples of a side by rank, over a width of 1000.
fn sorted(sides: &[SideSamples; 2], reach: f64, id: &str) -> Markup {
    let curve = |index: usize, side: &SideSamples| {
        let mut all: Vec<f64> = side.processes.iter().flatten().copied().collect();
        all.sort_unstable_by(f64::total_cmp);
        let step = 1000.0 / all.len() as f64;
        let place = |(rank, ratio): (usize, &f64)| {
            format!(
                "{}{:.1} {:.1}",
                if rank == 0 { "M" } else { "L" },
                (rank as f64 + 0.5) * step,
                height(index, *ratio, reach)
            )
        };
        all.iter().enumerate().map(place).collect::<String>()
    };
    html! {
        svg role="img" aria-label={ "samples of " (id) " sorted" } width="100%" height=(2.0 * HEIGHT)
            viewBox={ "0 0 1000 " (2.0 * HEIGHT) } preserveAspectRatio="none" {
            (ground(1000.0))
            @for (index, side) in sides.iter().enumerate() {
                path class={ "curve " (side.class) } d=(curve(index, side)) {}
            }
        }
    }
}

fn ground(width: f64) -> Markup {
    html! {
        @for index in 0..2 {
            @let middle = (f64::from(index) + 0.5) * HEIGHT;
            line.grid x1="0" x2=(width) y1=(middle) y2=(middle) {}
        }
        line.process x1="0" x2=(width) y1=(HEIGHT) y2=(HEIGHT) {}
    }
}

/// Pixels from the top of a sample of the side of that index: slower is higher.
fn height(index: usize, ratio: f64, reach: f64) -> f64 {
    let share = ((ratio - 1.0) / reach).clamp(-1.0, 1.0);
    (index as f64 + 0.5 - 0.42 * share) * HEIGHT
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ledger::sample;
    use crate::stats::{Block, Order};

    fn raw(id: &str) -> RawSamples {
        let block = Block {
            order: Order::Baab,
            ns: [1000.0, 2000.0, 2020.0, 1010.0],
        };
        let process = RawProcess::of(24, &[block; 3]);
        RawSamples {
            task: "demo".to_owned(),
            entry: "id".to_owned(),
            rows: vec![RawRow {
                id: id.to_owned(),
                lanes: BTreeMap::from([("device".to_owned(), vec![process; 2])]),
            }],
        }
    }

    #[test]
    fn each_sample_of_either_side_has_its_dot() {
        let entry = sample::entry();
        let drawn = samples(&entry, Raw::Read(&raw(&entry.rows[0].id))).into_string();
        assert_eq!(drawn.matches("h0").count(), 24);
        assert!(
            drawn.contains("24 samples") && drawn.contains("cold, 1 row"),
            "{drawn}"
        );
        assert!(drawn.contains(&format!("no samples of: {}.", entry.rows[1].id)));
        assert!(
            !drawn.contains("hot,"),
            "a lane without samples has no part"
        );
    }

    #[test]
    fn each_side_is_relative_to_its_own_median() {
        let raw = raw("a");
        let baseline = side("baseline", &raw.rows[0].lanes["device"], |raw| {
            raw.blocks()
                .iter()
                .flat_map(|block| block.baseline_ns())
                .collect()
        });
        let baseline = baseline.expect("there are samples");
        let all: Vec<f64> = baseline.processes.concat();
        assert!(
            all.iter().all(|ratio| (ratio - 1.0).abs() < 0.011),
            "{all:?}"
        );
        assert_eq!(baseline.processes.len(), 2);
    }

    #[test]
    fn a_slower_sample_is_higher_and_stays_in_its_panel() {
        assert!(height(0, 1.01, 0.02) < height(0, 0.99, 0.02));
        assert!(height(0, 9.0, 0.02) > 0.0 && height(1, 0.1, 0.02) < 2.0 * HEIGHT);
    }

    #[test]
    fn without_samples_a_sentence_says_why() {
        let entry = sample::entry();
        assert!(
            samples(&entry, Raw::NotKept)
                .into_string()
                .contains("keeps no raw samples")
        );
        let missing = samples(&entry, Raw::Missing("samples/x.json.gz")).into_string();
        assert!(missing.contains("samples/x.json.gz"), "{missing}");
    }
}
