//! The baseline of a task against a second copy of its object, on every row: what this GPU reads where the truth is 1.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::controls::{self, Controlled, PLANTED, TwinRows};
use super::gpu_watch::GpuWatch;
use super::losses::Losses;
use super::plan::{Cases, Depth, Sampling};
use super::record::{LaneOf, control_record, logs_of};
use super::run::{build_and_measure, crashed_run};
use super::sampling::Timing;
use super::stock::Stocked;
use super::{Machine, Progress, RunOptions, SessionError};
use crate::crash::CrashFolder;
use crate::gate::{GateBook, Oracle};
use crate::ledger::{
    CalibrationRecord, ControlKind, ControlRecord, LaneCalibration, PlantedRecord,
};
use crate::stats::{SameCodeGroup, SameCodeRow, judge_controls};
use crate::task::Task;
use crate::toolchain::{Project, Toolchain};

/// Rows from this time on are held to a narrower interval (`MEASURE.md`), in microseconds.
const SHORT_US: f64 = 5.0;

const LANES: [(&str, LaneOf); 5] = [
    ("A/A, cold", |reply| &reply.device),
    ("A/A, hot", |reply| &reply.device_hot),
    ("A/A, dirty", |reply| &reply.device_dirty),
    ("A/A, submit", |reply| &reply.submit),
    ("A/A, wall", |reply| &reply.wall),
];

/// Times every row of `task`; no candidate is loaded.
///
/// # Errors
///
/// As [`super::run`], and where a control was lost.
pub fn calibrate(
    project: &Project,
    toolchain: &Toolchain,
    task: &Task,
    machine: &Machine,
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<CalibrationRecord, SessionError> {
    let started = Timestamp::now();
    let cases = Cases::select(task, &options.selection, machine.is_emulated())?;
    let (built, mut factory, ceilings) = build_and_measure(
        project,
        toolchain,
        task,
        machine,
        options,
        Stocked::default(),
    )?;
    // Nothing has looked at the candidate: the baseline stands in for it.
    factory.candidate.clone_from(&factory.baseline);
    let mut oracle = Oracle::load(&built.oracle.library)?;
    let controls = controls::controls(&cases.rows, TwinRows::All, &factory.host.device);
    let (libraries, _copy) = controls::libraries(&built.baseline.library, &factory.host.device)?;
    let run = crashed_run(project, task, machine, &built, &ceilings, started);
    let crashes = CrashFolder(project.scratch_dir().join("crashes"));
    let losses = Losses::new(crashes, run, progress);
    let sampling = Sampling::new(Depth::Full, machine.is_emulated(), task.contract.margin);
    let mut timing = Timing {
        factory: &factory,
        oracle: &mut oracle,
        book: &mut GateBook::default(),
        options,
        sampling: &sampling,
        attested: &BTreeMap::new(),
        losses: &losses,
        controls: &controls,
        control_libraries: Some(&libraries),
        watch: GpuWatch::default(),
    };
    let taken = timing.run(&[], progress)?;
    if let Some((case, why)) = taken.controls.iter().find_map(|controlled| {
        let why = controlled.replies.as_ref().err()?;
        Some((&controlled.control.case.id, why))
    }) {
        return Err(SessionError::LostControl {
            row: case.clone(),
            why: why.clone(),
        });
    }

    let (lanes, planted) = readings(&taken.controls, task.contract.margin);
    let rows: Vec<ControlRecord> = taken.controls.iter().filter_map(control_record).collect();
    let driver = match machine {
        Machine::Emulated { .. } => String::new(),
        Machine::Gpu { gpu, .. } => gpu.driver.clone(),
    };
    let peaks = ceilings.peaks;
    Ok(CalibrationRecord {
        schema: CalibrationRecord::SCHEMA,
        id: format!(
            "{}-{}",
            started.strftime("%Y%m%dT%H%M%S%3fZ"),
            &built.baseline.source_hash[..8]
        ),
        task: task.name.clone(),
        gpu: ceilings.facts.name.clone(),
        uuid: ceilings.facts.uuid.clone(),
        driver,
        contract_hash: task.contract_hash.clone(),
        processes: sampling.processes,
        floor_us: peaks.map_or(0.0, |peaks| peaks.floor_ns * 1e-3),
        empty_graph_us: peaks.map_or(0.0, |peaks| peaks.empty_graph_ns * 1e-3),
        between_processes: median_between(&rows),
        planted,
        lanes,
        rows,
    })
}

/// What the rows read in each lane, the cold one also by length, and the planted pair.
fn readings(
    controlled: &[Controlled],
    margin: f64,
) -> (Vec<LaneCalibration>, Option<PlantedRecord>) {
    let twins = |lane_of: LaneOf, keep: &dyn Fn(f64) -> bool| {
        let of_twins = controlled.iter().filter(|controlled| {
            let us = control_record(controlled).map(|record| record.first_us);
            controlled.control.kind == ControlKind::Twins && us.is_some_and(keep)
        });
        of_twins
            .filter_map(|controlled| logs_of(controlled, lane_of))
            .collect::<Vec<_>>()
    };
    let mut groups: Vec<(String, Vec<_>)> = LANES
        .into_iter()
        .map(|(name, lane_of)| (name.to_owned(), twins(lane_of, &|_| true)))
        .collect();
    let cold = LANES[0].1;
    groups.push((
        format!("cold, {SHORT_US} us and more"),
        twins(cold, &|us| us >= SHORT_US),
    ));
    groups.push((
        format!("cold, below {SHORT_US} us"),
        twins(cold, &|us| us < SHORT_US),
    ));
    groups.retain(|(_, rows)| !rows.is_empty());
    let rows: Vec<Vec<SameCodeRow>> = groups
        .iter()
        .map(|(_, logs)| logs.iter().map(|logs| logs.as_row()).collect())
        .collect();
    let named: Vec<SameCodeGroup> = groups
        .iter()
        .zip(&rows)
        .map(|((name, _), rows)| SameCodeGroup { name, rows })
        .collect();
    let judged = judge_controls(&named, &[], margin);
    let lanes = judged.same_code.into_iter().map(|reading| LaneCalibration {
        name: reading.name,
        rows: reading.rows,
        bias: reading.bias,
        median_half_width: reading.median_half_width,
        largest_half_width: reading.largest_half_width,
        false_verdicts: reading.false_verdicts,
    });
    let planted = controlled
        .iter()
        .filter(|controlled| controlled.control.kind == ControlKind::Planted)
        .find_map(control_record);
    (
        lanes.collect(),
        planted.map(|record| PlantedRecord {
            planted: PLANTED,
            found: record.device,
        }),
    )
}

fn median_between(rows: &[ControlRecord]) -> f64 {
    let twins = rows.iter().filter(|row| row.kind == ControlKind::Twins);
    let mut deviations: Vec<f64> = twins.map(|row| row.between_processes).collect();
    deviations.sort_by(f64::total_cmp);
    deviations.get(deviations.len() / 2).copied().unwrap_or(0.0)
}
