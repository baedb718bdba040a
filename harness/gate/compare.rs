//! One output against the oracle, element by element.

use half::slice::HalfFloatSliceExt;
use multiversion::multiversion;
use rayon::prelude::*;

use super::Expected;
use crate::task::Tolerance;
use crate::tensor::{Dtype, TensorSpec};

/// Elements that one parallel task compares.
const CHUNK: usize = 1 << 13;

/// Chunks that one thread compares sooner than others wake up.
const FEW: usize = 8;

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Largest |found - expected| over elements that are finite on both sides.
    pub max_error: f64,
    pub non_finite: Option<Mismatch>,
    pub tolerance: Option<Mismatch>,
    pub bitwise: Option<Mismatch>,
}

/// The first element that a gate rejects, and how many it rejects.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Row-major number of the element.
    pub index: u64,
    pub expected: f64,
    pub found: f64,
    pub count: u64,
}

impl Comparison {
    fn merge(mut self, other: Self) -> Self {
        self.max_error = self.max_error.max(other.max_error);
        self.non_finite = merge(self.non_finite, other.non_finite);
        self.tolerance = merge(self.tolerance, other.tolerance);
        self.bitwise = merge(self.bitwise, other.bitwise);
        self
    }

    pub fn passed(&self) -> bool {
        self.non_finite.is_none() && self.tolerance.is_none() && self.bitwise.is_none()
    }
}

fn merge(left: Option<Mismatch>, right: Option<Mismatch>) -> Option<Mismatch> {
    match (left, right) {
        (Some(left), Some(right)) => {
            let count = left.count + right.count;
            let first = if left.index < right.index {
                left
            } else {
                right
            };
            Some(Mismatch { count, ..first })
        }
        (left, right) => left.or(right),
    }
}

fn count(slot: &mut Option<Mismatch>, index: u64, expected: f64, found: f64) {
    match slot {
        Some(mismatch) => mismatch.count += 1,
        None => {
            *slot = Some(Mismatch {
                index,
                expected,
                found,
                count: 1,
            })
        }
    }
}

/// Compares the view `spec` of `storage` with what the oracle expects.
///
/// Classes come first: where the oracle, rounded to the dtype, is NaN or infinite, the output must be the same; where
/// it is finite, so must the output be. Then `|found - expected| <= atol + rtol * |expected|` in double.
pub fn compare(
    spec: &TensorSpec,
    storage: &[u8],
    expected: Expected,
    tolerance: Tolerance,
) -> Comparison {
    // An empty view may begin anywhere, behind its storage's end too.
    if spec.elements() == 0 {
        return Comparison::default();
    }
    let size = spec.dtype.bytes();
    let dense = spec
        .is_dense()
        .then(|| &storage[spec.offset as usize * size..]);
    let part = |chunk: usize| {
        let first = chunk * CHUNK;
        let last = (first + CHUNK).min(spec.elements() as usize);
        let gathered: Vec<u8>;
        let bytes = match dense {
            Some(bytes) => &bytes[first * size..last * size],
            None => {
                let element =
                    |index| &storage[spec.position(index as u64) as usize * size..][..size];
                gathered = (first..last).flat_map(element).copied().collect();
                &gathered
            }
        };
        compare_part(spec.dtype, first, bytes, expected, tolerance)
    };
    let chunks = (spec.elements() as usize).div_ceil(CHUNK);
    match chunks {
        0..=FEW => (0..chunks)
            .map(part)
            .fold(Comparison::default(), Comparison::merge),
        _ => (0..chunks)
            .into_par_iter()
            .map(part)
            .reduce(Comparison::default, Comparison::merge),
    }
}

/// Compares consecutive elements, of which `first` is the number of the first in the output.
pub(super) fn compare_part(
    dtype: Dtype,
    first: usize,
    found: &[u8],
    expected: Expected,
    tolerance: Tolerance,
) -> Comparison {
    let size = dtype.bytes();
    match expected {
        Expected::Bits(bits) => {
            compare_bits(dtype, first, found, &bits[first * size..][..found.len()])
        }
        Expected::Doubles(doubles) => {
            let expected = &doubles[first..][..found.len() / size];
            compare_values(dtype, first, found, expected, tolerance)
        }
    }
}

fn compare_bits(dtype: Dtype, first: usize, found: &[u8], expected: &[u8]) -> Comparison {
    let mut comparison = Comparison::default();
    if found == expected {
        return comparison;
    }
    let size = dtype.bytes();
    for (place, (found, expected)) in found
        .chunks_exact(size)
        .zip(expected.chunks_exact(size))
        .enumerate()
    {
        if found != expected {
            count(
                &mut comparison.bitwise,
                (first + place) as u64,
                dtype.read(expected),
                dtype.read(found),
            );
        }
    }
    comparison
}

/// One loop a dtype, so that the conversion is chosen once.
fn compare_values(
    dtype: Dtype,
    first: usize,
    found: &[u8],
    expected: &[f64],
    tolerance: Tolerance,
) -> Comparison {
    let chunk = Chunk {
        dtype,
        first,
        expected,
        tolerance,
    };
    match dtype {
        Dtype::Bf16 => chunk.compare(found, read_bf16, worst_of_bf16),
        Dtype::F16 => chunk.compare(found, read_f16, worst_of_f16),
        Dtype::F32 => chunk.compare(found, read_f32, worst_of_f32),
        Dtype::F64 => chunk.compare_plainly::<8>(found, f64::from_le_bytes),
        Dtype::I32 => chunk.compare_plainly::<4>(found, |b| f64::from(i32::from_le_bytes(b))),
        Dtype::I64 => chunk.compare_plainly::<8>(found, |b| i64::from_le_bytes(b) as f64),
        Dtype::U8 | Dtype::Bool => chunk.compare_plainly::<1>(found, |b| f64::from(b[0])),
    }
}

#[inline(always)]
fn read_bf16(bytes: [u8; 2]) -> f64 {
    f64::from(f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16))
}

fn read_f16(bytes: [u8; 2]) -> f64 {
    half::f16::from_le_bytes(bytes).to_f64()
}

#[inline(always)]
fn read_f32(bytes: [u8; 4]) -> f64 {
    f64::from(f32::from_le_bytes(bytes))
}

/// Consecutive elements of one output.
struct Chunk<'a> {
    dtype: Dtype,
    /// Number of the first element in the output.
    first: usize,
    expected: &'a [f64],
    tolerance: Tolerance,
}

/// What one pass over a chunk tells.
struct Worst {
    /// Largest error, where all are close.
    error: f64,
    all_close: bool,
}

/// Inlined into each vector version of the loop. Errors are compared by their bits: they have no sign, and the largest
/// of unsigned numbers is found a vector at a time, where that of floats has to mind NaNs.
#[inline(always)]
fn worst(expected: &[f64], found: impl Iterator<Item = f64>, tolerance: Tolerance) -> Worst {
    let Tolerance { atol, rtol } = tolerance;
    let (mut error_bits, mut all_close) = (0, true);
    for (found, &expected) in found.zip(expected) {
        let error = (found - expected).abs();
        // A NaN fails the first comparison, an infinite expectation the second.
        all_close &= (error <= atol + rtol * expected.abs()) & (expected.abs() <= f64::MAX);
        error_bits = error.to_bits().max(error_bits);
    }
    Worst {
        error: f64::from_bits(error_bits),
        all_close,
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512bw+avx512vl", "x86_64+avx2"))]
fn worst_of_bf16(elements: &[[u8; 2]], expected: &[f64], tolerance: Tolerance) -> Worst {
    worst(
        expected,
        elements.iter().map(|bytes| read_bf16(*bytes)),
        tolerance,
    )
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512bw+avx512vl", "x86_64+avx2"))]
fn worst_of_f32(elements: &[[u8; 4]], expected: &[f64], tolerance: Tolerance) -> Worst {
    worst(
        expected,
        elements.iter().map(|bytes| read_f32(*bytes)),
        tolerance,
    )
}

fn worst_of_f16(elements: &[[u8; 2]], expected: &[f64], tolerance: Tolerance) -> Worst {
    let halves = elements
        .iter()
        .map(|bytes| half::f16::from_le_bytes(*bytes));
    let halves: Vec<half::f16> = halves.collect();
    let mut floats = vec![0.0; halves.len()];
    // A slice at a time, or every element asks what the processor can do.
    halves.convert_to_f32_slice(&mut floats);
    worst(
        expected,
        floats.iter().map(|value| f64::from(*value)),
        tolerance,
    )
}

impl Chunk<'_> {
    fn compare<const SIZE: usize>(
        &self,
        found: &[u8],
        read: impl Fn([u8; SIZE]) -> f64,
        worst: impl Fn(&[[u8; SIZE]], &[f64], Tolerance) -> Worst,
    ) -> Comparison {
        let (elements, _) = found.as_chunks::<SIZE>();
        let Worst { error, all_close } = worst(elements, self.expected, self.tolerance);
        if all_close {
            return Comparison {
                max_error: error,
                ..Comparison::default()
            };
        }
        self.explain(elements, read)
    }

    fn compare_plainly<const SIZE: usize>(
        &self,
        found: &[u8],
        read: impl Fn([u8; SIZE]) -> f64,
    ) -> Comparison {
        self.compare(
            found,
            &read,
            |elements: &[[u8; SIZE]], expected, tolerance| {
                worst(
                    expected,
                    elements.iter().map(|bytes| read(*bytes)),
                    tolerance,
                )
            },
        )
    }

    /// The same element by element, for a chunk in which some element is not finite or not close.
    fn explain<const SIZE: usize>(
        &self,
        elements: &[[u8; SIZE]],
        read: impl Fn([u8; SIZE]) -> f64,
    ) -> Comparison {
        let mut comparison = Comparison::default();
        for (place, (element, &expected)) in elements.iter().zip(self.expected).enumerate() {
            let found = read(*element);
            let rounded = self.dtype.round(expected);
            let index = (self.first + place) as u64;
            if rounded.is_finite() && found.is_finite() {
                let error = (found - expected).abs();
                comparison.max_error = comparison.max_error.max(error);
                if error > self.tolerance.atol + self.tolerance.rtol * expected.abs() {
                    count(&mut comparison.tolerance, index, expected, found);
                }
            } else if found != rounded && !(found.is_nan() && rounded.is_nan()) {
                count(&mut comparison.non_finite, index, rounded, found);
            }
        }
        comparison
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{Fill, Role};

    fn spec(dtype: Dtype, shape: &[i64], strides: &[i64]) -> TensorSpec {
        TensorSpec {
            name: "out".to_owned(),
            role: Role::Out,
            dtype,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
            offset: 0,
            storage: 0,
            fill: Fill::default(),
            bitwise: false,
            repeatable: true,
            on_host: false,
        }
    }

    fn bytes(values: &[f32]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    const LOOSE: Tolerance = Tolerance {
        atol: 0.1,
        rtol: 0.0,
    };

    fn compared(found: &[f32], expected: &[f64]) -> Comparison {
        let spec = spec(Dtype::F32, &[found.len() as i64], &[1]);
        compare(&spec, &bytes(found), Expected::Doubles(expected), LOOSE)
    }

    #[test]
    fn the_first_element_out_of_tolerance_is_named_and_all_are_counted() {
        let comparison = compared(&[1.0, 2.5, 3.5], &[1.05, 2.0, 3.0]);
        let mismatch = comparison.tolerance.unwrap();
        assert_eq!((mismatch.index, mismatch.count), (1, 2));
        assert!((comparison.max_error - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_nan_never_passes_for_a_number_nor_a_number_for_a_nan() {
        assert!(compared(&[f32::NAN], &[1.0]).non_finite.is_some());
        assert!(compared(&[1.0], &[f64::NAN]).non_finite.is_some());
        assert!(compared(&[f32::NAN], &[f64::NAN]).passed());
    }

    #[test]
    fn infinities_keep_their_sign_and_an_overflow_of_the_dtype_is_one() {
        assert!(compared(&[f32::INFINITY], &[f64::INFINITY]).passed());
        assert!(
            compared(&[f32::NEG_INFINITY], &[f64::INFINITY])
                .non_finite
                .is_some()
        );
        assert!(compared(&[f32::MAX], &[f64::INFINITY]).non_finite.is_some());
        assert!(compared(&[f32::INFINITY], &[1e300]).passed());
    }

    #[test]
    fn a_strided_output_is_compared_by_its_elements_alone() {
        let spec = spec(Dtype::F32, &[2, 2], &[3, 1]);
        let found = bytes(&[1.0, 2.0, f32::NAN, 3.0, 4.0]);
        assert!(
            compare(
                &spec,
                &found,
                Expected::Doubles(&[1.0, 2.0, 3.0, 4.0]),
                LOOSE
            )
            .passed()
        );
    }

    #[test]
    fn an_empty_output_passes_wherever_it_begins() {
        let empty = TensorSpec {
            offset: 5,
            ..spec(Dtype::F32, &[0, 3], &[3, 1])
        };
        assert!(compare(&empty, &[], Expected::Doubles(&[]), LOOSE).passed());
    }

    #[test]
    fn the_vector_loops_find_what_the_plain_one_does() {
        for dtype in [Dtype::Bf16, Dtype::F16, Dtype::F32] {
            let spec = spec(dtype, &[1003], &[1]);
            let mut found = vec![0; 1003 * dtype.bytes()];
            Fill::default().draw(dtype, 5, 0, &mut found);
            let values: Vec<f64> = found
                .chunks_exact(dtype.bytes())
                .map(|element| dtype.read(element))
                .collect();
            let mut expected = values.clone();
            expected[700] += 0.0625;
            let comparison = compare(&spec, &found, Expected::Doubles(&expected), LOOSE);
            assert!(comparison.passed(), "{dtype:?}");
            assert_eq!(comparison.max_error, (expected[700] - values[700]).abs());
            expected[1002] = f64::NAN;
            let comparison = compare(&spec, &found, Expected::Doubles(&expected), LOOSE);
            assert_eq!(comparison.non_finite.unwrap().index, 1002, "{dtype:?}");
        }
    }

    #[test]
    fn bitwise_tells_zeros_and_nan_payloads_apart() {
        let spec = spec(Dtype::F32, &[2], &[1]);
        let found = bytes(&[-0.0, 1.0]);
        let mismatch = compare(&spec, &found, Expected::Bits(&bytes(&[0.0, 1.0])), LOOSE)
            .bitwise
            .unwrap();
        assert_eq!((mismatch.index, mismatch.count), (0, 1));
    }
}
