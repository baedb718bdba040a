//! A line a bucket: how the candidate dispatched, and what that bought.

use super::evidence::figures_stand;
use super::numbers::{NONE, or_none, speedup};
use super::{Color, Column, Grid};
use crate::ledger::Entry;

pub(super) fn buckets(entry: &Entry, color: Color) -> String {
    if entry.buckets.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new([
        Column::Text("bucket"),
        Column::Number("production\nrows"),
        Column::Number("all\nrows"),
        Column::Number("speedup"),
        Column::Shrinking("path"),
        Column::Shrinking("condition"),
    ]);
    for bucket in &entry.buckets {
        let stands = bucket.speedup.filter(|_| figures_stand(entry));
        grid.push([
            bucket.name.as_str().into(),
            bucket.production_rows.to_string().into(),
            bucket.rows.len().to_string().into(),
            or_none(stands, speedup).into(),
            if bucket.declined {
                "declined".into()
            } else {
                bucket.path.as_str().into()
            },
            bucket.condition.as_str().into(),
        ]);
    }
    let mut text = grid.render(color);
    for bucket in entry.buckets.iter().filter(|_| figures_stand(entry)) {
        if let (Some(decision), Some(because)) = (bucket.decision, &bucket.because) {
            text.push_str(&format!("{}: {decision}: {because}\n", bucket.name));
        }
    }
    for bucket in entry.buckets.iter().filter(|bucket| bucket.declined) {
        let why = if bucket.why.is_empty() {
            NONE
        } else {
            &bucket.why
        };
        text.push_str(&format!("{} declined: {why}\n", bucket.name));
    }
    text.push('\n');
    text
}
