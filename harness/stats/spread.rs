//! How the samples of one side scatter.

use crate::ledger::Spread;

/// Spread of one side's samples, given in nanoseconds, told in microseconds; `None` without a sample.
///
/// Percentiles interpolate between order statistics (Hyndman and Fan, type 7, as NumPy's default); the standard
/// deviation divides by n - 1 and is zero for one sample. No sample is dropped.
pub fn spread_us(samples_ns: &[f64]) -> Option<Spread> {
    let mut sorted: Vec<f64> = samples_ns.iter().map(|ns| ns / 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let min = *sorted.first()?;
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let squares: f64 = sorted.iter().map(|us| (us - mean).powi(2)).sum();
    Some(Spread {
        median: percentile(&sorted, 0.5),
        mean,
        stddev: (squares / (count - 1.0).max(1.0)).sqrt(),
        min,
        p10: percentile(&sorted, 0.1),
        p90: percentile(&sorted, 0.9),
        samples: sorted.len(),
    })
}

/// `sorted` ascending and not empty, `fraction` within 0 and 1.
fn percentile(sorted: &[f64], fraction: f64) -> f64 {
    let position = fraction * (sorted.len() - 1) as f64;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_even_count_takes_the_middle_of_two() {
        let spread =
            spread_us(&[4000.0, 1000.0, 2000.0, 3000.0]).expect("four samples have a spread");
        assert_eq!((spread.median, spread.mean, spread.min), (2.5, 2.5, 1.0));
        assert!((spread.p10 - 1.3).abs() < 1e-12 && (spread.p90 - 3.7).abs() < 1e-12);
        assert!((spread.stddev - 1.290_994_448_7).abs() < 1e-9);
    }

    #[test]
    fn one_sample_has_no_deviation() {
        assert_eq!(
            spread_us(&[1500.0]).map(|spread| (spread.median, spread.stddev)),
            Some((1.5, 0.0))
        );
    }

    #[test]
    fn no_samples_have_no_spread() {
        assert_eq!(spread_us(&[]), None);
    }

    proptest! {
        #[test]
        fn percentiles_are_in_order(ns in prop::collection::vec(1.0..1e9f64, 1..50)) {
            let spread = spread_us(&ns).expect("one sample or more");
            prop_assert!(spread.min <= spread.p10 && spread.p10 <= spread.median && spread.median <= spread.p90);
        }
    }
}
