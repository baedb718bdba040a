//! What was compared, and in which state the device was.

use super::evidence::is_emulated;
use super::numbers::{short, us};
use crate::ledger::{ClockRecord, DuringRecord, Entry};

pub(super) fn provenance(entry: &Entry) -> String {
    let from = &entry.provenance;
    let mut text = format!(
        "candidate {}, baseline {}, contract {}, harness {}, seed {}\n",
        short(&from.candidate_source),
        short(&from.baseline_source),
        short(&from.contract_hash),
        from.harness_commit,
        from.seed,
    );
    if is_emulated(entry) {
        text.push_str(&format!("{}\n", from.compiler));
        return text;
    }
    let device = &entry.device;
    text.push_str(&format!(
        "{}, driver {}, copy {:.2} TB/s, empty kernel {} us\n",
        from.compiler,
        device.driver,
        device.copy_tb_per_s,
        us(entry.sampling.floor_us),
    ));
    if let (Some(before), Some(after)) = (&device.before, &device.after) {
        text.push_str(&clocks(before, after));
    }
    if let Some(during) = &device.during {
        text.push_str(&while_timed(during));
    }
    text
}

fn while_timed(during: &DuringRecord) -> String {
    let [least, most] = during.sm_mhz;
    let throttle = match during.throttle.is_empty() {
        true => "never".to_owned(),
        false => format!(
            "{} times by {}",
            during.throttled_looks,
            during.throttle.join(", ")
        ),
    };
    let unanswered = match during.failed_looks {
        0 => String::new(),
        count => format!(" ({count} more unanswered)"),
    };
    format!(
        "while timed, {} looks{unanswered}: SM {least} to {most} MHz, up to {} C and {:.0} W, {} other processes, \
         throttled {throttle}\n",
        during.looks, during.temperature_c, during.power_w, during.other_processes
    )
}

fn clocks(before: &ClockRecord, after: &ClockRecord) -> String {
    let mut throttle = [before.throttle.as_slice(), after.throttle.as_slice()].concat();
    throttle.sort_unstable();
    throttle.dedup();
    let throttle = if throttle.is_empty() {
        "none".to_owned()
    } else {
        throttle.join(", ")
    };
    format!(
        "before and after: SM {} and {} MHz, {} and {} C, {} and {} other processes, throttled by: {throttle}\n",
        before.sm_mhz,
        after.sm_mhz,
        before.temperature_c,
        after.temperature_c,
        before.other_processes,
        after.other_processes,
    )
}
