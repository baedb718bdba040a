//! What a device can report.

/// Why a device call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum DeviceError {
    #[error("{call} failed: {name} ({text})")]
    Cuda {
        call: String,
        /// The code's name, such as `CUDA_ERROR_ILLEGAL_ADDRESS`.
        name: String,
        text: String,
    },

    #[error(
        "out of GPU memory: {wanted} bytes asked for, {free} of {total} bytes free; close other programs on this GPU"
    )]
    OutOfMemory { wanted: u64, free: u64, total: u64 },

    #[error("no NVIDIA driver is usable here: {0}")]
    NoDriver(String),

    #[error("loading the device support library {path}: {reason}")]
    Support { path: String, reason: String },

    #[error("{0}")]
    Emulated(String),

    #[error("{call} returned {status}")]
    Side { call: String, status: String },

    #[error(
        "work that no graph holds still ran {seconds} s after a call was captured, on a stream that is not the call's"
    )]
    Lingering { seconds: u64 },
}

impl DeviceError {
    /// Whether the device cannot be used after it.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::Cuda { .. } | Self::NoDriver(_) | Self::Support { .. } | Self::Lingering { .. }
        )
    }
}
