//! How often the whole pipeline of a row is right, on a device whose truth is known.
//!
//! A row goes the way that it goes in a session: the drawn schedule, a pilot, Stein's second stage, block log ratios,
//! the mean of each process, a t interval over processes, Holm over rows. `cargo test --lib simulation -- --nocapture`
//! prints the table of docs/measurement.md.

mod coverage;
mod device;
mod error_rates;
mod noise;

pub(super) use noise::{normal, student_3};
