//! What a GPU reads where the truth is 1: a line a task and lane.

use super::numbers::{fine_ratio, us};
use super::{Color, Column, Grid};
use crate::ledger::CalibrationRecord;

/// A table over tasks and lanes, then what was planted and the floors.
pub fn calibrations(found: &[CalibrationRecord], color: Color) -> String {
    let mut grid = Grid::new([
        Column::Text("task"),
        Column::Text("lane"),
        Column::Number("rows"),
        Column::Number("bias"),
        Column::Number("median\nhalf-width %"),
        Column::Number("largest\nhalf-width %"),
        Column::Number("false\nverdicts"),
    ]);
    for record in found {
        for lane in &record.lanes {
            grid.push([
                record.task.as_str().into(),
                lane.name.as_str().into(),
                lane.rows.to_string().into(),
                fine_ratio(lane.bias).into(),
                percent(lane.median_half_width).into(),
                percent(lane.largest_half_width).into(),
                lane.false_verdicts.to_string().into(),
            ]);
        }
    }
    let mut text = grid.render(color);
    text.push('\n');
    for record in found {
        let planted = record.planted.map_or_else(
            || "nothing planted".to_owned(),
            |pair| {
                format!(
                    "planted {:.3} read as {}",
                    pair.planted,
                    fine_ratio(pair.found)
                )
            },
        );
        text.push_str(&format!(
            "{}: {planted}; between processes {} %; empty kernel {} us, graph of one {} us; {}\n",
            record.task,
            percent(record.between_processes),
            us(record.floor_us),
            us(record.empty_graph_us),
            record.gpu,
        ));
    }
    text
}

fn percent(share: f64) -> String {
    format!("{:.2}", share * 100.0)
}
