//! How one run's speedup differs from another's.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Estimate;
use crate::ledger::SpeedupInterval;

/// `after / before` as a ratio of speedups, with Welch's two-sided interval at `confidence`: runs differ in spread and
/// in processes, and share none.
///
/// Degrees of freedom are Welch and Satterthwaite's (B. L. Welch, Biometrika 34, 1947). Two runs without any spread
/// give an interval of no width.
pub fn change(before: &Estimate, after: &Estimate, confidence: f64) -> SpeedupInterval {
    let log_ratio = after.log_speedup - before.log_speedup;
    let variances = [before, after].map(|run| run.std_error.powi(2));
    let total: f64 = variances.iter().sum();
    let half = if total > 0.0 {
        let spent: f64 = [before, after]
            .iter()
            .zip(variances)
            .map(|(run, variance)| variance.powi(2) / (run.processes - 1) as f64)
            .sum();
        let t = StudentsT::new(0.0, 1.0, total.powi(2) / spent)
            .expect("one degree of freedom or more makes a t distribution");
        t.inverse_cdf(f64::midpoint(1.0, confidence)) * total.sqrt()
    } else {
        0.0
    };
    SpeedupInterval {
        speedup: log_ratio.exp(),
        low: (log_ratio - half).exp(),
        high: (log_ratio + half).exp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(log_speedups: &[f64]) -> Estimate {
        Estimate::over_processes(log_speedups).expect("two processes and more have a spread")
    }

    #[test]
    fn the_interval_is_welchs() {
        // Worked by hand: means 0.1 and 0.3, variances of the means 0.0002 and 0.0018 over 5 and 3 processes; 2.454
        // degrees of freedom, t 3.623, half a width 0.1620.
        let before = estimate(&[0.06, 0.08, 0.1, 0.12, 0.14]);
        let after = estimate(&[0.226_515_3, 0.3, 0.373_484_7]);
        let found = change(&before, &after, 0.95);
        assert!((found.speedup.ln() - 0.2).abs() < 1e-9, "{found:?}");
        let half = found.high.ln() - 0.2;
        assert!((half - 0.1620).abs() < 5e-4, "{half}");
        assert!((0.2 - found.low.ln() - half).abs() < 1e-9);
    }

    #[test]
    fn the_other_direction_is_the_reciprocal() {
        let (a, b) = (estimate(&[0.1, 0.12, 0.11]), estimate(&[0.2, 0.25, 0.21]));
        let (there, back) = (change(&a, &b, 0.95), change(&b, &a, 0.95));
        assert!((there.low * back.high - 1.0).abs() < 1e-12);
        assert!((there.speedup * back.speedup - 1.0).abs() < 1e-12);
    }

    #[test]
    fn runs_without_spread_have_no_width() {
        let found = change(&estimate(&[0.1, 0.1]), &estimate(&[0.3, 0.3]), 0.95);
        assert_eq!((found.low, found.high), (found.speedup, found.speedup));
    }
}
