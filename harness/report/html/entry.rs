//! One entry: decision, charts, tables, provenance.

use maud::{Markup, html};

use super::page::{page, section};
use super::{lanes, profiles, roofline, samples, speedups};
use crate::ledger::{ControlsRecord, Entry, RawSamples};
use crate::report::evidence::{figures_stand, is_emulated};
use crate::report::markdown::{company_line, controls_line, controls_tone};
use crate::report::numbers::{fine_ratio, short, speedup};
use crate::report::plot::{Shape, Strip, Strips};
use crate::report::replicated::lines;
use crate::report::run::{claim, sampled};
use crate::report::table::{Table, tone_class};
use crate::report::{Related, record};

/// The entry's raw samples.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    Read(&'a RawSamples),
    /// The entry names no file.
    NotKept,
    /// The file that it names is not beside the ledger.
    Missing(&'a str),
}

/// The whole page; `gpu` is the profile that the ledger is kept under.
pub fn entry_html(entry: &Entry, related: Related<'_>, gpu: &str, raw: Raw<'_>) -> String {
    let body = html! {
        (header(entry, related.again))
        @if figures_stand(entry) {
            (section("Speedup of each row", &speedups::speedups(entry)))
        } @else {
            p { "There is no chart: " @if is_emulated(entry) { "emulated times are no evidence." }
                @else { "not every gate passed, so no figure stands." } }
        }
        (table_section("Buckets", &record::buckets(entry), "No row reached the candidate's dispatch."))
        @if figures_stand(entry) {
            (section("Achieved rates and ceilings", &roofline::roofline(entry)))
            (section("Cold, hot and dirty", &lanes::lanes(entry)))
            (section("Samples in the order they were taken", &samples::samples(entry, raw)))
        }
        (section("Rows", &html! {
            @for (name, rows) in record::groups(entry) {
                h3 { (name) }
                (record::rows(entry, &rows).html())
            }
        }))
        @if let Some(profiles) = profiles::profiles(entry, related.profiles) {
            (section("Profiles", &profiles))
        }
        (table_section("Gates", &record::gates(entry), "No gate ran."))
        (section("Controls", &controls(entry)))
        (table_section("Kernels", &record::kernels(entry), "This entry was written before objects were asked for registers and local memory."))
        (section("Provenance", &record::provenance(entry).html()))
        (section("Reproduce", &html! { pre { (record::reproduction(entry, gpu)) } }))
    };
    page(
        &format!("{}: {} on {}", entry.task, entry.decision, entry.gpu),
        &body,
    )
}

fn header(entry: &Entry, again: &[Entry]) -> Markup {
    html! {
        header {
            h1 { (entry.task) " on " (entry.gpu) }
            p.claim {
                span class={ "decision" (tone_class(entry.decision.into())) } { (entry.decision) }
                " " (claim(entry))
            }
            p { "candidate " code { (short(&entry.provenance.candidate_source)) } " against baseline "
                code { (short(&entry.provenance.baseline_source)) } " under contract "
                code { (short(&entry.provenance.contract_hash)) } "; "
                (sampled(entry)) "; " (entry.started) "; entry " code { (entry.id) } }
            @for line in lines(entry, again) { p { (line) } }
            @if let Some(controls) = &entry.controls {
                p class=(tone_class(controls_tone(controls)).trim()) { (controls_line(controls)) }
            }
            @if let Some(note) = &entry.note { p { "note: " (note) } }
            @for warning in &entry.warnings { p.warning { "warning: " (warning) } }
        }
    }
}

/// A table, or the sentence that stands for one without rows.
fn table_section(title: &str, table: &Table, without: &str) -> Markup {
    let content = match table.is_empty() {
        true => html! { p { (without) } },
        false => table.html(),
    };
    section(title, &content)
}

/// The run's pairs of known ratio: device cold as strips, every lane as a table.
fn controls(entry: &Entry) -> Markup {
    let Some(of_run) = entry
        .controls
        .as_ref()
        .filter(|_| !entry.control_rows.is_empty())
    else {
        return html! { p { "This run timed no pair of known ratio." } };
    };
    html! {
        p { (controls_line(of_run)) }
        @if let Some(line) = company_line(&entry.rows) { p { (line) } }
        (control_strips(entry, of_run))
        (record::controls(entry).html())
    }
}

fn control_strips(entry: &Entry, of_run: &ControlsRecord) -> Markup {
    let strip = |label: &str, note: String, ratio, class| Strip {
        label: label.to_owned(),
        note,
        ratio,
        figure: fine_ratio(ratio),
        shape: Shape::Disc,
        class,
    };
    let mut strips = vec![
        strip(
            "all twins",
            "geometric mean; the truth is 1".to_owned(),
            of_run.twins,
            "candidate",
        ),
        strip(
            "planted",
            format!("the truth is {}", speedup(of_run.planted)),
            of_run.planted_found,
            "candidate",
        ),
    ];
    if let Some(ratio) = of_run.same_code {
        strips.push(strip(
            "all rows of the same code",
            "geometric mean; the truth is 1 and the dispatch".to_owned(),
            ratio,
            "candidate",
        ));
    }
    strips.extend(entry.control_rows.iter().map(|control| {
        strip(
            &control.row,
            control.kind.to_string(),
            control.device,
            "plain",
        )
    }));
    let axis = Strips::over(
        strips.iter().map(|strip| &strip.ratio),
        entry.sampling.margin,
    );
    axis.draw(&strips)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[test]
    fn a_page_has_every_part_and_every_row() {
        let entry = sample::entry();
        let page = entry_html(&entry, Related::default(), "h100", Raw::NotKept);
        for part in [
            "Speedup of each row",
            "Buckets",
            "Achieved rates and ceilings",
            "Cold, hot and dirty",
            "Samples in the order they were taken",
            "Gates",
            "all twins",
            "the truth is 1.020",
            "candidate_kernel",
            "kda bench demo_vector_axpy --gpu h100",
        ] {
            assert!(page.contains(part), "no `{part}` in {page}");
        }
        for row in &entry.rows {
            assert!(page.contains(&row.id));
        }
        assert!(!page.contains("NaN"), "a chart divided by nothing");
    }

    #[test]
    fn a_page_without_evidence_has_no_chart_and_no_time() {
        let mut entry = sample::entry();
        entry.gpu = "emulated".to_owned();
        entry.controls = None;
        entry.control_rows.clear();
        let page = entry_html(&entry, Related::default(), "emulated", Raw::NotKept);
        assert!(page.contains("emulated times are no evidence"));
        for figure in ["<svg", "12.34", "1.235", "2.98"] {
            assert!(!page.contains(figure), "{figure} in {page}");
        }
    }

    #[test]
    fn what_a_candidate_says_stays_text() {
        let mut entry = sample::entry();
        entry.buckets[0].name = "<script>alert(1)</script>".to_owned();
        entry.rows[0].bucket = entry.buckets[0].name.clone();
        let page = entry_html(&entry, Related::default(), "h100", Raw::NotKept);
        assert!(!page.contains("<script"));
    }
}
