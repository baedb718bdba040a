//! What each side launches, row by row, without judging it.

use super::judging::NAN_POISON;
use super::pair::{Replaceable, WorkerFactory};
use super::run::worker_factory;
use super::screening::tell;
use super::{Machine, RunOptions, SessionError};
use crate::task::{Case, Task};
use crate::toolchain::{Project, Side, Toolchain};
use crate::worker::CheckRequest;

/// One side's captured call.
#[derive(Clone, Debug)]
pub struct CallGraph {
    pub row: String,
    pub side: Side,
    pub fingerprint: String,
    /// `name grid block smem` of a node, and its parameters.
    pub nodes: Vec<(String, String)>,
    pub faults: Vec<String>,
    /// Why there is no graph.
    pub lost: Option<String>,
}

/// Captures every selected row on both sides.
///
/// # Errors
///
/// As [`super::run`].
pub fn graphs(
    project: &Project,
    toolchain: &Toolchain,
    task: &Task,
    machine: &Machine,
    options: &RunOptions,
) -> Result<Vec<CallGraph>, SessionError> {
    let cases = super::plan::Cases::select(task, &options.selection, machine.is_emulated())?;
    let built = toolchain.build_task(project, &task.name, &machine.target())?;
    let factory = worker_factory(project, toolchain, machine, &built, options)?;
    let area = cases.rows.iter().map(|row| 2 * row.output_bytes()).max();
    let mut captured = Vec::new();
    for side in Side::BOTH {
        let of_side = capture_side(&factory, side, &cases.rows, area.unwrap_or(0), options)?;
        captured.extend(of_side);
    }
    // Rows in order, the baseline first.
    let place = |row: &str| cases.rows.iter().position(|case| case.id == row);
    captured.sort_by_key(|graph| (place(&graph.row), graph.side));
    Ok(captured)
}

fn capture_side(
    factory: &WorkerFactory,
    side: Side,
    rows: &[Case],
    area: u64,
    options: &RunOptions,
) -> Result<Vec<CallGraph>, SessionError> {
    let mut worker = Replaceable::start(factory, side, area)?;
    let mut captured = Vec::new();
    for row in rows {
        options.check_interrupt()?;
        let request = CheckRequest {
            case: row.clone(),
            side,
            seed: options.seed,
            poison: [NAN_POISON; 2],
            area: 0,
        };
        let mut graph = CallGraph {
            row: row.id.clone(),
            side,
            fingerprint: String::new(),
            nodes: Vec::new(),
            faults: Vec::new(),
            lost: None,
        };
        let Some(running) = worker.worker()? else {
            graph.lost = Some("not run: too many of its workers have died".to_owned());
            captured.push(graph);
            continue;
        };
        let reply = running.send_check(request);
        match reply.and_then(|()| running.checked(options.limit)) {
            Ok(reply) => {
                graph.fingerprint = reply.graph.fingerprint;
                graph.nodes = reply
                    .graph
                    .nodes
                    .into_iter()
                    .zip(reply.graph_params)
                    .collect();
                graph.faults = reply.graph_faults;
            }
            Err(error) => {
                worker.failed(&error);
                graph.lost = Some(tell(&error));
            }
        }
        captured.push(graph);
    }
    Ok(captured)
}
