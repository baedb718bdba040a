//! One concrete call of an entry: every shape, stride and scalar is a number.

use serde::{Deserialize, Serialize};

use crate::tensor::{Role, TensorSpec};

/// What the contract wants of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// Served, and right.
    #[default]
    Accepted,
    /// Refused with `KDA_INVALID_ARGUMENT`, nothing written.
    Refused,
}

/// `|found - expected| <= atol + rtol * |expected|`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    pub atol: f64,
    pub rtol: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scalar {
    Int(i64),
    Float(f64),
}

/// One production row, rider or grid case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub id: String,
    /// Row set of a row; empty for a grid case.
    pub set: String,
    pub production: bool,
    /// Index of the entry in the contract.
    pub entry: usize,
    pub entry_name: String,
    /// In call order; `None` for an optional tensor that is absent.
    pub tensors: Vec<Option<TensorSpec>>,
    pub scalars: Vec<Scalar>,
    /// Size of each storage, in bytes.
    pub storage_bytes: Vec<u64>,
    pub tolerance: Tolerance,
    pub expect: Expect,
    /// The candidate's outputs must equal the baseline's bit by bit.
    pub same_bits_as_baseline: bool,
    /// How the case was shortened to fit where it runs.
    pub shrunk: Option<String>,
}

impl Case {
    pub fn present(&self) -> impl Iterator<Item = &TensorSpec> {
        self.tensors.iter().flatten()
    }

    pub fn inputs(&self) -> impl Iterator<Item = &TensorSpec> {
        self.present().filter(|tensor| tensor.role != Role::Out)
    }

    pub fn outputs(&self) -> impl Iterator<Item = &TensorSpec> {
        self.present().filter(|tensor| tensor.role != Role::In)
    }

    /// Bytes that any implementation must move: each input read once, each output written once.
    pub fn moved_bytes(&self) -> u64 {
        let inputs: u64 = self.inputs().map(TensorSpec::distinct_bytes).sum();
        inputs + self.outputs().map(TensorSpec::distinct_bytes).sum::<u64>()
    }

    /// Shared memory that the outputs of one buffer set take, each storage at a multiple of 64 bytes.
    pub fn output_bytes(&self) -> u64 {
        let written = (0..self.storage_bytes.len()).filter(|storage| self.is_written(*storage));
        let bytes: u64 = written
            .map(|storage| self.storage_bytes[storage].next_multiple_of(64))
            .sum();
        bytes.next_multiple_of(4096)
    }

    /// Names of a call's buffers: each storage after the first tensor in it, both workspaces, tensors without elements.
    pub fn buffer_names(&self) -> Vec<String> {
        let first = |storage| {
            let mut tensors = self.present();
            tensors.find(|tensor| tensor.storage == storage)
        };
        let named = (0..self.storage_bytes.len())
            .map(|storage| first(storage).map_or_else(String::new, |tensor| tensor.name.clone()));
        let workspaces = ["workspace", "baseline's workspace"];
        let empty = self.present().filter(|tensor| tensor.elements() == 0);
        named
            .chain(workspaces.map(str::to_owned))
            .chain(empty.map(|tensor| tensor.name.clone()))
            .collect()
    }

    /// Whether `storage` belongs to an output.
    pub fn is_written(&self, storage: usize) -> bool {
        self.outputs().any(|tensor| tensor.storage == storage)
    }
}
