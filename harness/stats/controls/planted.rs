//! An effect that must come back with its size.

use serde::{Deserialize, Serialize};

use super::session::{CONFIDENCE, too_few, worded};
use crate::ledger::SpeedupInterval;
use crate::stats::Estimate;

/// How far the planted effect may be off, as a share of it. Its size is known from bytes, and a row that is not bound by
/// memory alone shows a little less of them; an error in proportion beyond that is one of scale, such as a wrong count
/// of calls. A share and not a part of the margin, because a scale is what only this control tests.
const PLANTED_TOLERANCE: f64 = 0.2;

/// A row whose candidate is slower or faster by a known size.
#[derive(Clone, Copy, Debug)]
pub struct PlantedRow<'a> {
    pub name: &'a str,
    /// Log speedup that was planted: below zero for a slower candidate; not zero.
    pub log_speedup: f64,
    pub process_log_speedups: &'a [f64],
}

/// What a planted effect read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlantedReading {
    pub name: String,
    pub planted: f64,
    /// With its 95 % interval.
    pub found: SpeedupInterval,
}

/// The reading of an effect, and why it refuses the session; an error where nothing can be read.
pub(super) fn read_planted(
    effect: &PlantedRow<'_>,
    level: f64,
) -> Result<(PlantedReading, Vec<String>), String> {
    let PlantedRow {
        name,
        log_speedup: planted,
        process_log_speedups,
    } = *effect;
    let found = Estimate::over_processes(process_log_speedups)
        .ok_or_else(|| too_few("planted effect", name))?;
    let told = found.interval(CONFIDENCE);
    let size = format!(
        "an effect of {:.4} was planted and reads {}",
        planted.exp(),
        worded(&told)
    );
    let mut reasons = Vec::new();
    // A session that cannot see the effect is refused for its blindness, not for its bias: the usual level.
    if found.log_speedup.abs() <= found.half_width(CONFIDENCE) {
        reasons.push(format!(
            "{name}: {size}, which does not exclude 1: so small an effect is not seen"
        ));
    }
    let tolerance = PLANTED_TOLERANCE * planted.abs();
    if (found.log_speedup - planted).abs() > found.half_width(1.0 - level) + tolerance {
        reasons.push(format!(
            "{name}: {size}, which is off by more than chance and {} % of it",
            1e2 * PLANTED_TOLERANCE
        ));
    }
    let reading = PlantedReading {
        name: name.to_owned(),
        planted: planted.exp(),
        found: told,
    };
    Ok((reading, reasons))
}
