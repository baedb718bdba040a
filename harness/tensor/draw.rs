//! Drawing into a strided view on the host, in parallel where no two elements share a place.

use rayon::prelude::*;

use super::{Dtype, Fill};

/// Elements that one task of a parallel draw fills.
const DRAW_CHUNK: usize = 1 << 13;

/// A dimension on its way through a storage.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) size: usize,
    /// To the next index, in elements of the storage.
    pub(super) stride: usize,
    /// The same, in row-major numbers.
    pub(super) step: u64,
}

/// The axes by falling stride, those merged that go on from one another; none where elements of two may share a place.
pub(super) fn nested(mut axes: Vec<Axis>) -> Option<Vec<Axis>> {
    axes.sort_by_key(|axis| axis.stride);
    let mut merged: Vec<Axis> = Vec::new();
    let mut span = 0;
    for axis in axes {
        if axis.stride <= span {
            return None;
        }
        span += axis.stride * (axis.size - 1);
        match merged.last_mut() {
            Some(last)
                if (axis.stride, axis.step)
                    == (last.size * last.stride, last.size as u64 * last.step) =>
            {
                last.size *= axis.size;
            }
            _ => merged.push(axis),
        }
    }
    merged.reverse();
    Some(merged)
}

/// What is drawn.
pub(super) struct Pen<'a> {
    pub(super) dtype: Dtype,
    pub(super) fill: &'a Fill,
    pub(super) key: u64,
}

impl Pen<'_> {
    /// Draws along `axes`, from the start of `storage` and the element with row-major number `first` on.
    pub(super) fn draw(&self, storage: &mut [u8], axes: &[Axis], first: u64) {
        let size = self.dtype.bytes();
        let Some((outer, inner)) = axes.split_first() else {
            self.fill
                .draw(self.dtype, self.key, first, &mut storage[..size]);
            return;
        };
        if (outer.stride, outer.step) == (1, 1) {
            storage[..outer.size * size]
                .par_chunks_mut(DRAW_CHUNK * size)
                .enumerate()
                .for_each(|(chunk, part)| {
                    let first = first + (chunk * DRAW_CHUNK) as u64;
                    self.fill.draw(self.dtype, self.key, first, part);
                });
            return;
        }
        let inner_elements: usize = inner.iter().map(|axis| axis.size).product();
        let at_once = (DRAW_CHUNK / inner_elements).max(1);
        storage
            .par_chunks_mut(at_once * outer.stride * size)
            .take(outer.size.div_ceil(at_once))
            .enumerate()
            .for_each(|(chunk, storage)| {
                let begin = chunk * at_once;
                let count = at_once.min(outer.size - begin);
                for (index, part) in storage
                    .chunks_mut(outer.stride * size)
                    .take(count)
                    .enumerate()
                {
                    self.draw(part, inner, first + (begin + index) as u64 * outer.step);
                }
            });
    }
}
