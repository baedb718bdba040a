//! Device speedup of each row with its interval.

use maud::{Markup, html};

use super::page::legend;
use crate::ledger::{Entry, RowRecord, SpeedupInterval, Verdict};
use crate::report::numbers::{percent, ratio as figures};
use crate::report::plot::{Shape, Strip, Strips};
use crate::report::record::{groups, remark};

/// Production rows and riders apart, all over one axis.
pub(super) fn speedups(entry: &Entry) -> Markup {
    let ratios: Vec<SpeedupInterval> = entry.rows.iter().filter_map(ratio).collect();
    if ratios.is_empty() {
        return html! { p { "No row has an interval: one process gives none." } };
    }
    let axis = Strips::over(&ratios, entry.sampling.margin);
    html! {
        (legend(&[
            ("good", Shape::Disc, "faster"),
            ("plain", Shape::Disc, "equal"),
            ("bad", Shape::Disc, "slower"),
            ("unsure", Shape::Disc, "inconclusive"),
            ("plain", Shape::Ring, "declined: the baseline behind the candidate's dispatch"),
            ("plain", Shape::Diamond, "same code on both sides: a control"),
        ]))
        p.soft { "The band is the contract's margin of " (percent(entry.sampling.margin))
            " %; whiskers are " (format!("{:.0}", entry.sampling.confidence * 100.0)) " % intervals over processes." }
        @for (name, rows) in groups(entry) {
            h3 { (name) }
            @let strips: Vec<Strip> = rows.iter().filter_map(|row| strip(row)).collect();
            (axis.draw(&strips))
            @let without: Vec<&str> = rows.iter().filter(|row| ratio(row).is_none()).map(|row| row.id.as_str()).collect();
            @if !without.is_empty() { p { "Without an interval: " (without.join(", ")) "." } }
        }
    }
}

fn ratio(row: &RowRecord) -> Option<SpeedupInterval> {
    row.device.as_ref()?.ratio
}

fn strip(row: &RowRecord) -> Option<Strip> {
    let shape = match (row.same_code, row.declined) {
        (true, _) => Shape::Diamond,
        (false, true) => Shape::Ring,
        (false, false) => Shape::Disc,
    };
    let class = match row.verdict {
        Some(Verdict::Material | Verdict::Faster) => "good",
        Some(Verdict::Slower) => "bad",
        Some(Verdict::Inconclusive) => "unsure",
        Some(Verdict::Equal) | None => "plain",
    };
    let words = [
        row.verdict.map(|verdict| verdict.to_string()),
        Some(remark(row)),
    ];
    let words: Vec<String> = words
        .into_iter()
        .flatten()
        .filter(|word| !word.is_empty())
        .collect();
    Some(Strip {
        label: row.id.clone(),
        note: words.join(", "),
        figure: figures(ratio(row)?),
        ratio: ratio(row)?,
        shape,
        class,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[test]
    fn a_declined_row_is_hollow_and_a_control_a_diamond() {
        let mut row = sample::row("a");
        let shape = |row: &RowRecord| strip(row).expect("the sample is timed").shape;
        assert_eq!(shape(&row), Shape::Disc);
        row.declined = true;
        assert_eq!(shape(&row), Shape::Ring);
        row.same_code = true;
        assert_eq!(shape(&row), Shape::Diamond);
    }

    #[test]
    fn a_row_without_an_interval_is_named() {
        let mut entry = sample::entry();
        entry.rows[1].device = None;
        let drawn = speedups(&entry).into_string();
        let sentence = format!("Without an interval: {}.", entry.rows[1].id);
        assert!(drawn.contains(&sentence), "{drawn}");
        entry.rows.clear();
        assert!(
            speedups(&entry)
                .into_string()
                .contains("No row has an interval")
        );
    }
}
