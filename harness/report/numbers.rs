//! How numbers are written.

use crate::ledger::{LaneRecord, SpeedupInterval};

/// What stands for a figure that there is not.
pub(super) const NONE: &str = "-";

/// Four significant digits, from a nanosecond up.
pub(super) fn us(us: f64) -> String {
    let decimals = match us {
        ..10.0 => 3,
        ..100.0 => 2,
        ..1000.0 => 1,
        _ => 0,
    };
    format!("{us:.decimals$}")
}

pub(super) fn speedup(speedup: f64) -> String {
    format!("{speedup:.3}")
}

pub(super) fn interval(low: f64, high: f64) -> String {
    format!("{low:.3}-{high:.3}")
}

/// `1.076 (1.075-1.077)`.
pub(super) fn ratio(ratio: SpeedupInterval) -> String {
    format!(
        "{} ({})",
        speedup(ratio.speedup),
        interval(ratio.low, ratio.high)
    )
}

/// A ratio whose truth is known: what it is off by is in the fourth digit.
pub(super) fn fine_ratio(ratio: SpeedupInterval) -> String {
    format!("{:.4} ({:.4}-{:.4})", ratio.speedup, ratio.low, ratio.high)
}

pub(super) fn share(share: f64) -> String {
    format!("{:.0}", share * 100.0)
}

/// A small share in per cent, two digits behind the point: of 0.0012, `0.12`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}", share * 100.0)
}

pub(super) fn tb_per_s(tb_per_s: f64) -> String {
    format!("{tb_per_s:.2}")
}

pub(super) fn or_none<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(|| NONE.to_owned(), text)
}

/// The first 8 hex digits of a hash, which is what people compare.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

/// `1 row`, `2 rows`.
pub(super) fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// The speedup of a lane: the paired estimate, or for a single process its own mean, which has no interval.
pub(super) fn lane_speedup(lane: &LaneRecord) -> Option<f64> {
    match (lane.ratio, lane.per_process.as_slice()) {
        (Some(SpeedupInterval { speedup, .. }), _) => Some(speedup),
        (None, &[only]) => Some(only),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_four_digits() {
        assert_eq!(
            [1.8234, 12.345, 226.44, 4812.3].map(us),
            ["1.823", "12.35", "226.4", "4812"]
        );
    }

    #[test]
    fn a_known_ratio_has_a_digit_more() {
        let found = SpeedupInterval {
            speedup: 1.0,
            low: 0.9995,
            high: 1.0005,
        };
        assert_eq!(fine_ratio(found), "1.0000 (0.9995-1.0005)");
        assert_eq!(
            ratio(SpeedupInterval { low: 0.9, ..found }),
            "1.000 (0.900-1.000)"
        );
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(
            (count(1, "row", "rows"), count(0, "row", "rows")),
            ("1 row".to_owned(), "0 rows".to_owned())
        );
    }

    #[test]
    fn a_short_hash_is_kept_whole() {
        assert_eq!((short("0123456789"), short("ab")), ("01234567", "ab"));
    }
}
