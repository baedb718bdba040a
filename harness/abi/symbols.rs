//! The exported symbols and the pointer types they are called through.

use super::bindings::{self, KdaCall, KdaRoute};

/// What a baseline and a candidate export, and nothing else; sorted.
pub const SIDE_SYMBOLS: [&str; 4] = [
    "kda_abi_version",
    "kda_launch",
    "kda_route",
    "kda_workspace_bytes",
];

/// What an oracle exports, and nothing else; sorted.
pub const ORACLE_SYMBOLS: [&str; 3] = ["kda_abi_version", "kda_oracle_items", "kda_oracle_run"];

/// What the harness's own device code exports; sorted.
pub const SUPPORT_SYMBOLS: [&str; 14] = [
    "kda_support_check",
    "kda_support_copy",
    "kda_support_digest",
    "kda_support_draw",
    "kda_support_empty",
    "kda_support_fma",
    "kda_support_hold",
    "kda_support_mma",
    "kda_support_paint",
    "kda_support_planted_baseline",
    "kda_support_planted_candidate",
    "kda_support_read",
    "kda_support_stamp",
    "kda_support_touch",
];

pub type AbiVersionFn = unsafe extern "C" fn() -> u32;
pub type WorkspaceBytesFn = unsafe extern "C" fn(*const KdaCall) -> usize;
pub type LaunchFn = unsafe extern "C" fn(*const KdaCall) -> i32;
pub type RouteFn = unsafe extern "C" fn(*const KdaCall, *mut KdaRoute) -> i32;
pub type OracleItemsFn = unsafe extern "C" fn(*const KdaCall) -> i64;
pub type OracleRunFn = unsafe extern "C" fn(*const KdaCall, i64, i64) -> i32;

// The types above are those of the header: a changed prototype stops compiling here. Nothing links against these.
const _: AbiVersionFn = bindings::kda_abi_version;
const _: WorkspaceBytesFn = bindings::kda_workspace_bytes;
const _: LaunchFn = bindings::kda_launch;
const _: RouteFn = bindings::kda_route;
const _: OracleItemsFn = bindings::kda_oracle_items;
const _: OracleRunFn = bindings::kda_oracle_run;
