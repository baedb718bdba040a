//! What NVML says of the GPU, read by the parent, which holds no context of its own.

use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::error::NvmlError;

use crate::ledger::ClockRecord;

/// A GPU that this process can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisibleGpu {
    pub name: String,
    pub uuid: String,
    pub driver: String,
}

#[derive(Debug, thiserror::Error)]
#[error("reading the GPU's state through NVML")]
pub struct MonitorError(#[from] NvmlError);

/// The name that the driver installs; the bare `.so` comes with development packages only.
pub const NVML_LIBRARY: &str = "libnvidia-ml.so.1";

/// A handle on NVML.
pub struct Monitor(Nvml);

impl Monitor {
    /// Fails where there is no NVIDIA driver.
    pub fn open() -> Result<Self, MonitorError> {
        Ok(Self(
            Nvml::builder().lib_path(NVML_LIBRARY.as_ref()).init()?,
        ))
    }

    /// All visible GPUs, in NVML's order.
    pub fn gpus(&self) -> Result<Vec<VisibleGpu>, MonitorError> {
        let driver = self.0.sys_driver_version()?;
        (0..self.0.device_count()?)
            .map(|index| {
                let device = self.0.device_by_index(index)?;
                Ok(VisibleGpu {
                    name: device.name()?,
                    uuid: device.uuid()?,
                    driver: driver.clone(),
                })
            })
            .collect()
    }

    /// Clocks, temperature, power and throttling of a GPU now; asked for while no worker runs, so that every process on
    /// the GPU is somebody else's.
    pub fn clocks(&self, uuid: &str) -> Result<ClockRecord, MonitorError> {
        let device = self.0.device_by_uuid(uuid)?;
        Ok(ClockRecord {
            sm_mhz: device.clock_info(Clock::SM)?,
            memory_mhz: device.clock_info(Clock::Memory)?,
            temperature_c: device.temperature(TemperatureSensor::Gpu)?,
            power_w: f64::from(device.power_usage()?) / 1000.0,
            throttle: throttle_names(device.current_throttle_reasons()?),
            other_processes: device.running_compute_processes()?.len() as u32,
        })
    }
}

/// Names of the reasons that slow the clocks; an idle GPU and an application clock setting are not among them.
fn throttle_names(reasons: ThrottleReasons) -> Vec<String> {
    let slowing = ThrottleReasons::SW_POWER_CAP
        | ThrottleReasons::HW_SLOWDOWN
        | ThrottleReasons::SW_THERMAL_SLOWDOWN
        | ThrottleReasons::HW_THERMAL_SLOWDOWN
        | ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN
        | ThrottleReasons::SYNC_BOOST;
    (reasons & slowing)
        .iter_names()
        .map(|(name, _)| name.to_lowercase().replace('_', "-"))
        .collect()
}
