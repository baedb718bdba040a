//! Every try of a ledger, with what it failed on or what held it back.

use super::evidence::figures_stand;
use super::history::headlines;
use super::notes::note_line;
use super::numbers::{NONE, count, interval, lane_speedup, short, speedup};
use super::replicated::replicates;
use super::{Color, Tone};
use crate::ledger::{Entry, GateRecord, Outcome, RowRecord, RowState};

/// Two lines an entry, oldest first: id, decision, headlines and candidate; then the reason, and the note where there is
/// one.
pub fn attempts(entries: &[Entry], color: Color) -> String {
    let mut text = String::new();
    for entry in entries {
        let decision = color.paint(entry.decision.into(), &entry.decision.to_string());
        let headlines = match headlines(entry) {
            none if none == NONE => String::new(),
            lines => format!(": {lines}"),
        };
        text.push_str(&format!(
            "{}  {decision}{headlines}; candidate {}, contract {}\n    {}\n",
            entry.id,
            short(&entry.provenance.candidate_source),
            short(&entry.provenance.contract_hash),
            Findings::of(entry).in_words(entry, color),
        ));
        if let Some(record) = &entry.replicates {
            text.push_str(&format!("    {}\n", replicates(record, color)));
        }
        if let Some(note) = &entry.note {
            text.push_str(&note_line("    note: ", note));
        }
    }
    text
}

/// What a reader asks first of a run that did not win, and of one that did.
pub(super) struct Findings<'a> {
    pub failed_gate: Option<&'a GateRecord>,
    pub lost_row: Option<&'a RowRecord>,
    /// The production row with the least device speedup, those that were declined aside.
    pub least_row: Option<&'a RowRecord>,
}

impl<'a> Findings<'a> {
    pub(super) fn of(entry: &'a Entry) -> Self {
        let timed = entry.rows.iter().filter(|row| {
            row.production && !row.declined && row.device.as_ref().and_then(lane_speedup).is_some()
        });
        let figure = |row: &RowRecord| row.device.as_ref().and_then(lane_speedup).unwrap_or(0.0);
        Self {
            failed_gate: entry
                .gates
                .iter()
                .find(|gate| gate.outcome == Outcome::Failed),
            lost_row: entry.rows.iter().find(|row| row.state == RowState::Lost),
            least_row: timed
                .filter(|_| figures_stand(entry))
                .min_by(|one, other| figure(one).total_cmp(&figure(other))),
        }
    }

    pub(super) fn in_words(&self, entry: &Entry, color: Color) -> String {
        if let Some(gate) = self.failed_gate {
            let detail = gate.details.first().map(|detail| format!(": {detail}"));
            return format!(
                "{} {} failed on {} of {}{}",
                color.paint(Tone::Bad, "gate"),
                gate.name,
                gate.failures,
                count(gate.cases, "case", "cases"),
                detail.unwrap_or_default()
            );
        }
        if let Some(row) = self.lost_row {
            let reason = row.reason.as_deref().unwrap_or("no reason was recorded");
            return format!("{} {}: {reason}", color.paint(Tone::Bad, "lost"), row.id);
        }
        if let Some(row) = self.least_row {
            return least(row);
        }
        entry.summary.clone()
    }
}

/// `least row x: 0.994 (0.990-0.998), slower`.
fn least(row: &RowRecord) -> String {
    let lane = row.device.as_ref();
    let figure = lane.and_then(lane_speedup).map_or(NONE.to_owned(), speedup);
    let within = lane.and_then(|lane| lane.ratio);
    let within = within.map(|ratio| format!(" ({})", interval(ratio.low, ratio.high)));
    let verdict = row.verdict.map(|verdict| format!(", {verdict}"));
    format!(
        "least row {}: {figure}{}{}",
        row.id,
        within.unwrap_or_default(),
        verdict.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Decision, Verdict, sample};

    #[test]
    fn each_try_says_what_it_failed_on() {
        let mut slower = sample::entry();
        slower.decision = Decision::Reject;
        slower.rows[1].device = Some(sample::lane(0.95, 0.94, 0.96));
        slower.rows[1].verdict = Some(Verdict::Slower);
        slower.note = Some("one pass fewer over x".to_owned());
        let mut failed = sample::entry();
        failed.decision = Decision::Invalid;
        failed.gates.push(sample::gate(2));
        let mut lost = sample::entry();
        lost.decision = Decision::Invalid;
        lost.headline.clear();
        lost.rows[0].state = RowState::Lost;
        lost.rows[0].reason = Some("the worker was killed by signal 11".to_owned());
        let mut emulated = sample::entry();
        emulated.gpu = "emulated".to_owned();
        emulated.decision = Decision::NoVerdict;
        let entries = [slower, failed, lost, emulated, sample::entry()];
        insta::assert_snapshot!(attempts(&entries, Color::No), @r"
        20260102T030405Z-0123abcd  reject: b200 1.235 (1.232-1.237); candidate 0123abcd, contract c0c0c0c0
            least row qwen_edit_s189_c3072_bcast11: 0.950 (0.940-0.960), slower
            note: one pass fewer over x
        20260102T030405Z-0123abcd  invalid; candidate 0123abcd, contract c0c0c0c0
            gate poison failed on 2 of 68 cases: row_0 candidate out[7]: expected 1.5, found NaN
        20260102T030405Z-0123abcd  invalid; candidate 0123abcd, contract c0c0c0c0
            lost qwen_s4096_c3072_bcast11: the worker was killed by signal 11
        20260102T030405Z-0123abcd  no-verdict; candidate 0123abcd, contract c0c0c0c0
            1.235 times as fast over the b200 rows, none slower
        20260102T030405Z-0123abcd  promote: b200 1.235 (1.232-1.237); candidate 0123abcd, contract c0c0c0c0
            least row qwen_s4096_c3072_bcast11: 1.235 (1.231-1.238), material
        ");
    }
}
