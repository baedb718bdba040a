//! Tasks and their contracts.

#[allow(unused)]
use super::Color;
#[allow(unused)]
use super::grid::{Cell, Column, Grid};
use crate::task::{Case, Task};

/// What a list says of one task.
#[derive(Clone, Debug)]
pub struct TaskLine {
    pub name: String,
    pub summary: String,
    pub production_rows: usize,
    pub riders: usize,
    pub grid_cases: usize,
    pub sets: Vec<String>,
    pub contract_hash: String,
}
pub fn tasks(_l: &[TaskLine]) -> String {
    String::new()
}
pub fn tasks_json(_l: &[TaskLine]) -> String {
    String::new()
}
pub fn contract(_t: &Task, _r: &[&Case]) -> String {
    String::new()
}
pub fn contract_json(_t: &Task, _r: &[&Case]) -> String {
    String::new()
}
pub fn json(e: &crate::ledger::Entry) -> String {
    serde_json::to_string(e).unwrap()
}
