//! Speedups of other lanes against the cold one.

use maud::{Markup, html};

use super::page::legend;
use crate::ledger::{Entry, LaneRecord};
use crate::report::numbers::{lane_speedup, speedup};
use crate::report::plot::{Frame, Scale, Shape, mark, pixels};

/// One row in one other lane.
struct Point<'a> {
    row: &'a str,
    lane: &'static str,
    cold: f64,
    other: f64,
}

impl Point<'_> {
    fn class(&self) -> (&'static str, Shape) {
        match self.lane {
            "hot" => ("baseline", Shape::Ring),
            _ => ("candidate", Shape::Square),
        }
    }
}

/// Cold on x, hot and dirty on y; a row on the diagonal reads the same in both.
pub(super) fn lanes(entry: &Entry) -> Markup {
    let of = |lane: Option<&LaneRecord>| lane.and_then(lane_speedup).filter(|ratio| *ratio > 0.0);
    let mut points = Vec::new();
    for row in &entry.rows {
        let others = [("hot", &row.device_hot), ("dirty", &row.device_dirty)];
        for (lane, other) in others {
            if let (Some(cold), Some(other)) = (of(row.device.as_ref()), of(other.as_ref())) {
                points.push(Point {
                    row: &row.id,
                    lane,
                    cold,
                    other,
                });
            }
        }
    }
    if points.is_empty() {
        return html! { p { "No row was timed in another lane than cold." } };
    }
    chart(&points)
}

fn chart(points: &[Point]) -> Markup {
    let scale = Scale::log(
        points
            .iter()
            .flat_map(|point| [point.cold, point.other])
            .chain([1.0]),
    );
    let frame = Frame {
        x: scale,
        y: scale,
        height: 420.0,
        x_title: "speedup, cold: buffers rotate past twice the L2",
        y_title: "speedup, hot or dirty",
        says: format!(
            "Hot and dirty speedups against cold ones, {} marks",
            points.len()
        ),
    };
    let (low, high) = scale.ends();
    let has = |lane: &str| points.iter().any(|point| point.lane == lane);
    let mut marks = Vec::new();
    if has("hot") {
        marks.push((
            "baseline",
            Shape::Ring,
            "hot: one buffer set, again and again",
        ));
    }
    if has("dirty") {
        marks.push((
            "candidate",
            Shape::Square,
            "dirty: a producer has just written the inputs",
        ));
    }
    let turned = points
        .iter()
        .filter(|point| (point.cold - 1.0) * (point.other - 1.0) < 0.0)
        .count();
    html! {
        (legend(&marks))
        (frame.draw(&html! {
            (frame.line("ceiling", (low, low), (high, high)))
            (frame.line("one", (1.0, low), (1.0, high)))
            (frame.line("one", (low, 1.0), (high, 1.0)))
            @for point in points {
                @let (class, shape) = point.class();
                (mark(shape, class, frame.at_x(point.cold), &pixels(frame.at_y(point.other)),
                    &format!("{}: cold {}, {} {}", point.row, speedup(point.cold), point.lane, speedup(point.other))))
            }
        }))
        p.soft { (turned) " of " (points.len()) " marks lie on the other side of 1 than the cold speedup. "
            @if !has("dirty") { "This run has no dirty lane." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[test]
    fn a_row_has_a_mark_for_each_other_lane() {
        let drawn = lanes(&sample::entry()).into_string();
        assert!(
            drawn.contains("cold 1.235, hot 1.102") && drawn.contains("cold 1.235, dirty 1.081")
        );
        assert!(drawn.contains("0 of 4 marks"), "{drawn}");
    }

    #[test]
    fn a_lane_that_turns_a_row_around_is_counted_and_a_missing_one_is_said() {
        let mut entry = sample::entry();
        entry.rows[0].device_hot = Some(sample::lane(0.9, 0.89, 0.91));
        entry
            .rows
            .iter_mut()
            .for_each(|row| row.device_dirty = None);
        let drawn = lanes(&entry).into_string();
        assert!(
            drawn.contains("1 of 2 marks") && drawn.contains("no dirty lane"),
            "{drawn}"
        );
        entry.rows.iter_mut().for_each(|row| row.device_hot = None);
        assert!(
            lanes(&entry)
                .into_string()
                .contains("No row was timed in another lane")
        );
    }
}
