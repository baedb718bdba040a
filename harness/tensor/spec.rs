//! A tensor of a call, as numbers.

use serde::{Deserialize, Serialize};

use super::draw::{Axis, Pen, nested};
use super::{Dtype, Fill};

/// How a call uses a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    In,
    Out,
    /// Read and overwritten.
    Inout,
}

/// A tensor of a call: a strided view into a storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorSpec {
    pub name: String,
    pub role: Role,
    pub dtype: Dtype,
    pub shape: Vec<i64>,
    /// In elements.
    pub strides: Vec<i64>,
    /// Of the first element from the start of the storage, in elements.
    pub offset: i64,
    /// Number of its storage in the call; views of one parent share it.
    pub storage: usize,
    pub fill: Fill,
    /// Outputs: compared bit by bit.
    pub bitwise: bool,
    /// Outputs: the same bits from the same inputs in every run.
    pub repeatable: bool,
    /// Passed as host memory, for refusals.
    pub on_host: bool,
}

impl TensorSpec {
    pub fn elements(&self) -> u64 {
        self.shape.iter().product::<i64>() as u64
    }

    /// Bytes of its elements, gaps between them not counted.
    pub fn bytes(&self) -> u64 {
        self.elements() * self.dtype.bytes() as u64
    }

    /// Bytes of *distinct* elements: a dimension of stride 0 counts once.
    pub fn distinct_bytes(&self) -> u64 {
        let distinct = |(&size, &stride): (&i64, &i64)| {
            if stride == 0 && size > 0 {
                1
            } else {
                size as u64
            }
        };
        self.shape
            .iter()
            .zip(&self.strides)
            .map(distinct)
            .product::<u64>()
            * self.dtype.bytes() as u64
    }

    /// One past the last element that the view touches, in elements of its storage; 0 when it is empty.
    pub fn extent(&self) -> i64 {
        if self.elements() == 0 {
            return 0;
        }
        let span: i64 = self
            .shape
            .iter()
            .zip(&self.strides)
            .map(|(size, stride)| (size - 1) * stride)
            .sum();
        self.offset + span + 1
    }

    /// Whether its elements lie one after another in row-major order; dimensions of size 1 do not matter.
    pub fn is_dense(&self) -> bool {
        let mut expected = 1;
        for (&size, &stride) in self.shape.iter().zip(&self.strides).rev() {
            if size != 1 && stride != expected {
                return false;
            }
            expected *= size;
        }
        true
    }

    /// Position of the element with row-major number `index` in the storage, in elements.
    pub fn position(&self, index: u64) -> u64 {
        let mut rest = index as i64;
        let mut position = self.offset;
        for (&size, &stride) in self.shape.iter().zip(&self.strides).rev() {
            position += rest % size * stride;
            rest /= size;
        }
        position as u64
    }

    /// Draws `fill` into this view of `storage`, all of it in host memory. Where elements share a place, the last one
    /// drawn stays.
    pub fn draw_into(&self, storage: &mut [u8], fill: &Fill, key: u64) {
        if self.elements() == 0 {
            return;
        }
        let pen = Pen {
            dtype: self.dtype,
            fill,
            key,
        };
        let storage = &mut storage[self.offset as usize * self.dtype.bytes()..];
        let (axes, first) = self.axes();
        if let Some(axes) = nested(axes) {
            pen.draw(storage, &axes, first);
            return;
        }
        for index in 0..self.elements() {
            let place = (self.position(index) - self.offset as u64) as usize;
            pen.draw(&mut storage[place * self.dtype.bytes()..], &[], index);
        }
    }

    /// Dimensions of more than one element, and the row-major number of the first that is to be drawn: of a dimension
    /// of stride 0 only the last index is.
    fn axes(&self) -> (Vec<Axis>, u64) {
        let mut axes = Vec::new();
        let (mut step, mut first) = (1, 0);
        for (&size, &stride) in self.shape.iter().zip(&self.strides).rev() {
            if stride == 0 {
                first += (size as u64 - 1) * step;
            } else if size > 1 {
                axes.push(Axis {
                    size: size as usize,
                    stride: stride as usize,
                    step,
                });
            }
            step *= size as u64;
        }
        (axes, first)
    }

    /// `[1, 2, 3]` of the element with row-major number `index`.
    pub fn coordinates(&self, index: u64) -> Vec<i64> {
        let mut rest = index as i64;
        let mut coordinates: Vec<i64> = self
            .shape
            .iter()
            .rev()
            .map(|&size| {
                let coordinate = rest % size;
                rest /= size;
                coordinate
            })
            .collect();
        coordinates.reverse();
        coordinates
    }
}

/// Row-major strides of a dense tensor, in elements.
pub fn dense_strides(shape: &[i64]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for dim in (1..shape.len()).rev() {
        strides[dim - 1] = strides[dim] * shape[dim];
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[i64], strides: &[i64], offset: i64) -> TensorSpec {
        TensorSpec {
            name: "x".to_owned(),
            role: Role::In,
            dtype: Dtype::F32,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
            offset,
            storage: 0,
            fill: Fill::default(),
            bitwise: false,
            repeatable: true,
            on_host: false,
        }
    }

    #[test]
    fn strides_of_dimensions_of_size_one_do_not_matter_to_density() {
        assert!(tensor(&[1, 4, 3], &[999, 3, 1], 0).is_dense());
        assert!(!tensor(&[2, 4, 3], &[999, 3, 1], 0).is_dense());
    }

    #[test]
    fn the_extent_ends_behind_the_last_element() {
        assert_eq!(tensor(&[2, 3], &[6, 1], 3).extent(), 3 + 6 + 2 + 1);
        assert_eq!(tensor(&[0, 3], &[3, 1], 3).extent(), 0);
    }

    #[test]
    fn positions_follow_the_strides() {
        let view = tensor(&[2, 3], &[10, 2], 5);
        let positions: Vec<u64> = (0..6).map(|index| view.position(index)).collect();
        assert_eq!(positions, [5, 7, 9, 15, 17, 19]);
        assert_eq!(view.coordinates(4), [1, 1]);
    }

    #[test]
    fn every_layout_draws_the_same_values() {
        let fill = Fill::default();
        let read = |view: &TensorSpec| {
            let mut storage = vec![0; view.extent() as usize * 4];
            view.draw_into(&mut storage, &fill, 5);
            let element = |index| storage[view.position(index) as usize * 4..][..4].to_vec();
            (0..view.elements()).map(element).collect::<Vec<_>>()
        };
        let dense = read(&tensor(&[40, 300], &[300, 1], 0));
        assert_eq!(dense, read(&tensor(&[40, 300], &[512, 1], 3)));
        assert_eq!(dense, read(&tensor(&[40, 300], &[1000, 3], 1)));
        assert_eq!(dense, read(&tensor(&[40, 300], &[1, 40], 0)));
    }

    #[test]
    fn a_broadcast_dimension_is_moved_once() {
        assert_eq!(tensor(&[8, 16], &[0, 1], 0).distinct_bytes(), 64);
    }
}
