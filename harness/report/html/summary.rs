//! All tasks on one GPU.

use maud::{Markup, html};

use super::page::{page, section};
use crate::ledger::SpeedupInterval;
use crate::report::TaskEntry;
use crate::report::numbers::interval;
use crate::report::plot::Strips;
use crate::report::summary::{Line, lines, summary_table};
use crate::report::table::tone_class;

/// The margin that the band shows: tasks have their own, and one picture has one axis.
const MARGIN: f64 = 0.01;

/// The whole page; `gpu` is the profile that the ledgers are kept under.
pub fn summary_html(tasks: &[TaskEntry], gpu: &str) -> String {
    let lines: Vec<Line> = tasks.iter().flat_map(lines).collect();
    let title = format!("All tasks on {gpu}");
    let body = html! {
        h1 { (title) }
        p.soft { "Speedup is baseline time / candidate time on the device, cold; a set's is the geometric mean over its production rows. "
            "Each task's newest entry." }
        (section("Speedup of each production row", &sparks(&lines)))
        (section("Figures and what they rest on", &summary_table(&lines).html()))
    };
    page(&title, &body)
}

/// A strip a line, with a ring for each production row, over one axis.
fn sparks(lines: &[Line]) -> Markup {
    let of = |line: &Line| -> Vec<(SpeedupInterval, String)> {
        let figures = line.figures.iter().flat_map(|figures| figures.ratios());
        figures
            .map(|(row, ratio)| {
                let says = format!("{}: {}", row.id, interval(ratio.low, ratio.high));
                (ratio, says)
            })
            .collect()
    };
    let all: Vec<Vec<(SpeedupInterval, String)>> = lines.iter().map(of).collect();
    let axis = Strips::over(all.iter().flatten().map(|(ratio, _)| ratio), MARGIN);
    html! {
        div.strips {
            div.strip.axis {
                span.label { "baseline time / candidate time; the band is 1 %" }
                (axis.axis())
                span.figure { "decision" }
            }
            @for (line, ratios) in lines.iter().zip(&all) {
                @let decision = line.decision();
                div.strip {
                    span.label { (line.task) " " small { (line.set()) } }
                    (axis.spark(ratios))
                    span class={ "figure" (tone_class(decision.tone())) } { (decision.text()) }
                }
            }
        }
    }
}
