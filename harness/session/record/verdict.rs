//! The word on each row, and what weakens it.

use super::{CONFIDENCE, Findings};
use crate::ledger::{ModesRecord, RowRecord, RowState, SpeedupInterval, Verdict};
use crate::stats::{Block, Estimate, modes, second_opinion, standing_verdict, verdicts};
use crate::toolchain::Side;
use crate::worker::TimeReply;

/// Step of CUDA events, in nanoseconds (CUDA driver API, `cuEventElapsedTime`: "a resolution of around 0.5
/// microseconds").
const EVENT_STEP_NS: f64 = 500.0;

/// Share of a row's blocks that may have been sampled under a moving clock (`MEASURE.md`, "Clocks").
const UNSTEADY_SHARE: f64 = 0.05;

impl Findings<'_> {
    /// Verdicts over all timed rows, as one family; then each held against its modes, its second opinion and its clocks.
    pub(super) fn judge_rows(&self, rows: &mut [RowRecord]) {
        let margin = self.task.contract.margin;
        let mut timed: Vec<&mut RowRecord> = rows
            .iter_mut()
            .filter(|row| row.state == RowState::Measured)
            .collect();
        let estimates: Vec<Option<Estimate>> = timed.iter().map(|row| estimate(row)).collect();
        let words = verdicts(&estimates, margin, CONFIDENCE);
        for ((row, word), estimate) in timed.iter_mut().zip(words).zip(estimates) {
            let Some(estimate) = estimate else { continue };
            row.verdict = Some(word);
            row.smallest_effect = Some(estimate.detectable(CONFIDENCE));
            if let Some(Ok(replies)) = self.timed.map(|timed| &timed.rows[&row.id]) {
                weaken(row, replies, margin);
            }
        }
    }
}

fn estimate(row: &RowRecord) -> Option<Estimate> {
    let speedups = &row.device.as_ref()?.per_process;
    let logs: Vec<f64> = speedups.iter().map(|speedup| speedup.ln()).collect();
    Estimate::over_processes(&logs)
}

/// Takes back what the samples themselves speak against, and says so in the row.
fn weaken(row: &mut RowRecord, replies: &[TimeReply], margin: f64) {
    let Some(word) = row.verdict else { return };
    let blocks: Vec<Vec<Block>> = replies.iter().map(|reply| reply.device.clone()).collect();
    let mut doubts = Vec::new();
    let mut standing = word;

    let step = EVENT_STEP_NS / f64::from(row.calls_per_sample.max(1));
    let [of_baseline, of_candidate] = Side::BOTH.map(|side| modes(&blocks, side, step));
    let found: Vec<_> = [
        (Side::Baseline, of_baseline.as_ref()),
        (Side::Candidate, of_candidate.as_ref()),
    ]
    .into_iter()
    .filter_map(|(side, modes)| Some((side, modes?)))
    .collect();
    if !found.is_empty() {
        standing = standing_verdict(word, &blocks, &found, margin, CONFIDENCE);
        if standing != word {
            doubts.push(format!("{word} over both modes, {standing} in each alone"));
        }
        row.modes = Some(ModesRecord {
            baseline: of_baseline,
            candidate: of_candidate,
        });
    }
    if let Some(opinion) = second_opinion(&blocks, CONFIDENCE) {
        if opinion.disagrees {
            standing = Verdict::Inconclusive;
            doubts.push("the Hodges-Lehmann estimate lies on the other side of 1".to_owned());
        }
        row.second_opinion = Some(opinion.ratio);
    }
    let unsteady: u32 = replies.iter().map(|reply| reply.clocks.unsteady).sum();
    let taken: usize = blocks.iter().map(Vec::len).sum();
    if f64::from(unsteady) > UNSTEADY_SHARE * taken as f64 {
        standing = Verdict::Inconclusive;
        doubts.push(format!(
            "the SM clock moved within {unsteady} of its blocks"
        ));
    }
    if let Some(doubt) = row
        .beside
        .and_then(|beside| moved_by_company(beside, margin))
    {
        standing = Verdict::Inconclusive;
        doubts.push(doubt);
    }
    row.verdict = Some(standing);
    row.doubt = (!doubts.is_empty()).then(|| doubts.join("; "));
}

/// Whether the baseline is another one among replays of the candidate: then interleaving measures itself.
fn moved_by_company(beside: SpeedupInterval, margin: f64) -> Option<String> {
    let half = margin / 2.0;
    let is_moved = beside.low > 1.0 + half || beside.high < 1.0 - half;
    is_moved.then(|| {
        format!(
            "beside the candidate the baseline takes {:.4} times as long as among its own replays",
            beside.speedup
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_that_the_candidate_slows_down_is_a_doubt() {
        let doubt = |low, high| {
            let speedup = f64::midpoint(low, high);
            moved_by_company(SpeedupInterval { speedup, low, high }, 0.01)
        };
        assert_eq!(doubt(0.996, 1.02), None);
        assert_eq!(doubt(1.001, 1.004), None);
        assert!(doubt(1.01, 1.03).is_some_and(|text| text.contains("1.0200 times")));
        assert!(doubt(0.95, 0.99).is_some());
    }
}
