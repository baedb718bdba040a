//! The program as its users run it: exit codes, stdout, stderr, and what it leaves on disk.

mod attempt;
mod brief;
mod commands;
mod contract;
mod emulated;
mod faults;
mod ledger;
mod ledger_views;
mod ledgers_joined;
mod lines;
mod objects;
mod page;
mod process;
mod profile;
mod project;
mod recomputation;
mod replay;
mod replicate;
mod report;
mod rows;
mod sandbox;
mod scaffold;
mod selftest;
mod status;
mod usage;
mod views;
