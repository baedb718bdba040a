//! Answers that take no work. A row on which one of them passes proves nothing about a candidate.

use std::fmt;

use super::compare::compare_part;
use super::oracle::{Expected, Oracle, OracleError};
use super::{GateBook, gates};
use crate::task::{Case, Tolerance};
use crate::tensor::{Dtype, Fill, TensorSpec, fill_key};
use crate::worker::CHECK_SET;

/// Elements compared at a time: a wrong answer seldom survives the first few.
const CHUNK: usize = 256;

/// Elements from which on mean and deviation are judged; fewer may lie within a tolerance of their mean by chance.
const ENOUGH: usize = 16;

/// Compares, for every output of `row`, trivial answers with what the oracle expects: zeros, each input of as many
/// elements, the mean, noise of its mean and deviation, and the output for other inputs. One that passes fails the
/// gate.
///
/// An output that the contract compares bit by bit may be a copy: there an input that passes is the contract itself.
///
/// # Errors
///
/// The oracle refuses the row.
pub fn check_trivial(
    row: &Case,
    oracle: &mut Oracle,
    seed: u64,
    book: &mut GateBook,
) -> Result<(), OracleError> {
    oracle.compute(row, !seed, CHECK_SET)?;
    let outputs: Vec<&TensorSpec> = row.outputs().collect();
    let previous: Vec<Vec<u8>> = outputs
        .iter()
        .enumerate()
        .map(|(number, spec)| stored(spec.dtype, oracle.expected(spec, number)))
        .collect();
    oracle.compute(row, seed, CHECK_SET)?;
    for (number, (spec, previous)) in outputs.into_iter().zip(&previous).enumerate() {
        if spec.elements() == 0 {
            continue;
        }
        let output = Output {
            dtype: spec.dtype,
            elements: spec.elements() as usize,
            expected: oracle.expected(spec, number),
            tolerance: row.tolerance,
        };
        let mut answers = vec![Answer::Zeros, Answer::Previous(previous)];
        if !spec.bitwise {
            answers.extend(copies(row, spec, oracle));
        }
        answers.extend(output.statistics(fill_key(seed, &row.id, CHECK_SET, &spec.name)));
        let right = answers.iter().find(|answer| output.takes(answer));
        book.note(
            gates::TRIVIAL,
            right.map(|answer| {
                format!(
                    "`{}`, output `{}`: {answer} passes, so the row tells no right candidate from one that does \
                     nothing; change its fills or its tolerance",
                    row.id, spec.name
                )
            }),
        );
    }
    Ok(())
}

/// Inputs with as many elements as the output, converted, and bit by bit where another type has its size.
fn copies<'a>(row: &'a Case, output: &TensorSpec, oracle: &'a Oracle) -> Vec<Answer<'a>> {
    row.inputs()
        .filter(|input| input.elements() == output.elements())
        .flat_map(|input| {
            let storage = oracle.input(input);
            let same_size =
                input.dtype != output.dtype && input.dtype.bytes() == output.dtype.bytes();
            [
                Some(Answer::Copy(input, storage)),
                same_size.then_some(Answer::Bits(input, storage)),
            ]
        })
        .flatten()
        .collect()
}

/// One output as the oracle has it.
struct Output<'a> {
    dtype: Dtype,
    elements: usize,
    expected: Expected<'a>,
    tolerance: Tolerance,
}

impl Output<'_> {
    /// Whether `answer` passes as a side's output would.
    fn takes(&self, answer: &Answer) -> bool {
        let size = self.dtype.bytes();
        let mut found = vec![0; CHUNK * size];
        (0..self.elements).step_by(CHUNK).all(|first| {
            let last = (first + CHUNK).min(self.elements);
            let found = &mut found[..(last - first) * size];
            for (index, element) in (first..).zip(found.chunks_exact_mut(size)) {
                answer.write(index, self.dtype, element);
            }
            compare_part(self.dtype, first, found, self.expected, self.tolerance).passed()
        })
    }

    /// The mean, and noise with the mean and the deviation of the finite elements.
    fn statistics(&self, key: u64) -> Vec<Answer<'static>> {
        let finite = || {
            (0..self.elements)
                .map(|index| self.value(index))
                .filter(|value| value.is_finite())
        };
        if self.elements < ENOUGH {
            return Vec::new();
        }
        let count = finite().count().max(1) as f64;
        let mean = finite().sum::<f64>() / count;
        let variance = finite().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        let noise = Fill::Normal {
            mean: mean as f32,
            std: variance.sqrt() as f32,
        };
        vec![Answer::Constant(mean), Answer::Noise(noise, key)]
    }

    fn value(&self, index: usize) -> f64 {
        match self.expected {
            Expected::Doubles(doubles) => doubles[index],
            Expected::Bits(bits) => self.dtype.read(element(bits, index, self.dtype)),
        }
    }
}

/// What a candidate that does no work might leave in an output.
enum Answer<'a> {
    Zeros,
    /// An input's values, in row-major order.
    Copy(&'a TensorSpec, &'a [u8]),
    /// An input's bits, taken for the output's type.
    Bits(&'a TensorSpec, &'a [u8]),
    Constant(f64),
    Noise(Fill, u64),
    /// Dense elements: the output for other inputs.
    Previous(&'a [u8]),
}

impl Answer<'_> {
    fn write(&self, index: usize, dtype: Dtype, target: &mut [u8]) {
        let source = |input: &TensorSpec| input.position(index as u64) as usize;
        match *self {
            Self::Zeros => target.fill(0),
            Self::Copy(input, storage) => {
                let value = input
                    .dtype
                    .read(element(storage, source(input), input.dtype));
                dtype.write(value, target);
            }
            Self::Bits(input, storage) => {
                target.copy_from_slice(element(storage, source(input), input.dtype));
            }
            Self::Constant(value) => dtype.write(value, target),
            Self::Noise(ref fill, key) => dtype.write(fill.value(key, index as u64), target),
            Self::Previous(dense) => target.copy_from_slice(element(dense, index, dtype)),
        }
    }
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zeros => f.write_str("zero everywhere"),
            Self::Copy(input, _) => write!(f, "a copy of `{}`", input.name),
            Self::Bits(input, _) => write!(f, "a copy of the bits of `{}`", input.name),
            Self::Constant(value) => write!(f, "its mean {value} everywhere"),
            Self::Noise(..) => f.write_str("noise of its mean and deviation"),
            Self::Previous(_) => f.write_str("the output for other inputs"),
        }
    }
}

fn element(bytes: &[u8], place: usize, dtype: Dtype) -> &[u8] {
    &bytes[place * dtype.bytes()..][..dtype.bytes()]
}

/// Dense elements of `dtype`, as a side would store what the oracle expects.
fn stored(dtype: Dtype, expected: Expected) -> Vec<u8> {
    match expected {
        Expected::Bits(bits) => bits.to_vec(),
        Expected::Doubles(doubles) => {
            let mut dense = vec![0; doubles.len() * dtype.bytes()];
            for (value, element) in doubles.iter().zip(dense.chunks_exact_mut(dtype.bytes())) {
                dtype.write(*value, element);
            }
            dense
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIGHT: Tolerance = Tolerance {
        atol: 1e-3,
        rtol: 0.0,
    };

    fn output(expected: &[f64]) -> Output<'_> {
        Output {
            dtype: Dtype::F32,
            elements: expected.len(),
            expected: Expected::Doubles(expected),
            tolerance: TIGHT,
        }
    }

    fn varied(count: usize) -> Vec<f64> {
        (0..count)
            .map(|index| Fill::default().value(3, index as u64))
            .collect()
    }

    #[test]
    fn no_answer_without_work_passes_for_values_that_vary() {
        let (expected, other) = (varied(3 * CHUNK), varied(3 * CHUNK + 1));
        let output = output(&expected);
        let previous = stored(Dtype::F32, Expected::Doubles(&other[1..]));
        assert!(!output.takes(&Answer::Zeros));
        assert!(!output.takes(&Answer::Previous(&previous)));
        let statistics = output.statistics(7);
        assert_eq!(statistics.len(), 2);
        assert!(statistics.iter().all(|answer| !output.takes(answer)));
    }

    #[test]
    fn what_is_stored_of_the_oracle_passes() {
        let expected = varied(3 * CHUNK);
        let dense = stored(Dtype::F32, Expected::Doubles(&expected));
        assert!(output(&expected).takes(&Answer::Previous(&dense)));
    }

    #[test]
    fn one_element_in_the_last_chunk_is_enough_to_fail() {
        let mut expected = vec![0.0; 2 * CHUNK + 3];
        assert!(output(&expected).takes(&Answer::Zeros));
        expected[2 * CHUNK + 2] = 0.5;
        assert!(!output(&expected).takes(&Answer::Zeros));
    }

    #[test]
    fn a_constant_output_is_its_mean_and_noise_without_deviation() {
        let expected = vec![2.5; ENOUGH];
        let output = output(&expected);
        assert!(
            output
                .statistics(7)
                .iter()
                .all(|answer| output.takes(answer))
        );
    }

    #[test]
    fn a_few_elements_have_no_statistics() {
        assert!(output(&[1.0]).statistics(7).is_empty());
    }

    #[test]
    fn an_input_of_another_type_is_tried_by_value_and_by_bits() {
        let input = TensorSpec {
            name: "x".to_owned(),
            role: crate::tensor::Role::In,
            dtype: Dtype::I32,
            shape: vec![2],
            strides: vec![3],
            offset: 1,
            storage: 0,
            fill: Fill::default(),
            bitwise: false,
            repeatable: true,
            on_host: false,
        };
        let storage: Vec<u8> = [0, 7, 0, 0, 9_i32]
            .into_iter()
            .flat_map(i32::to_le_bytes)
            .collect();
        assert!(output(&[7.0, 9.0]).takes(&Answer::Copy(&input, &storage)));
        assert!(!output(&[7.0, 9.0]).takes(&Answer::Bits(&input, &storage)));
        let bits = [7, 9].map(|value| f64::from(f32::from_bits(value)));
        assert!(output(&bits).takes(&Answer::Bits(&input, &storage)));
    }
}
