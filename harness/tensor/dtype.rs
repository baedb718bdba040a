//! Element types that cross the ABI.

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

/// Element type of a tensor, named as in the contract files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    Bf16,
    F16,
    F32,
    F64,
    I32,
    I64,
    U8,
    Bool,
}

impl Dtype {
    /// Parses the name that contract files use.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "bf16" => Self::Bf16,
            "f16" => Self::F16,
            "f32" => Self::F32,
            "f64" => Self::F64,
            "i32" => Self::I32,
            "i64" => Self::I64,
            "u8" => Self::U8,
            "bool" => Self::Bool,
            _ => return None,
        })
    }

    /// The name that contract files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "u8",
            Self::Bool => "bool",
        }
    }

    /// Size of one element, in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::Bool => 1,
            Self::Bf16 | Self::F16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    pub fn is_float(self) -> bool {
        matches!(self, Self::Bf16 | Self::F16 | Self::F32 | Self::F64)
    }

    /// Reads one element as a double; `element` holds exactly [`Dtype::bytes`] bytes, little endian. Exact but for
    /// integers above 2^53.
    pub fn read(self, element: &[u8]) -> f64 {
        match self {
            Self::Bf16 => bf16::from_le_bytes(array(element)).to_f64(),
            Self::F16 => f16::from_le_bytes(array(element)).to_f64(),
            Self::F32 => f64::from(f32::from_le_bytes(array(element))),
            Self::F64 => f64::from_le_bytes(array(element)),
            Self::I32 => f64::from(i32::from_le_bytes(array(element))),
            Self::I64 => i64::from_le_bytes(array(element)) as f64,
            Self::U8 | Self::Bool => f64::from(element[0]),
        }
    }

    /// Writes `value` rounded to nearest even (integers: truncated) into `element`.
    pub fn write(self, value: f64, element: &mut [u8]) {
        match self {
            Self::Bf16 => element.copy_from_slice(&bf16::from_f32(to_odd(value)).to_le_bytes()),
            Self::F16 => element.copy_from_slice(&f16::from_f32(to_odd(value)).to_le_bytes()),
            Self::F32 => element.copy_from_slice(&(value as f32).to_le_bytes()),
            Self::F64 => element.copy_from_slice(&value.to_le_bytes()),
            Self::I32 => element.copy_from_slice(&(value as i32).to_le_bytes()),
            Self::I64 => element.copy_from_slice(&(value as i64).to_le_bytes()),
            Self::U8 | Self::Bool => element[0] = value as u8,
        }
    }

    /// `value` as it reads back after a store in this type.
    pub fn round(self, value: f64) -> f64 {
        match self {
            Self::Bf16 => bf16::from_f32(to_odd(value)).to_f64(),
            Self::F16 => f16::from_f32(to_odd(value)).to_f64(),
            Self::F32 => f64::from(value as f32),
            _ => value,
        }
    }
}

/// `value` as a float that rounds on to 16 bits as `value` itself would: inexact values get an odd last bit (Boldo and
/// Melquiond, "When double rounding is odd", 2005). `half`'s own conversion from double looks at its upper 32 bits
/// alone and misses some ties.
fn to_odd(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) == value || !near.is_finite() {
        return near;
    }
    let bits = near.to_bits();
    let toward_zero = if f64::from(near).abs() > value.abs() {
        bits - 1
    } else {
        bits
    };
    f32::from_bits(toward_zero | 1)
}

fn array<const N: usize>(element: &[u8]) -> [u8; N] {
    element
        .try_into()
        .expect("an element should have the size of its type")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_reads_back_as_it_rounds() {
        for dtype in [Dtype::Bf16, Dtype::F16, Dtype::F32, Dtype::F64] {
            let mut element = vec![0; dtype.bytes()];
            for value in [0.1, -3.0, 1e-9, 70000.0, f64::INFINITY] {
                dtype.write(value, &mut element);
                assert_eq!(dtype.read(&element), dtype.round(value), "{}", dtype.name());
            }
        }
    }

    #[test]
    fn sixteen_bits_round_once_and_to_even() {
        // Halfway between 1 and the next bf16, and a hair to either side: a hair of 2^-40, below f32's resolution.
        let (tie, hair) = (1.0 + 2f64.powi(-8), 2f64.powi(-40));
        assert_eq!(Dtype::Bf16.round(tie), 1.0);
        assert_eq!(Dtype::Bf16.round(tie - hair), 1.0);
        assert_eq!(Dtype::Bf16.round(tie + hair), 1.0 + 2f64.powi(-7));
        assert_eq!(
            Dtype::F16.round(1.0 + 2f64.powi(-11) + hair),
            1.0 + 2f64.powi(-10)
        );
        // 17 bits of mantissa, all within the lower half of a double: dropping them misses that this is above the tie.
        assert_eq!(
            Dtype::Bf16.round(f64::from(1.0_f32 + 2f32.powi(-8) + 2f32.powi(-23))),
            1.0 + 2f64.powi(-7)
        );
    }

    #[test]
    fn every_name_parses_back() {
        for dtype in [
            Dtype::Bf16,
            Dtype::F16,
            Dtype::F32,
            Dtype::F64,
            Dtype::I32,
            Dtype::I64,
            Dtype::U8,
            Dtype::Bool,
        ] {
            assert_eq!(Dtype::parse(dtype.name()), Some(dtype));
        }
    }
}
