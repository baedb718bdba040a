//! One finished run, for a terminal of 120 columns.

use std::path::Path;

use super::buckets::buckets;
use super::color::{Color, Tone};
use super::evidence::{figures_stand, is_emulated};
use super::gates::gates;
use super::kernels::kernels;
use super::markdown::{company_line, controls_line};
use super::numbers::{count, interval, short, speedup};
use super::provenance::provenance;
use super::replicated::replicates;
use super::rows::rows;
use crate::ledger::{Decision, Entry};

/// Where the entry went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded<'a> {
    /// Into this ledger.
    In(&'a Path),
    /// Into a file of its own, because its ledger refused it.
    Unsaved(&'a Path),
    /// Nowhere: none was asked for.
    Nowhere,
}

/// The whole view: decision and headline, gates, rows, buckets, provenance, and where the entry went.
pub fn run(entry: &Entry, recorded: Recorded<'_>, color: Color) -> String {
    let mut text = headline(entry, color);
    if let Some(note) = &entry.note {
        text.push_str(&format!("note: {note}\n"));
    }
    if let Some(record) = &entry.replicates {
        text.push_str(&format!("{}\n", replicates(record, color)));
    }
    text.push_str(&gates(&entry.gates, color));
    if let Some(controls) = entry.controls.as_ref().filter(|_| !is_emulated(entry)) {
        let line = controls_line(controls);
        text.push_str(&match controls.admissible {
            true => line,
            false => color.paint(Tone::Unsure, &line),
        });
        text.push('\n');
        if let Some(line) = company_line(&entry.rows) {
            text.push_str(&format!("{line}\n"));
        }
    }
    for warning in &entry.warnings {
        text.push_str(&format!(
            "{} {warning}\n",
            color.paint(Tone::Unsure, "warning:")
        ));
    }
    text.push('\n');
    text.push_str(&rows(entry, color));
    text.push_str(&buckets(entry, color));
    text.push_str(&kernels(entry, color));
    text.push_str(&provenance(entry));
    text + &placed(entry, recorded)
}

/// Where the entry went.
pub(super) fn placed(entry: &Entry, recorded: Recorded<'_>) -> String {
    match recorded {
        Recorded::In(path) => format!(
            "recorded in {} as {}, hash {}\n",
            path.display(),
            entry.id,
            short(&entry.hash)
        ),
        Recorded::Unsaved(path) => {
            format!("not recorded; the entry is saved in {}\n", path.display())
        }
        Recorded::Nowhere => format!("not recorded: {}\n", entry.id),
    }
}

/// Decision and claim; then where and how it was sampled.
fn headline(entry: &Entry, color: Color) -> String {
    let decision = color.paint(entry.decision.into(), &entry.decision.to_string());
    let place = if is_emulated(entry) {
        String::new()
    } else {
        format!(" on {}", entry.gpu)
    };
    format!(
        "{decision}: {}\n{}{place}, {}\n",
        claim(entry),
        entry.task,
        sampled(entry)
    )
}

/// The headline of each row set, or why there is none.
pub(super) fn claim(entry: &Entry) -> String {
    let figures: Vec<String> = entry
        .headline
        .iter()
        .map(|(set, headline)| {
            let fallback = match headline.fallback_rows {
                0 => String::new(),
                rows => format!(", {rows} fallback"),
            };
            format!(
                "{} ({}) over {} {set} rows{fallback}",
                speedup(headline.speedup),
                interval(headline.low, headline.high),
                headline.rows,
            )
        })
        .collect();
    if entry.decision == Decision::Invalid {
        entry.summary.clone()
    } else if is_emulated(entry) {
        "emulated, so correctness only: no time here is evidence of speed".to_owned()
    } else if entry.decision == Decision::Inadmissible {
        "no speed claim, because the run failed its own controls".to_owned()
    } else if !figures_stand(entry) {
        "no speed claim, because not every gate passed".to_owned()
    } else if figures.is_empty() {
        "no speed claim over a row set".to_owned()
    } else {
        format!("speedup {}", figures.join("; "))
    }
}

/// How many rows, and how they were sampled where that matters.
pub(super) fn sampled(entry: &Entry) -> String {
    let sampling = &entry.sampling;
    let rows = count(entry.rows.len(), "row", "rows");
    if !figures_stand(entry) {
        return format!("{rows}, {:.1} s", entry.wall_seconds);
    }
    format!(
        "{rows}, {} of {}, {:.0} % intervals, {:.1} s",
        count(sampling.processes, "process", "processes"),
        count(sampling.blocks_per_process, "block", "blocks"),
        sampling.confidence * 100.0,
        entry.wall_seconds,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Decision, RowState, Verdict, sample};

    fn fits(text: &str) {
        let widest = text
            .lines()
            .max_by_key(|line| line.chars().count())
            .expect("there is text");
        assert!(widest.chars().count() <= 120, "too wide: {widest}");
    }

    #[test]
    fn a_promoted_run() {
        let mut entry = sample::entry();
        entry.hash = "fdaf2b7362474b35".to_owned();
        entry.rows[1].production = false;
        let mut slow = sample::row("qwen_image_layered_dual_gate_s8424_c3072_bcast11_strided");
        slow.set = "h200".to_owned();
        slow.bucket = "strided_generic_fallback".to_owned();
        slow.verdict = Some(Verdict::Inconclusive);
        entry.rows.push(slow);
        let mut lost = sample::row("firered_s1024_c3072");
        (lost.set, lost.state, lost.verdict) = ("h200".to_owned(), RowState::Lost, None);
        (lost.device, lost.device_hot) = (None, None);
        (lost.candidate_tb_per_s, lost.candidate_share_of_copy) = (None, None);
        lost.reason = Some("worker killed after 20 s".to_owned());
        entry.rows.push(lost);
        let text = run(
            &entry,
            Recorded::In(Path::new("ledger/h100/demo_vector_axpy.toml")),
            Color::No,
        );
        fits(&text);
        insta::assert_snapshot!(text, @"
        promote: speedup 1.235 (1.232-1.237) over 2 b200 rows, 1 fallback
        demo_vector_axpy on NVIDIA H100 80GB HBM3, 4 rows, 5 processes of 16 blocks, 95 % intervals, 37.2 s
        gates: 1 passed, 68 checks
        controls: passed; A/A 1.0000 (0.9995-1.0005) over 3 rows, 0 false verdicts; planted 1.020 read as 1.0197 (1.0191-1.0203)
        beside the candidate the baseline takes 1.0000 to 1.0000 of its time alone
        warning: 1 row of 2 fell back

        b200: 1 production row
                                             baseline  candidate                  95 %                   % of      hot
        row                       bucket           us         us  speedup     interval  verdict   TB/s  bound  speedup
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
        qwen_s4096_c3072_bcast11  broadcast     12.34      9.995    1.235  1.231-1.238  material  2.98   92 m    1.102

        b200: 1 rider
                                                 baseline  candidate                  95 %                   % of      hot
        row                           bucket           us         us  speedup     interval  verdict   TB/s  bound  speedup
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        qwen_edit_s189_c3072_bcast11  broadcast     12.34      9.995    1.235  1.231-1.238  material  2.98   92 m    1.102

        h200: 2 production rows
                                                   baseline  candidate                  95 %                       % of      hot
        row                          bucket              us         us  speedup     interval  verdict       TB/s  bound  speedup
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        qwen_image_la…ast11_strided  stride…lback     12.34      9.995    1.235  1.231-1.238  inconclusive  2.98   92 m    1.102
        firered_s1024_c3072          broadcast            -          -        -            -  lost             -   92 m        -

        bound: m memory (a copy), c compute (FMA), l latency (an empty kernel)
        qwen_image_layered_dual_gate_s8424_c3072_bcast11_strided: inconclusive; this run would have seen 0.12 %

        lost firered_s1024_c3072: worker killed after 20 s

                   production   all
        bucket           rows  rows  speedup  path            condition
        ─────────────────────────────────────────────────────────────────────────────────────────
        broadcast           2     2    1.235  broadcast_vec8  scale and shift broadcast over rows
        broadcast: promote: 1.235 times as fast, 2.98 of 3.12 TB/s

                                                      local  widest  widest
        side       kernel            rows  registers  bytes    load   store
        ───────────────────────────────────────────────────────────────────
        candidate  candidate_kernel     2         40      0     128     128

        candidate 0123abcd, baseline babababa, contract c0c0c0c0, harness 18fa365, seed 18446744073709551615
        nvcc 13.0.88, driver 580.65.06, copy 3.12 TB/s, empty kernel 1.125 us
        before and after: SM 1980 and 1980 MHz, 41 and 41 C, 0 and 0 other processes, throttled by: sw-power-cap
        while timed, 92 looks: SM 1965 to 1980 MHz, up to 52 C and 412 W, 0 other processes, throttled 3 times by sw-power-cap
        recorded in ledger/h100/demo_vector_axpy.toml as 20260102T030405Z-0123abcd, hash fdaf2b73
        ");
    }

    #[test]
    fn an_emulated_run_shows_no_speedup_and_no_time() {
        let mut entry = sample::entry();
        entry.gpu = "emulated".to_owned();
        entry.decision = Decision::NoVerdict;
        entry.headline.clear();
        entry.kernels.clear();
        entry.rows[0].shrunk = Some("tokens 4096 to 64".to_owned());
        let text = run(&entry, Recorded::Nowhere, Color::No);
        fits(&text);
        insta::assert_snapshot!(text, @r#"
        no-verdict: emulated, so correctness only: no time here is evidence of speed
        demo_vector_axpy, 2 rows, 37.2 s
        gates: 1 passed, 68 checks
        warning: 1 row of 2 fell back

        b200: 2 production rows
        row                           bucket     declined  state  shrunk to fit
        ───────────────────────────────────────────────────────────────────────────
        qwen_s4096_c3072_bcast11      broadcast  no        ran    tokens 4096 to 64
        qwen_edit_s189_c3072_bcast11  broadcast  no        ran    -

                   production   all
        bucket           rows  rows  speedup  path            condition
        ─────────────────────────────────────────────────────────────────────────────────────────
        broadcast           2     2        -  broadcast_vec8  scale and shift broadcast over rows

        candidate 0123abcd, baseline babababa, contract c0c0c0c0, harness 18fa365, seed 18446744073709551615
        nvcc 13.0.88
        not recorded: 20260102T030405Z-0123abcd
        "#);
    }

    #[test]
    fn a_failed_gate_takes_every_figure_with_it() {
        let mut entry = sample::entry();
        entry.decision = Decision::Invalid;
        entry.summary = "gates failed: written".to_owned();
        entry.gates.push(sample::gate(1));
        let text = run(
            &entry,
            Recorded::Unsaved(Path::new("x.unsaved.toml")),
            Color::No,
        );
        assert!(
            text.starts_with("invalid: gates failed: written\n"),
            "{text}"
        );
        assert!(!text.contains("1.23"), "{text}");
        assert!(
            text.ends_with("not recorded; the entry is saved in x.unsaved.toml\n"),
            "{text}"
        );
    }

    #[test]
    fn one_process_shows_its_speedup_without_an_interval() {
        let mut entry = sample::entry();
        entry.headline.clear();
        entry.rows.truncate(1);
        let lane = entry.rows[0].device.as_mut().expect("the sample is timed");
        (lane.ratio, lane.per_process) = (None, vec![1.5]);
        let text = run(&entry, Recorded::Nowhere, Color::No);
        assert!(text.contains("1.500         -  "), "{text}");
    }

    #[test]
    fn colour_is_added_only_when_asked_for() {
        let entry = sample::entry();
        assert!(
            run(&entry, Recorded::Nowhere, Color::Yes)
                .starts_with("\x1b[32mpromote\x1b[0m: speedup 1.235")
        );
        assert!(!run(&entry, Recorded::Nowhere, Color::No).contains('\x1b'));
    }
}
