//! A side's shared library, behind the ABI.

use std::ffi::c_char;
use std::path::Path;

use libloading::{Library, Symbol};
use serde::{Deserialize, Serialize};

use super::protocol::{Fault, RouteReply};
use crate::abi::{
    AbiVersionFn, KDA_ABI_VERSION, KDA_CUDA_ERROR, KDA_DECLINED, KDA_INVALID_ARGUMENT, KDA_OK,
    KdaCall, KdaRoute, LaunchFn, RouteFn, WorkspaceBytesFn,
};
use crate::toolchain::Side;

/// A loaded baseline or candidate.
pub(super) struct LoadedSide {
    launch: LaunchFn,
    /// The rest of the ABI, which a side of the planted control does without.
    asked: Option<Asked>,
    _library: Library,
}

/// What a side answers without launching.
struct Asked {
    workspace_bytes: WorkspaceBytesFn,
    route: RouteFn,
}

/// A KdaStatus, or a number that is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SideStatus {
    #[default]
    Ok,
    Declined,
    InvalidArgument,
    CudaError,
    Unknown(i32),
}

impl SideStatus {
    pub(super) fn of(status: i32) -> Self {
        match status {
            KDA_OK => Self::Ok,
            KDA_DECLINED => Self::Declined,
            KDA_INVALID_ARGUMENT => Self::InvalidArgument,
            KDA_CUDA_ERROR => Self::CudaError,
            other => Self::Unknown(other),
        }
    }
}

impl std::fmt::Display for SideStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ok => f.write_str("KDA_OK"),
            Self::Declined => f.write_str("KDA_DECLINED"),
            Self::InvalidArgument => f.write_str("KDA_INVALID_ARGUMENT"),
            Self::CudaError => f.write_str("KDA_CUDA_ERROR"),
            Self::Unknown(status) => write!(f, "{status}, which is no KdaStatus"),
        }
    }
}

impl LoadedSide {
    pub(super) fn load(side: Side, path: &Path) -> Result<Self, Fault> {
        let failed = |reason: String| Fault::Load {
            side,
            path: path.display().to_string(),
            reason,
        };
        // SAFETY: runs the library's initialisers; untrusted ones are why this process exists.
        let library = unsafe { Library::new(path) }.map_err(|error| failed(error.to_string()))?;
        // SAFETY: abi.h gives these symbols these types.
        let version: AbiVersionFn =
            unsafe { symbol(&library, "kda_abi_version") }.map_err(&failed)?;
        // SAFETY: as above.
        let found = unsafe { version() };
        if found != KDA_ABI_VERSION {
            return Err(failed(format!(
                "it has ABI version {found}, this harness has {KDA_ABI_VERSION}; compile it against this kda/abi.h"
            )));
        }
        // SAFETY: abi.h gives these symbols these types.
        unsafe {
            Ok(Self {
                launch: symbol(&library, "kda_launch").map_err(&failed)?,
                asked: Some(Asked {
                    workspace_bytes: symbol(&library, "kda_workspace_bytes").map_err(&failed)?,
                    route: symbol(&library, "kda_route").map_err(&failed)?,
                }),
                _library: library,
            })
        }
    }

    /// One side of the planted control, from the support library.
    pub(super) fn planted(side: Side, path: &Path) -> Result<Self, Fault> {
        let failed = |reason: String| Fault::Load {
            side,
            path: path.display().to_string(),
            reason,
        };
        // SAFETY: the library is ours; its initialisers only register kernels.
        let library = unsafe { Library::new(path) }.map_err(|error| failed(error.to_string()))?;
        let name = format!("kda_support_planted_{side}");
        // SAFETY: support.cu gives these symbols this type.
        let launch = unsafe { symbol(&library, &name) }.map_err(&failed)?;
        Ok(Self {
            launch,
            asked: None,
            _library: library,
        })
    }

    pub(super) fn workspace_bytes(&self, call: &KdaCall) -> u64 {
        self.asked.as_ref().map_or(0, |asked| {
            // SAFETY: the call is complete and lives through it.
            unsafe { (asked.workspace_bytes)(call) as u64 }
        })
    }

    pub(super) fn launch(&self, call: &KdaCall) -> SideStatus {
        // SAFETY: the call is complete and lives through it; its memory is the worker's.
        SideStatus::of(unsafe { (self.launch)(call) })
    }

    pub(super) fn route(&self, call: &KdaCall) -> RouteReply {
        let Some(asked) = &self.asked else {
            return RouteReply::default();
        };
        // SAFETY: all-zero is a valid KdaRoute: empty strings.
        let mut route: KdaRoute = unsafe { std::mem::zeroed() };
        // SAFETY: call and route are complete and live through it.
        let status = unsafe { (asked.route)(call, &raw mut route) };
        RouteReply {
            status: SideStatus::of(status),
            bucket: text(&route.bucket),
            condition: text(&route.condition),
            path: text(&route.path),
            why: text(&route.why),
            declined: route.declined != 0,
        }
    }
}

/// # Safety
/// `T` must be the type of the symbol.
unsafe fn symbol<T: Copy>(library: &Library, name: &str) -> Result<T, String> {
    // SAFETY: the caller vouches for the type; the library outlives the copy.
    let found: Result<Symbol<T>, _> = unsafe { library.get(name.as_bytes()) };
    found
        .map(|symbol| *symbol)
        .map_err(|_| format!("it does not export {name}; see kda/abi.h"))
}

/// Text of a fixed field, up to its NUL or its end.
fn text(field: &[c_char]) -> String {
    let bytes: Vec<u8> = field
        .iter()
        .take_while(|byte| **byte != 0)
        .map(|byte| *byte as u8)
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
