//! The program as its users run it: exit codes, stdout, stderr, and what it leaves on disk.

mod contract;
mod faults;
mod lines;
mod project;
mod usage;
