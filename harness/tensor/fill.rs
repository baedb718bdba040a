//! What inputs hold. The host and the device draw the same bits: `kernels/device/support.cu` repeats this file.
//!
//! Element `i` of a tensor depends on its key and on `i` alone (splitmix64 as a counter-based generator, Steele et al.
//! 2014), so any part of a tensor can be drawn anywhere, in any order.

use half::{bf16, f16};
use multiversion::multiversion;
use serde::{Deserialize, Serialize};

use super::Dtype;

/// Distribution of a tensor's elements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fill {
    /// Sum of four 16-bit uniforms, scaled: mean, standard deviation, support of 3.46 deviations.
    Normal {
        mean: f32,
        std: f32,
    },
    /// Uniform on `[low, high)`.
    Uniform {
        low: f32,
        high: f32,
    },
    /// Integers of `[low, high)`, each equally often.
    Integers {
        low: i64,
        high: i64,
    },
    Constant {
        value: f64,
    },
    /// 0, 1, 2, … in row-major order.
    Arange,
    /// The fill whose place is the case's number in its grid, modulo their count.
    Cycle {
        of: Vec<Fill>,
    },
}

impl Default for Fill {
    fn default() -> Self {
        Self::Normal {
            mean: 0.0,
            std: 1.0,
        }
    }
}

/// Increment of splitmix64: 2^64 over the golden ratio.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// Reciprocal of the standard deviation of a sum of four uniforms on 0..=65535: `1 / sqrt((65536^2 - 1) / 3)`.
const NORMAL_SCALE: f32 = 2.642_875e-5;

/// Key of a tensor's draw: seed of the run, case, buffer set and tensor, each to its own stream.
pub fn fill_key(seed: u64, case: &str, set: u32, tensor: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in [case, tensor] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&seed.to_le_bytes());
    hasher.update(&set.to_le_bytes());
    u64::from_le_bytes(
        hasher.finalize().as_bytes()[..8]
            .try_into()
            .expect("a blake3 hash should have 32 bytes"),
    )
}

/// 64 random bits of element `index`. Inlined, as all that the loops of normals call: a vector version has no calls.
#[inline(always)]
fn bits(key: u64, index: u64) -> u64 {
    let mut z = key.wrapping_add(index.wrapping_add(1).wrapping_mul(GAMMA));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Fill {
    /// The fill of case number `case` of a grid.
    pub fn resolve(&self, case: usize) -> Fill {
        match self {
            Self::Cycle { of } if !of.is_empty() => of[case % of.len()].resolve(case),
            other => other.clone(),
        }
    }

    /// What is wrong with the fill, as the end of a sentence about it.
    pub fn fault(&self) -> Option<String> {
        match *self {
            // Each draw takes 32 of its 64 bits.
            Self::Integers { low, high } if !(1..=1 << 32).contains(&high.saturating_sub(low)) => {
                Some(format!(
                    "draws integers of [{low}, {high}), where there must be one and at most 2^32"
                ))
            }
            Self::Cycle { ref of } if of.is_empty() => Some("is a cycle of no fills".to_owned()),
            _ => None,
        }
    }

    /// Value of element `index` under `key`, before it is rounded to the dtype.
    pub fn value(&self, key: u64, index: u64) -> f64 {
        match *self {
            Self::Normal { mean, std } => f64::from(normal(mean, std, bits(key, index))),
            Self::Uniform { low, high } => {
                let unit = (bits(key, index) >> 40) as f32 * (1.0 / 16_777_216.0);
                f64::from((high - low) * unit + low)
            }
            Self::Integers { low, high } => {
                let span = (high - low).max(1) as u64;
                let draw = (bits(key, index) >> 32).wrapping_mul(span) >> 32;
                (low + draw as i64) as f64
            }
            // Of all NaNs the one that the device stores too.
            Self::Constant { value } if value.is_nan() => f64::NAN,
            Self::Constant { value } => value,
            Self::Arange => index as f64,
            Self::Cycle { ref of } => of.first().map_or(0.0, |fill| fill.value(key, index)),
        }
    }

    /// Draws elements `first..` into `dense`, which holds whole elements of `dtype`.
    pub fn draw(&self, dtype: Dtype, key: u64, first: u64, dense: &mut [u8]) {
        match (self, dtype) {
            // Nearly all of what is ever drawn, and so without a choice in the loop.
            (&Self::Normal { mean, std }, Dtype::Bf16) => {
                normals_bf16(mean, std, key, first, dense);
            }
            (&Self::Normal { mean, std }, Dtype::F16) => {
                normals_f16(mean, std, key, first, dense);
            }
            (&Self::Normal { mean, std }, Dtype::F32) => {
                normals_f32(mean, std, key, first, dense);
            }
            _ => {
                for (index, element) in (first..).zip(dense.chunks_exact_mut(dtype.bytes())) {
                    let value = self.value(key, index);
                    // Narrow floats round from f32, where all but constants are exact: what the device does too.
                    let narrow = dtype.is_float() && dtype.bytes() == 2;
                    dtype.write(
                        if narrow {
                            f64::from(value as f32)
                        } else {
                            value
                        },
                        element,
                    );
                }
            }
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512bw+avx512vl", "x86_64+avx2"))]
fn normals_bf16(mean: f32, std: f32, key: u64, first: u64, dense: &mut [u8]) {
    each(first, dense, |index| {
        bf16::from_f32(normal(mean, std, bits(key, index))).to_le_bytes()
    });
}

fn normals_f16(mean: f32, std: f32, key: u64, first: u64, dense: &mut [u8]) {
    each(first, dense, |index| {
        f16::from_f32(normal(mean, std, bits(key, index))).to_le_bytes()
    });
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512bw+avx512vl", "x86_64+avx2"))]
fn normals_f32(mean: f32, std: f32, key: u64, first: u64, dense: &mut [u8]) {
    each(first, dense, |index| {
        normal(mean, std, bits(key, index)).to_le_bytes()
    });
}

/// A normal deviate from 64 random bits.
#[inline(always)]
fn normal(mean: f32, std: f32, random: u64) -> f32 {
    // Two lanes in one addition: the sums of the even and of the odd 16-bit lanes need 17 bits each.
    let pairs = (random & 0x0000_FFFF_0000_FFFF) + (random >> 16 & 0x0000_FFFF_0000_FFFF);
    let sum = (pairs as u32).wrapping_add((pairs >> 32) as u32) as i32;
    std * ((sum - 2 * 65535) as f32 * NORMAL_SCALE) + mean
}

#[inline(always)]
fn each<const SIZE: usize>(first: u64, dense: &mut [u8], value: impl Fn(u64) -> [u8; SIZE]) {
    for (index, element) in (first..).zip(dense.as_chunks_mut::<SIZE>().0) {
        *element = value(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(fill: &Fill) -> (f64, f64) {
        let count = 100_000;
        let values: Vec<f64> = (0..count).map(|index| fill.value(7, index)).collect();
        let mean = values.iter().sum::<f64>() / count as f64;
        let variance = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / count as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn normal_has_its_mean_and_deviation() {
        let (mean, std) = moments(&Fill::Normal {
            mean: 5.0,
            std: 2.0,
        });
        assert!(
            (mean - 5.0).abs() < 0.05 && (std - 2.0).abs() < 0.02,
            "{mean} {std}"
        );
    }

    #[test]
    fn integers_reach_both_ends_and_no_further() {
        let fill = Fill::Integers { low: -1, high: 3 };
        let mut seen: Vec<i64> = (0..1000).map(|index| fill.value(3, index) as i64).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [-1, 0, 1, 2]);
    }

    #[test]
    fn integers_of_an_empty_or_endless_range_are_a_fault() {
        let fault = |low, high| Fill::Integers { low, high }.fault();
        assert_eq!(fault(-1, 3), None);
        assert_eq!(fault(0, 1 << 32), None);
        for (low, high) in [(3, 3), (3, -1), (0, (1 << 32) + 1), (i64::MIN, i64::MAX)] {
            assert!(fault(low, high).is_some(), "{low} {high}");
        }
        assert!(Fill::Cycle { of: Vec::new() }.fault().is_some());
    }

    #[test]
    fn a_part_of_a_tensor_is_drawn_as_the_whole() {
        let fill = Fill::default();
        let mut whole = vec![0; 64];
        let mut part = vec![0; 32];
        fill.draw(Dtype::Bf16, 11, 0, &mut whole);
        fill.draw(Dtype::Bf16, 11, 16, &mut part);
        assert_eq!(whole[32..], part);
    }

    #[test]
    fn the_plain_loops_draw_what_the_general_one_does() {
        let fill = Fill::Normal {
            mean: 64.0,
            std: 1.5,
        };
        for dtype in [Dtype::Bf16, Dtype::F16, Dtype::F32] {
            let mut dense = vec![0; 1000 * dtype.bytes()];
            fill.draw(dtype, 9, 7, &mut dense);
            for (index, element) in (7..).zip(dense.chunks_exact(dtype.bytes())) {
                assert_eq!(dtype.read(element), dtype.round(fill.value(9, index)));
            }
        }
    }

    #[test]
    fn every_argument_changes_the_key() {
        let keys = [
            fill_key(1, "a", 0, "x"),
            fill_key(2, "a", 0, "x"),
            fill_key(1, "b", 0, "x"),
            fill_key(1, "a", 1, "x"),
            fill_key(1, "a", 0, "y"),
            fill_key(1, "ax", 0, ""),
        ];
        let mut unique = keys.to_vec();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), keys.len());
    }
}
