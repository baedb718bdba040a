//! Rows that must read 1.

use serde::{Deserialize, Serialize};

use super::session::{CONFIDENCE, too_few, worded};
use crate::ledger::{SpeedupInterval, Verdict};
use crate::stats::headline::mean_over_rows;
use crate::stats::{Estimate, verdicts};

/// Bias that voids no session, as a relative change.
pub const BIAS_FLOOR: f64 = 0.001;

/// One row whose sides launch the same machine code.
#[derive(Clone, Copy, Debug)]
pub struct SameCodeRow<'a> {
    pub id: &'a str,
    /// Log speedup of each process, in process order.
    pub process_log_speedups: &'a [f64],
}

/// Rows of the same code in one lane and one role, such as `A/A, cold`.
#[derive(Clone, Copy, Debug)]
pub struct SameCodeGroup<'a> {
    pub name: &'a str,
    pub rows: &'a [SameCodeRow<'a>],
}

/// What a group of rows of the same code read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SameCodeReading {
    pub name: String,
    pub rows: usize,
    /// Mean over rows in each process, then over processes, with its 95 % interval.
    pub bias: SpeedupInterval,
    /// Half of the rows' 95 % intervals, in log speedup: that of the middle row, and the widest.
    pub median_half_width: f64,
    pub largest_half_width: f64,
    /// Rows that are called different after Holm at 95 %: one in twenty groups has one by chance.
    pub false_verdicts: usize,
}

/// The reading of a group, and why it refuses the session; an error where nothing can be read.
pub(super) fn read_group(
    group: &SameCodeGroup<'_>,
    margin: f64,
    level: f64,
) -> Result<(SameCodeReading, Vec<String>), String> {
    let SameCodeGroup { name, rows } = group;
    let estimates: Vec<Estimate> = rows
        .iter()
        .map(|row| {
            Estimate::over_processes(row.process_log_speedups).ok_or_else(|| too_few(name, row.id))
        })
        .collect::<Result<_, _>>()?;
    let bias =
        mean_over_rows(rows.iter().map(|row| row.process_log_speedups)).ok_or_else(|| {
            format!(
                "{name}: no bias can be told: there is no row, or rows differ in their processes"
            )
        })?;

    let family: Vec<Option<Estimate>> = estimates.iter().copied().map(Some).collect();
    let false_verdicts = different(&family, margin, CONFIDENCE).count();
    let mut half_widths: Vec<f64> = estimates
        .iter()
        .map(|row| row.half_width(CONFIDENCE))
        .collect();
    half_widths.sort_by(f64::total_cmp);

    let mut reasons = Vec::new();
    if biased(&bias, level) {
        reasons.push(format!(
            "{name}: the same code on both sides reads {}, which excludes 1 by more than chance; a bias up to {} % is let pass",
            worded(&bias.interval(1.0 - level)),
            1e2 * BIAS_FLOOR,
        ));
    }
    for place in different(&family, margin, 1.0 - level) {
        if estimates[place].log_speedup.abs() > BIAS_FLOOR.ln_1p() {
            reasons.push(format!(
                "{name}: row {} has the same code on both sides and reads {}",
                rows[place].id,
                worded(&estimates[place].interval(CONFIDENCE)),
            ));
        }
    }
    let reading = SameCodeReading {
        name: (*name).to_owned(),
        rows: rows.len(),
        bias: bias.interval(CONFIDENCE),
        median_half_width: half_widths[half_widths.len() / 2],
        largest_half_width: half_widths[half_widths.len() - 1],
        false_verdicts,
    };
    Ok((reading, reasons))
}

fn biased(bias: &Estimate, level: f64) -> bool {
    let size = bias.log_speedup.abs();
    size > BIAS_FLOOR.ln_1p() && size > bias.half_width(1.0 - level)
}

/// Places of the rows that are called faster, material or slower.
fn different(
    family: &[Option<Estimate>],
    margin: f64,
    confidence: f64,
) -> impl Iterator<Item = usize> {
    verdicts(family, margin, confidence)
        .into_iter()
        .enumerate()
        .filter(|(_, word)| matches!(word, Verdict::Material | Verdict::Faster | Verdict::Slower))
        .map(|(place, _)| place)
}
