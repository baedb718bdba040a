//! What the run's controls read, and whether it may be believed.

use super::{CONFIDENCE, Findings};
use crate::ledger::{ControlKind, ControlRecord, ControlsRecord, RowRecord, SpeedupInterval};
use crate::session::controls::{Controlled, PLANTED};
use crate::session::plan::Depth;
use crate::stats::{
    Block, Estimate, PlantedRow, SameCodeGroup, SameCodeReading, SameCodeRow, judge_controls, lane,
    spread_us,
};
use crate::worker::TimeReply;

/// A lane of a reply.
pub(in crate::session) type LaneOf = fn(&TimeReply) -> &Vec<Block>;

/// Group whose figures head the record.
const COLD: &str = "A/A, cold";

/// Rows of the task itself whose sides launch the same machine code.
const SAME_CODE: &str = "rows of the same code";

/// Lanes that a control is judged in. The others are recorded beside them: they bear no verdict, and in the dirty one a
/// producer's time is taken off, which left a bias of up to 0.6 % on an H100.
const JUDGED: [(&str, LaneOf); 2] = [
    (COLD, |reply| &reply.device),
    ("A/A, hot", |reply| &reply.device_hot),
];

/// The planted pair is named by what it plants.
const PLANTED_NAME: &str = "2 % more bytes";

/// Log ratios of a row in every process.
pub(in crate::session) struct Logs<'a> {
    id: &'a str,
    of_process: Vec<f64>,
}

impl Findings<'_> {
    /// The controls of a full run on a GPU.
    pub(super) fn controls(&self, rows: &[RowRecord]) -> Option<ControlsRecord> {
        if self.machine.is_emulated() || self.options.depth != Depth::Full {
            return None;
        }
        let timed = self.timed?;
        let lost = timed.controls.iter().filter_map(|controlled| {
            let why = controlled.replies.as_ref().err()?;
            Some(format!(
                "control `{}` was lost: {why}",
                controlled.control.case.id
            ))
        });
        let mut lost: Vec<String> = lost.collect();
        let of_kind = |kind, lane_of: LaneOf| -> Vec<Logs> {
            let controls = timed.controls.iter();
            controls
                .filter(|controlled| controlled.control.kind == kind)
                .filter_map(|controlled| logs_of(controlled, lane_of))
                .collect()
        };
        let twins: Vec<(&str, Vec<Logs>)> = JUDGED
            .into_iter()
            .map(|(name, lane_of)| (name, of_kind(ControlKind::Twins, lane_of)))
            .filter(|(_, rows)| !rows.is_empty())
            .collect();
        let fallback: Vec<Logs> = rows
            .iter()
            .filter(|row| row.same_code)
            .filter_map(logs_of_row)
            .collect();
        let mut groups: Vec<(&str, Vec<SameCodeRow>)> = twins
            .iter()
            .map(|(name, rows)| (*name, rows.iter().map(Logs::as_row).collect()))
            .collect();
        if !fallback.is_empty() {
            groups.push((SAME_CODE, fallback.iter().map(Logs::as_row).collect()));
        }
        let groups: Vec<SameCodeGroup> = groups
            .iter()
            .map(|(name, rows)| SameCodeGroup { name, rows })
            .collect();
        let planted = of_kind(ControlKind::Planted, |reply| &reply.device);
        let planted: Vec<PlantedRow> = planted
            .iter()
            .map(|logs| PlantedRow {
                name: PLANTED_NAME,
                log_speedup: PLANTED.ln(),
                process_log_speedups: &logs.of_process,
            })
            .collect();
        let judged = judge_controls(&groups, &planted, self.task.contract.margin);
        let reading = |name: &str| judged.same_code.iter().find(|reading| reading.name == name);
        lost.extend(judged.reasons.iter().cloned());
        lost.extend(self.shared_gpu());
        let cold = reading(COLD);
        Some(ControlsRecord {
            admissible: lost.is_empty(),
            reasons: lost,
            twins: cold.map_or(NOTHING, |cold| cold.bias),
            twin_rows: cold.map_or(0, |cold| cold.rows),
            false_verdicts: cold.map_or(0, |cold| cold.false_verdicts),
            half_width: cold.map_or(0.0, |cold| cold.median_half_width),
            planted: PLANTED,
            planted_found: judged
                .planted
                .first()
                .map_or(NOTHING, |planted| planted.found),
            calibration: None,
            same_code: reading(SAME_CODE).map(|reading: &SameCodeReading| reading.bias),
        })
    }

    /// Somebody else's work is in the times of a GPU that is shared.
    fn shared_gpu(&self) -> Option<String> {
        let around = [&self.before, &self.after].into_iter().flatten();
        let around = around.map(|clock| clock.other_processes);
        let during = self.timed.and_then(|timed| timed.during.as_ref());
        let during = during.map(|during| during.other_processes);
        let others = around.chain(during).max()?;
        (others > 0).then(|| format!("{others} other processes held a context on this GPU"))
    }

    pub(super) fn control_rows(&self) -> Vec<ControlRecord> {
        let controls = self.timed.into_iter().flat_map(|timed| &timed.controls);
        match self.machine.is_emulated() {
            true => Vec::new(),
            false => controls.filter_map(control_record).collect(),
        }
    }
}

/// Where nothing was read.
const NOTHING: SpeedupInterval = SpeedupInterval {
    speedup: 0.0,
    low: 0.0,
    high: 0.0,
};

impl Logs<'_> {
    pub(in crate::session) fn as_row(&self) -> SameCodeRow<'_> {
        SameCodeRow {
            id: self.id,
            process_log_speedups: &self.of_process,
        }
    }
}

fn blocks(replies: &[TimeReply], lane_of: LaneOf) -> Vec<Vec<Block>> {
    replies.iter().map(|reply| lane_of(reply).clone()).collect()
}

pub(in crate::session) fn logs_of(controlled: &Controlled, lane_of: LaneOf) -> Option<Logs<'_>> {
    let replies = controlled.replies.as_ref().ok()?;
    let lane = lane(&blocks(replies, lane_of), CONFIDENCE)?;
    Some(Logs {
        id: &controlled.control.case.id,
        of_process: lane
            .per_process
            .iter()
            .map(|speedup| speedup.ln())
            .collect(),
    })
}

fn logs_of_row(row: &RowRecord) -> Option<Logs<'_>> {
    let lane = row.device.as_ref()?;
    Some(Logs {
        id: &row.id,
        of_process: lane
            .per_process
            .iter()
            .map(|speedup| speedup.ln())
            .collect(),
    })
}

pub(in crate::session) fn control_record(controlled: &Controlled) -> Option<ControlRecord> {
    let replies = controlled.replies.as_ref().ok()?;
    let ratio = |lane_of: LaneOf| lane(&blocks(replies, lane_of), CONFIDENCE)?.ratio;
    let cold = logs_of(controlled, |reply| &reply.device)?;
    let estimate = Estimate::over_processes(&cold.of_process)?;
    let first: Vec<f64> = replies
        .iter()
        .flat_map(|reply| &reply.device)
        .flat_map(Block::baseline_ns)
        .collect();
    Some(ControlRecord {
        kind: controlled.control.kind,
        row: controlled.control.case.id.clone(),
        first_us: spread_us(&first)?.median,
        between_processes: estimate.std_error * (estimate.processes as f64).sqrt(),
        device: ratio(|reply| &reply.device)?,
        device_hot: ratio(|reply| &reply.device_hot),
        device_dirty: ratio(|reply| &reply.device_dirty),
        submit: ratio(|reply| &reply.submit),
        wall: ratio(|reply| &reply.wall),
    })
}
