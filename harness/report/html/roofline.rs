//! What both sides move a second, against what the device was measured to move.

use maud::{Markup, html};

use super::page::legend;
use crate::ledger::{Entry, RowRecord};
use crate::report::numbers::{tb_per_s, us};
use crate::report::plot::{Ceiling, Frame, Scale, Shape, mark, pixels};

/// Bytes to MB.
const MB: f64 = 1e-6;

/// Bytes a microsecond to TB/s.
const TB_PER_S: f64 = 1e-6;

/// One row's rates.
struct Point<'a> {
    row: &'a RowRecord,
    bytes: f64,
    baseline: f64,
    candidate: f64,
}

/// Bytes of the contract on x, TB/s on y, both sides of a row joined.
pub(super) fn roofline(entry: &Entry) -> Markup {
    let points: Vec<Point> = entry.rows.iter().filter_map(point).collect();
    if points.is_empty() {
        return html! { p { "No row has a rate." } };
    }
    let ceilings = flat(entry);
    let x = Scale::log(points.iter().map(|point| point.bytes * MB));
    let rates = points
        .iter()
        .flat_map(|point| [point.baseline, point.candidate]);
    let y = Scale::log(rates.chain(ceilings.iter().map(|(rate, ..)| *rate)));
    let frame = Frame {
        x,
        y,
        height: 400.0,
        x_title: "bytes that the contract must move, MB",
        y_title: "TB/s",
        says: format!(
            "Achieved rate of both sides in {} rows, with the measured ceilings",
            points.len()
        ),
    };
    html! {
        (legend(&[
            ("baseline", Shape::Ring, "baseline"),
            ("candidate", Shape::Disc, "candidate"),
            ("candidate", Shape::Diamond, "candidate, rider"),
        ]))
        (frame.draw(&html! {
            @for ceiling in ceilings { (frame.ceiling(&across(&frame, ceiling))) }
            @if let Some(floor) = floor(entry, &frame) { (frame.ceiling(&floor)) }
            @for point in &points { (frame.line("join", (point.bytes * MB, point.baseline), (point.bytes * MB, point.candidate))) }
            @for point in &points { (marks(&frame, point)) }
        }))
        p.soft { "Rates are the contract's bytes over the median time of a call, device cold. A mark above a ceiling of memory kept "
            "some of its bytes in the cache. The sloped line is one empty kernel: no call is left of it." }
        (compute(entry))
    }
}

fn point(row: &RowRecord) -> Option<Point<'_>> {
    let point = Point {
        row,
        bytes: row.bytes as f64,
        baseline: row.baseline_tb_per_s?,
        candidate: row.candidate_tb_per_s?,
    };
    (point.bytes > 0.0 && point.baseline > 0.0 && point.candidate > 0.0).then_some(point)
}

fn marks(frame: &Frame, point: &Point) -> Markup {
    let shape = match point.row.production {
        true => Shape::Disc,
        false => Shape::Diamond,
    };
    let says = |side: &str, rate: f64| format!("{}, {side}: {} TB/s", point.row.id, tb_per_s(rate));
    let x = frame.at_x(point.bytes * MB);
    html! {
        (mark(Shape::Ring, "baseline", x, &pixels(frame.at_y(point.baseline)), &says("baseline", point.baseline)))
        (mark(shape, "candidate", x, &pixels(frame.at_y(point.candidate)), &says("candidate", point.candidate)))
    }
}

/// Ceilings that do not depend on bytes: rate, name, and share of the width where the name begins.
fn flat(entry: &Entry) -> Vec<(f64, String, f64)> {
    let device = &entry.device;
    let mut ceilings = vec![(device.copy_tb_per_s, "copy", 0.01)];
    if let Some(measured) = &device.ceilings {
        // Near the copy in rate, so that their names stand side by side.
        ceilings.push((measured.read_tb_per_s, "reads", 0.3));
        ceilings.push((measured.hot_copy_tb_per_s, "copy inside the L2", 0.01));
    }
    ceilings.retain(|(rate, ..)| *rate > 0.0);
    let named = |(rate, name, at)| (rate, format!("{name} {} TB/s", tb_per_s(rate)), at);
    ceilings.into_iter().map(named).collect()
}

fn across(frame: &Frame, (rate, name, named_at): (f64, String, f64)) -> Ceiling {
    let (low, high) = frame.x.ends();
    Ceiling {
        from: (low, rate),
        to: (high, rate),
        name,
        named_at: Some(named_at),
    }
}

/// Bytes over the time of an empty kernel, as far as it lies within the frame.
fn floor(entry: &Entry, frame: &Frame) -> Option<Ceiling> {
    let floor_us = entry.sampling.floor_us;
    let ((x_low, x_high), (y_low, y_high)) = (frame.x.ends(), frame.y.ends());
    let rate = |megabytes: f64| megabytes / MB / floor_us * TB_PER_S;
    let megabytes = |rate: f64| rate * floor_us / TB_PER_S * MB;
    let (from, to) = (x_low.max(megabytes(y_low)), x_high.min(megabytes(y_high)));
    (floor_us > 0.0 && from < to).then(|| Ceiling {
        from: (from, rate(from)),
        to: (to, rate(to)),
        name: format!("empty kernel {} us", us(floor_us)),
        named_at: None,
    })
}

/// Rows whose bound is not memory, which the chart of rates does not show.
fn compute(entry: &Entry) -> Markup {
    let others: Vec<String> = entry
        .rows
        .iter()
        .filter_map(|row| Some((row, row.bound.as_ref()?)))
        .filter(|(_, bound)| bound.class != crate::ledger::BoundClass::Memory)
        .map(|(row, bound)| format!("{} ({})", row.id, bound.class))
        .collect();
    html! {
        @if !others.is_empty() {
            p.soft { "Not bound by memory: " (others.join(", ")) ". The table of rows has their shares of the bound." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{BoundClass, sample};

    #[test]
    fn both_sides_of_a_row_stand_among_the_measured_ceilings() {
        let drawn = roofline(&sample::entry()).into_string();
        for part in [
            "copy 3.12 TB/s",
            "copy inside the L2 5.50 TB/s",
            "reads 3.00 TB/s",
            "qwen_s4096_c3072_bcast11, baseline: 2.41 TB/s",
            "qwen_s4096_c3072_bcast11, candidate: 2.98 TB/s",
        ] {
            assert!(drawn.contains(part), "no `{part}` in {drawn}");
        }
    }

    #[test]
    fn the_floor_is_drawn_where_rows_are_small_enough_to_meet_it() {
        let mut entry = sample::entry();
        assert!(
            !roofline(&entry)
                .into_string()
                .contains("empty kernel 1.125 us")
        );
        entry.rows[0].bytes = 2_000_000;
        assert!(
            roofline(&entry)
                .into_string()
                .contains("empty kernel 1.125 us")
        );
    }

    #[test]
    fn a_row_that_memory_does_not_bound_is_named() {
        let mut entry = sample::entry();
        entry.rows[0]
            .bound
            .as_mut()
            .expect("the sample has a bound")
            .class = BoundClass::Latency;
        let drawn = roofline(&entry).into_string();
        assert!(drawn.contains("Not bound by memory: qwen_s4096_c3072_bcast11 (latency)"));
        entry
            .rows
            .iter_mut()
            .for_each(|row| row.baseline_tb_per_s = None);
        assert!(roofline(&entry).into_string().contains("No row has a rate"));
    }
}
