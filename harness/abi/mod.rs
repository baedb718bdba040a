//! Rust view of `kernels/include/kda/abi.h` and `kda/emulated/stream.h`.
//!
//! `bindings.rs` is bindgen's output, checked in so that a build needs no libclang; `scripts/bindings.sh --check`
//! regenerates and compares it.

mod bindings;
mod symbols;

pub use bindings::{
    KDA_ABI_VERSION, KDA_BFLOAT, KDA_BOOL, KDA_CUDA_ERROR, KDA_DECLINED, KDA_DEVICE_CPU,
    KDA_DEVICE_CUDA, KDA_FLOAT, KDA_INT, KDA_INVALID_ARGUMENT, KDA_NODE_KERNEL, KDA_NODE_MEMCPY,
    KDA_NODE_MEMSET, KDA_OK, KDA_SCALAR_FLOAT, KDA_SCALAR_INT, KDA_UINT, KdaCall, KdaDataType,
    KdaDevice, KdaDeviceType, KdaEmulatedNode, KdaEmulatedNodeKind, KdaEmulatedParam,
    KdaEmulatedStream, KdaRoute, KdaScalar, KdaScalarKind, KdaScalarValue, KdaStatus, KdaTensor,
    KdaTypeCode,
};
pub use symbols::{
    AbiVersionFn, LaunchFn, ORACLE_SYMBOLS, OracleItemsFn, OracleRunFn, RouteFn, SIDE_SYMBOLS,
    SUPPORT_SYMBOLS, WorkspaceBytesFn,
};
