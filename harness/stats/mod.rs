//! Samples in, estimates and verdicts out. Pure: no clock, no files, no randomness.
//!
//! A *block* is four samples in ABBA or BAAB order, a *process* is a list of blocks, a *row* is a list of processes.
//! The unit of the interval is the process, because samples within one share its memory layout and its mood.

mod block;
mod change;
mod controls;
mod decide;
mod estimate;
mod gap;
mod headline;
mod hodges_lehmann;
mod lane;
mod modes;
mod power;
#[cfg(test)]
mod simulation;
mod spread;
mod standing;
mod stein;
mod verdict;

pub use block::{Block, Order, process_log_ratio};
pub use change::change;
pub use controls::{
    BIAS_FLOOR, Controls, PlantedReading, PlantedRow, REFUSED_BY_CHANCE, SameCodeGroup,
    SameCodeReading, SameCodeRow, judge_controls,
};
pub use decide::{CLEARLY_SLOWER, decide};
pub use estimate::Estimate;
pub use headline::{HeadlineRow, headline, mean_over_rows};
pub use hodges_lehmann::{HodgesLehmann, SecondOpinion, hodges_lehmann, second_opinion};
pub use lane::lane;
pub use modes::{Mode, Modes, modes};
pub use spread::spread_us;
pub use standing::standing_verdict;
pub use stein::blocks_per_process;
pub use verdict::verdicts;
