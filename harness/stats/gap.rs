//! The widest gap between sorted values that leaves enough of them on either side.

/// The gap between modes, in standard deviations of the wider one.
pub(super) const GAP: f64 = 3.0;
/// Least share of the samples in a mode, and the least number of them.
const LEAST_SHARE: f64 = 0.1;
const LEAST_SAMPLES: usize = 3;
/// Fewer samples than this fall apart by chance.
const LEAST_IN_ALL: usize = 12;
/// Median absolute deviation to standard deviation, of a normal distribution.
const SIGMA_PER_MAD: f64 = 1.4826;

/// The widest admissible gap of sorted log times.
#[derive(Clone, Copy)]
pub(super) struct Split {
    /// Middle of the gap.
    pub(super) limit: f64,
    gap: f64,
    /// Standard deviation of the wider part.
    pub(super) spread: f64,
}

impl Split {
    /// Whether this is a gap between modes, where a part deviates by `floor` at the least.
    pub(super) fn stands_out(self, floor: f64) -> bool {
        // A hair above, since grid steps are not exact in log time.
        self.gap > 1.001 * GAP * self.spread.max(floor)
    }
}

/// Where `sorted` values part; `None` for too few of them.
pub(super) fn split(sorted: &[f64]) -> Option<Split> {
    let least = LEAST_SAMPLES.max((LEAST_SHARE * sorted.len() as f64).ceil() as usize);
    if sorted.len() < LEAST_IN_ALL {
        return None;
    }
    let place = (least..=sorted.len() - least)
        .max_by(|&a, &b| (sorted[a] - sorted[a - 1]).total_cmp(&(sorted[b] - sorted[b - 1])))?;
    let (fast, slow) = sorted.split_at(place);
    Some(Split {
        limit: f64::midpoint(sorted[place - 1], sorted[place]),
        gap: sorted[place] - sorted[place - 1],
        spread: deviation(fast).max(deviation(slow)),
    })
}

fn deviation(sorted: &[f64]) -> f64 {
    let middle = median(sorted);
    let mut distances: Vec<f64> = sorted.iter().map(|log| (log - middle).abs()).collect();
    distances.sort_by(f64::total_cmp);
    SIGMA_PER_MAD * median(&distances)
}

/// `sorted` is not empty.
pub(super) fn median(sorted: &[f64]) -> f64 {
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}
