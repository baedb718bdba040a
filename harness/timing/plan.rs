//! How many calls make a sample, and over how many buffer sets they rotate.

use crate::worker::TimePlan;

/// Cold means that a set was last touched more than this many L2 sizes ago.
const COLD_L2_MULTIPLE: u64 = 2;

/// Buffer sets so that a rotation moves more than twice the L2, within `room` bytes for all sets of both sides.
///
/// `moved` is what one call reads and writes, `set_bytes` what one buffer set of both sides takes, all in bytes. More
/// than `max_calls` sets are never needed: a sample of as many calls then meets each set once, after the settle before
/// it has evicted them all.
pub fn rotation(moved: u64, l2_bytes: u64, set_bytes: u64, room: u64, max_calls: u32) -> u32 {
    let wanted = (COLD_L2_MULTIPLE * l2_bytes / moved.max(1) + 1).min(u64::from(max_calls));
    let fits = (room / set_bytes.max(1)).max(1);
    u32::try_from(wanted.min(fits)).unwrap_or(u32::MAX)
}

/// Share of a sample's calls that its lead-in has at most: more of them move too little for memory to bound them.
const LEAD_IN_SHARE: u32 = 10;

/// Calls in front of a sample: as many as move twice the L2. The sample then finds the L2 as calls like its own leave it,
/// and writes back for the lead-in what its own last calls leave to be written behind its end.
pub fn lead_in_calls(moved: u64, l2_bytes: u64, max_calls: u32) -> u32 {
    let wanted = (COLD_L2_MULTIPLE * l2_bytes).div_ceil(moved.max(1));
    let most = (max_calls / LEAD_IN_SHARE).max(1);
    u32::try_from(wanted).unwrap_or(u32::MAX).clamp(1, most)
}

/// Calls in one sample, a multiple of `sets`: as many as last about [`TimePlan::sample_ns`] on the slower side.
pub fn calls_per_sample(estimate_ns: f64, sets: u32, plan: &TimePlan) -> u32 {
    let wanted = (plan.sample_ns / estimate_ns.max(1.0)).clamp(1.0, f64::from(plan.max_calls));
    let rotations = (wanted / f64::from(sets)).round().max(1.0);
    rotations as u32 * sets
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: TimePlan = TimePlan {
        sample_ns: 1e6,
        warmup_rounds: 30,
        pilot_blocks: 8,
        max_blocks: 32,
        blocks: None,
        hot_blocks: 4,
        dirty_blocks: 4,
        beside_blocks: 1,
        host_blocks: 4,
        host_ns: 1e6,
        margin: 0.01,
        max_calls: 1000,
    };

    #[test]
    fn a_set_larger_than_twice_the_cache_needs_no_other() {
        assert_eq!(rotation(101 << 20, 50 << 20, 1 << 30, u64::MAX, 1000), 1);
    }

    #[test]
    fn small_sets_rotate_past_twice_the_cache() {
        let sets = rotation(1 << 20, 50 << 20, 4 << 20, u64::MAX, 1000);
        assert!(u64::from(sets) << 20 > 100 << 20, "{sets}");
    }

    #[test]
    fn a_sample_of_tiny_sets_meets_each_of_them_once() {
        let sets = rotation(4 << 10, 50 << 20, 8 << 10, u64::MAX, PLAN.max_calls);
        assert_eq!(sets, PLAN.max_calls);
        assert_eq!(calls_per_sample(1600.0, sets, &PLAN), sets);
    }

    #[test]
    fn sets_stay_within_the_room() {
        assert_eq!(rotation(1 << 20, 50 << 20, 4 << 20, 40 << 20, 1000), 10);
        assert_eq!(rotation(1 << 20, 50 << 20, 4 << 20, 1, 1000), 1);
    }

    #[test]
    fn a_lead_in_moves_twice_the_cache_within_a_share_of_a_sample() {
        let calls = |moved| lead_in_calls(moved, 50 << 20, 320);
        assert_eq!(calls(200 << 20), 1);
        assert_eq!(calls(99 << 20), 2);
        assert_eq!(calls(4 << 20), 25);
        assert_eq!(calls(4 << 10), 32);
        assert_eq!(lead_in_calls(4 << 10, 50 << 20, 4), 1);
    }

    #[test]
    fn a_sample_is_whole_rotations_of_about_its_duration() {
        assert_eq!(calls_per_sample(2000.0, 420, &PLAN), 420);
        assert_eq!(calls_per_sample(50_000.0, 3, &PLAN), 21);
        assert_eq!(calls_per_sample(2000.0, 45, &PLAN), 495);
        assert_eq!(calls_per_sample(5e6, 1, &PLAN), 1);
    }
}
