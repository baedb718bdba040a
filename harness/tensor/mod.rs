//! Tensors: element types, views and what fills them. Shared by tasks and devices, which do not know each other.

mod draw;
mod dtype;
mod fill;
mod spec;

pub use dtype::Dtype;
pub use fill::{Fill, fill_key};
pub use spec::{Role, TensorSpec, dense_strides};
