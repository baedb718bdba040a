//! The table of a self-test.

use super::grid::{Column, Grid};
use super::numbers::count;
use super::{Color, Tone};
use crate::selftest::{Finding, Kind, Specimen, Verdict};

/// A line a specimen, and what to make of it.
pub fn selftest(found: &[(&Specimen, Finding)], skipped: usize, color: Color) -> String {
    let mut table = Grid::new([
        Column::Text("candidate"),
        Column::Shrinking("what it does"),
        Column::Text("known as"),
        Column::Text("must fail"),
        Column::Text("verdict"),
    ]);
    for (specimen, finding) in found {
        let gate = specimen.gate.as_deref().unwrap_or("-");
        let gate = match specimen.past.is_empty() {
            true => gate.to_owned(),
            false => format!("{gate}, past {}", specimen.past.join(", ")),
        };
        table.push([
            specimen.name.as_str().into(),
            specimen.does.as_str().into(),
            specimen.ids.join(" ").into(),
            gate.into(),
            word(finding.verdict).into(),
        ]);
    }
    let of = |kind| {
        found
            .iter()
            .filter(move |(specimen, _)| specimen.kind == kind)
    };
    let met = |kind| {
        of(kind)
            .filter(|(_, finding)| matches!(finding.verdict, Verdict::Caught | Verdict::Passed))
            .count()
    };
    let mut text = table.render(color);
    text.push_str(&format!(
        "\n{} of {} caught by the gate that must, {} of {} passed\n",
        met(Kind::Cheat),
        count(of(Kind::Cheat).count(), "cheat", "cheats"),
        met(Kind::Honest),
        count(
            of(Kind::Honest).count(),
            "honest candidate",
            "honest candidates"
        ),
    ));
    if skipped > 0 {
        text.push_str(&format!(
            "{skipped} more cannot show here: they need another device or nvcc\n"
        ));
    }
    for (specimen, finding) in found
        .iter()
        .filter(|(_, finding)| !finding.verdict.is_good())
    {
        let name = color.paint(Tone::Bad, &specimen.name);
        let failed = match finding.failed.is_empty() {
            true => "no gate failed".to_owned(),
            false => format!("{} failed: {}", finding.failed.join(", "), finding.reason),
        };
        text.push_str(&format!("{name}: {}: {failed}\n", word(finding.verdict)));
    }
    text
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Caught => "caught",
        Verdict::Passed => "passed",
        Verdict::CaughtElsewhere => "CAUGHT ELSEWHERE",
        Verdict::GotThrough => "GOT THROUGH",
        Verdict::Rejected => "REJECTED",
    }
}
