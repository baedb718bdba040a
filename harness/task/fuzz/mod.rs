//! Contract files that someone damaged, and rows that nobody would write: an answer or a message, never a panic.

mod files;
mod sound;
mod views;
