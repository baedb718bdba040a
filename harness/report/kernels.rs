//! A line a kernel: what the objects say of those that rows launched.

use super::names::kernel_name;
use super::numbers::NONE;
use super::{Cell, Color, Column, Grid, Tone};
use crate::ledger::{Entry, KernelRecord};
use crate::toolchain::ByWidth;

pub(super) fn kernels(entry: &Entry, color: Color) -> String {
    if entry.kernels.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new([
        Column::Text("side"),
        Column::Shrinking("kernel"),
        Column::Number("rows"),
        Column::Number("registers"),
        Column::Number("local\nbytes"),
        Column::Number("widest\nload"),
        Column::Number("widest\nstore"),
    ]);
    for kernel in &entry.kernels {
        let local = kernel.local_bytes.to_string();
        grid.push([
            kernel.side.to_string().into(),
            kernel_name(&kernel.name).into(),
            kernel.rows.to_string().into(),
            kernel.registers.to_string().into(),
            match kernel.local_bytes {
                0 => local.into(),
                _ => Cell::toned(Tone::Unsure, local),
            },
            widest_load(kernel).into(),
            widest(&kernel.stores).unwrap_or(NONE.to_owned()).into(),
        ]);
    }
    grid.render(color) + "\n"
}

/// In bits, with the copies that go past the registers.
fn widest_load(kernel: &KernelRecord) -> String {
    let copies = [("async", kernel.async_copies), ("bulk", kernel.bulk_copies)];
    let copies = copies.into_iter().filter(|(_, count)| *count > 0);
    let ways: Vec<String> = widest(&kernel.loads)
        .into_iter()
        .chain(copies.map(|(way, _)| way.to_owned()))
        .collect();
    match ways.is_empty() {
        true => NONE.to_owned(),
        false => ways.join(", "),
    }
}

fn widest(by_width: &ByWidth) -> Option<String> {
    by_width
        .keys()
        .max_by_key(|width| width.bits())
        .map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;
    use crate::toolchain::Side;

    #[test]
    fn each_kernel_shows_how_wide_it_moves() {
        let mut entry = sample::entry();
        let mut bulk = entry.kernels[0].clone();
        bulk.name = "_ZN3kda4tileIfLi4EEEvPT_".to_owned();
        (bulk.side, bulk.loads, bulk.bulk_copies) = (Side::Baseline, ByWidth::new(), 3);
        (bulk.local_bytes, bulk.stores) = (48, ByWidth::new());
        entry.kernels.insert(0, bulk);
        insta::assert_snapshot!(kernels(&entry, Color::No), @r"
                                                      local  widest  widest
        side       kernel            rows  registers  bytes    load   store
        ───────────────────────────────────────────────────────────────────
        baseline   tile<float, 4>       2         40     48    bulk       -
        candidate  candidate_kernel     2         40      0     128     128
        ");
    }

    #[test]
    fn an_entry_without_kernels_has_no_table() {
        let mut entry = sample::entry();
        entry.kernels.clear();
        assert_eq!(kernels(&entry, Color::No), "");
    }
}
