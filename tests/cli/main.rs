//! The program as its users run it: exit codes, stdout, stderr, and what it leaves on disk.

mod contract;
mod emulated;
mod faults;
mod ledger;
mod lines;
mod objects;
mod page;
mod process;
mod project;
mod replay;
mod report;
mod sandbox;
mod scaffold;
mod selftest;
mod usage;
mod views;
