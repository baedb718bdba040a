//! One captured call, before any contract was asked about it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Calls of one operation with the same arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// As the source names the operation.
    pub name: String,
    pub(super) arguments: Arguments,
    pub count: u64,
}

/// A tensor as it was passed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Operand {
    /// In the source's words.
    pub(super) dtype: String,
    pub(super) shape: Vec<i64>,
    /// In elements; `None` where the source has none.
    pub(super) strides: Option<Vec<i64>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Arguments {
    /// By the entry's names.
    Named {
        tensors: BTreeMap<String, Option<Operand>>,
        scalars: BTreeMap<String, Value>,
    },
    /// Tensors in the contract's order.
    Ordered {
        tensors: Vec<Option<Operand>>,
        scalars: BTreeMap<String, Value>,
    },
    /// Everything in the order of the operation's own signature.
    Signature(Vec<Argument>),
}

/// An argument of an operation whose signature is not known here.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Argument {
    Tensor(Operand),
    /// Text of its value; empty where only its place was recorded.
    Scalar(String),
    /// An optional argument that was left out, or of a type that is not recorded.
    Absent,
    /// A list, say.
    Other(String),
}
