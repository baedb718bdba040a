//! Charts as inline SVG. Places along x are percentages, so that a chart takes its page's width and its text keeps its
//! size; places along y are pixels.

mod frame;
mod marks;
mod scale;
mod strips;

pub(super) use frame::{Ceiling, Frame};
pub(super) use marks::{Shape, mark, percent, pixels};
pub(super) use scale::Scale;
pub(super) use strips::{Strip, Strips};
