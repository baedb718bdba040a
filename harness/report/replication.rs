//! A run beside the one that it made again.

use super::difference::causes;
use super::gates::gates;
use super::markdown::controls_line;
use super::numbers::{count, fine_ratio, or_none, ratio};
use super::replicated::replicates;
use super::run::{placed, sampled};
use super::{Cell, Color, Column, Grid, Recorded, Tone};
use crate::ledger::Entry;
use crate::replication::{Agreement, Claim, HeadlineAgreement, Said, Word};

/// Whether the claim holds, then each set and each production row before and now.
pub fn replication(
    before: &Entry,
    after: &Entry,
    agreement: &Agreement,
    recorded: Recorded<'_>,
    color: Color,
) -> String {
    let mut text = match &after.replicates {
        Some(record) => format!("{}\n", replicates(record, color)),
        None => String::new(),
    };
    text.push_str(&format!(
        "{}: {} then, {} now, on {}\n{}\n",
        after.task,
        before.decision,
        after.decision,
        after.gpu,
        sampled(after)
    ));
    text.push_str(&gates(&after.gates, color));
    for difference in &agreement.gates {
        text.push_str(&format!("{}\n", color.paint(Tone::Bad, difference)));
    }
    if let (Claim::Speeds, Some(controls)) = (agreement.claim, &after.controls) {
        text.push_str(&format!("{}\n", controls_line(controls)));
    }
    for warning in &after.warnings {
        let word = color.paint(Tone::Unsure, "warning:");
        text.push_str(&format!("{word} {warning}\n"));
    }
    for (what, was, is) in causes(before, after) {
        text.push_str(&format!("{what}: {was} -> {is}\n"));
    }
    text.push_str(&figures(agreement, color));
    text + &placed(after, recorded)
}

fn figures(agreement: &Agreement, color: Color) -> String {
    if !agreement.is_admissible {
        return "nothing is compared: the run failed its own controls\n".to_owned();
    }
    let rows = match agreement.claim {
        Claim::Outcome => {
            "gates and the state of each row are compared, no speeds: none is claimed\n".to_owned()
        }
        Claim::Speeds => String::new(),
    };
    let sets: String = agreement
        .headlines
        .iter()
        .map(|set| headline(set, color))
        .collect();
    format!("{rows}{sets}\n{}", table(agreement, color))
}

fn headline(of: &HeadlineAgreement, color: Color) -> String {
    format!(
        "{}: {} then, {} now, ratio {}: {}\n",
        of.set,
        ratio(of.before),
        or_none(of.after, ratio),
        or_none(of.change, fine_ratio),
        color.paint(tone(of.word), word(of.word)),
    )
}

/// The ratio has a column where speeds are compared.
fn table(agreement: &Agreement, color: Color) -> String {
    let rows = &agreement.rows;
    if rows.is_empty() {
        return "no production row to compare\n".to_owned();
    }
    let with_ratio = agreement.claim == Claim::Speeds;
    let mut columns = vec![
        Column::Shrinking("row"),
        Column::Text("set"),
        Column::Number("then"),
        Column::Number("now"),
    ];
    columns.extend(with_ratio.then_some(Column::Number("now / then (95 %)")));
    columns.push(Column::Text("reading"));
    let mut grid = Grid::of(columns);
    for row in rows {
        let mut cells: Vec<Cell> = vec![
            row.id.as_str().into(),
            row.set.as_str().into(),
            said(&row.before).into(),
            said(&row.after).into(),
        ];
        cells.extend(with_ratio.then(|| or_none(row.change, fine_ratio).into()));
        let reading = match (row.changes_sides(), row.word) {
            (true, Word::Lower) => "lower, now slower",
            (true, _) => "higher, now faster",
            (false, of) => word(of),
        };
        cells.push(Cell::toned(tone(row.word), reading));
        grid.push_row(cells);
    }
    format!(
        "{}agreeing: {} of {}\n",
        grid.render(color),
        rows.len() - agreement.disagreeing().count(),
        count(rows.len(), "production row", "production rows")
    )
}

fn said(said: &Said) -> String {
    match said {
        Said::Speedup(interval) => ratio(*interval),
        Said::State(state) => state.clone(),
    }
}

fn word(word: Word) -> &'static str {
    match word {
        Word::Agrees => "agrees",
        Word::WithinMargin => "agrees within the margin",
        Word::Lower => "lower",
        Word::Higher => "higher",
        Word::Differs => "differs",
    }
}

fn tone(word: Word) -> Tone {
    match word.agrees() {
        true => Tone::Good,
        false => Tone::Bad,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ledger::{Decision, sample};

    fn shown(claim: Claim, before: &Entry, change: impl Fn(&mut Entry)) -> String {
        let mut after = before.clone();
        after.id = "20260103T030405000Z-0123abcd".to_owned();
        after.hash = "fdaf2b7362474b35".to_owned();
        change(&mut after);
        let agreement = Agreement::of(claim, before, &after);
        after.replicates = Some(agreement.record(before, None));
        let place = Recorded::In(Path::new("ledger/h100/demo_vector_axpy.toml"));
        replication(before, &after, &agreement, place, Color::No)
    }

    #[test]
    fn each_row_is_shown_then_and_now() {
        let text = shown(Claim::Speeds, &sample::entry(), |after| {
            after.device.uuid = "GPU-11111111-0000-0000-0000-000000000000".to_owned();
            let lane = after.rows[1].device.as_mut().expect("the sample is timed");
            *lane = sample::lane(1.1, 1.098, 1.102);
        });
        insta::assert_snapshot!(text, @r"
        replicates 20260102T030405Z-0123abcd: does NOT agree, 1 of 2 rows; not qwen_edit_s189_c3072_bcast11
        demo_vector_axpy: promote then, promote now, on NVIDIA H100 80GB HBM3
        2 rows, 5 processes of 16 blocks, 95 % intervals, 37.2 s
        gates: 1 passed, 68 checks
        controls: passed; A/A 1.0000 (0.9995-1.0005) over 3 rows, 0 false verdicts; planted 1.020 read as 1.0197 (1.0191-1.0203)
        warning: 1 row of 2 fell back
        device: GPU-00000000-0000-0000-0000-000000000000 -> GPU-11111111-0000-0000-0000-000000000000
        b200: 1.235 (1.232-1.237) then, 1.235 (1.232-1.237) now, ratio 0.9439 (0.9383-0.9496): lower

        row                           set                  then                  now       now / then (95 %)  reading
        ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
        qwen_s4096_c3072_bcast11      b200  1.235 (1.231-1.238)  1.235 (1.231-1.238)  1.0000 (0.9936-1.0064)  agrees
        qwen_edit_s189_c3072_bcast11  b200  1.235 (1.231-1.238)  1.100 (1.098-1.102)  0.8910 (0.8858-0.8962)  lower
        agreeing: 1 of 2 production rows
        recorded in ledger/h100/demo_vector_axpy.toml as 20260103T030405000Z-0123abcd, hash fdaf2b73
        ");
    }

    #[test]
    fn an_emulated_run_is_compared_without_speeds() {
        let mut before = sample::entry();
        before.gpu = "emulated".to_owned();
        before.decision = Decision::NoVerdict;
        let text = shown(Claim::Outcome, &before, |after| {
            after.rows[0].declined = true;
            after.gates.push(sample::gate(1));
        });
        insta::assert_snapshot!(text, @r"
        replicates 20260102T030405Z-0123abcd: does NOT agree, 1 of 2 rows; not qwen_s4096_c3072_bcast11
        demo_vector_axpy: no-verdict then, no-verdict now, on emulated
        2 rows, 37.2 s
        gates: 1 failed, 1 passed, 136 checks
          poison: 1 of 68 checks failed
            row_0 candidate out[7]: expected 1.5, found NaN
        gate poison fails now, and did not then
        warning: 1 row of 2 fell back
        gates and the state of each row are compared, no speeds: none is claimed

        row                           set       then                 now  reading
        ─────────────────────────────────────────────────────────────────────────
        qwen_s4096_c3072_bcast11      b200  measured  measured, declined  differs
        qwen_edit_s189_c3072_bcast11  b200  measured            measured  agrees
        agreeing: 1 of 2 production rows
        recorded in ledger/h100/demo_vector_axpy.toml as 20260103T030405000Z-0123abcd, hash fdaf2b73
        ");
    }

    #[test]
    fn a_run_that_failed_its_controls_compares_nothing() {
        let text = shown(Claim::Speeds, &sample::entry(), |after| {
            after.decision = Decision::Inadmissible;
        });
        assert!(
            text.starts_with("replicates 20260102T030405Z-0123abcd: says nothing of it, because"),
            "{text}"
        );
        assert!(
            text.contains("nothing is compared") && !text.contains("1.235"),
            "{text}"
        );
    }
}
