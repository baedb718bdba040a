//! The t interval over processes.
//!
//! Over processes and not over blocks, because blocks of one process share a shift: where that shift has sd 0.3 % and
//! blocks have 0.5 %, a 95 % interval over blocks pooled from 5 processes is wrong 45 % of the time, a t interval
//! over the 5 process means 5 %. t and not bootstrap, because over 5 a percentile bootstrap is wrong 18 % of the time.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::power::noncentrality;
use crate::ledger::SpeedupInterval;

/// Power at which [`Estimate::detectable`] is stated.
const POWER: f64 = 0.80;

/// Mean log speedup over processes, with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub log_speedup: f64,
    pub std_error: f64,
    pub processes: usize,
}

impl Estimate {
    /// From the log speedup of each process; `None` below two, which have no spread to go by.
    pub fn over_processes(log_speedups: &[f64]) -> Option<Self> {
        let processes = log_speedups.len();
        if processes < 2 {
            return None;
        }
        let count = processes as f64;
        let log_speedup = log_speedups.iter().sum::<f64>() / count;
        let squares: f64 = log_speedups
            .iter()
            .map(|log| (log - log_speedup).powi(2))
            .sum();
        let std_error = (squares / (count - 1.0) / count).sqrt();
        Some(Self {
            log_speedup,
            std_error,
            processes,
        })
    }

    /// Speedup with its two-sided interval at `confidence` (0.95 for the usual one).
    pub fn interval(&self, confidence: f64) -> SpeedupInterval {
        let half = self.half_width(confidence);
        SpeedupInterval {
            speedup: self.log_speedup.exp(),
            low: (self.log_speedup - half).exp(),
            high: (self.log_speedup + half).exp(),
        }
    }

    /// Half of the two-sided interval at `confidence`, in log speedup.
    pub fn half_width(&self, confidence: f64) -> f64 {
        self.quantile(f64::midpoint(1.0, confidence)) * self.std_error
    }

    /// Smallest ratio beyond 1 that a run like this one finds four times in five, as a relative change: 0.01 is 1 %.
    ///
    /// From the power of the two-sided t test at `confidence`, for a row alone: among many, Holm asks for more. Per unit
    /// of standard deviation between processes it is 3.26 for 3 of them, 1.68 for 5 and 1.16 for 8.
    pub fn detectable(&self, confidence: f64) -> f64 {
        (noncentrality(self.processes - 1, confidence, POWER) * self.std_error).exp_m1()
    }

    /// Two-sided p-value of "the log speedup is zero".
    pub(super) fn p_differs(&self) -> f64 {
        (2.0 * self.p_exceeds(0.0).min(1.0 - self.p_exceeds(0.0))).min(1.0)
    }

    /// One-sided p-value of "the log speedup is at most `bound`"; small where it clearly lies above.
    pub(super) fn p_exceeds(&self, bound: f64) -> f64 {
        let distance = self.log_speedup - bound;
        if self.std_error > 0.0 {
            self.t().sf(distance / self.std_error)
        } else if distance == 0.0 {
            0.5
        } else if distance > 0.0 {
            0.0
        } else {
            1.0
        }
    }

    /// p-value of "the log speedup lies `margin` or more from zero", the larger of two one-sided ones; small where it
    /// clearly lies within (D. Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987).
    pub(super) fn p_beyond(&self, margin: f64) -> f64 {
        let p_above = 1.0 - self.p_exceeds(margin);
        self.p_exceeds(-margin).max(p_above)
    }

    fn quantile(&self, probability: f64) -> f64 {
        self.t().inverse_cdf(probability)
    }

    fn t(&self) -> StudentsT {
        let degrees = (self.processes - 1) as f64;
        StudentsT::new(0.0, 1.0, degrees)
            .expect("one degree of freedom or more makes a t distribution")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_process_gives_no_interval() {
        assert_eq!(Estimate::over_processes(&[0.1]), None);
    }

    #[test]
    fn the_quantiles_are_those_of_the_tables() {
        // NIST/SEMATECH e-Handbook, 1.3.6.7.2, at 0.975.
        for (processes, quantile) in [(2, 12.706), (3, 4.303), (5, 2.776), (11, 2.228)] {
            let estimate = Estimate {
                log_speedup: 0.0,
                std_error: 1.0,
                processes,
            };
            assert!(
                (estimate.half_width(0.95) - quantile).abs() < 5e-4,
                "{processes} processes"
            );
        }
    }

    #[test]
    fn the_detectable_effect_has_the_exact_multiples_of_the_deviation() {
        for (processes, expected) in [(3, 3.2640), (5, 1.6820), (8, 1.1560)] {
            let std_error = 1e-6 / (processes as f64).sqrt();
            let estimate = Estimate {
                log_speedup: 0.0,
                std_error,
                processes,
            };
            assert!((estimate.detectable(0.95) / 1e-6 - expected).abs() < 5e-4);
        }
    }

    #[test]
    fn without_spread_any_difference_is_certain_and_none_is_none() {
        let at = |log_speedup| Estimate {
            log_speedup,
            std_error: 0.0,
            processes: 5,
        };
        assert_eq!(at(0.1).p_differs(), 0.0);
        assert_eq!(at(-0.1).p_differs(), 0.0);
        assert_eq!(at(0.0).p_differs(), 1.0);
    }

    proptest! {
        #[test]
        fn the_interval_contains_the_estimate(logs in prop::collection::vec(-2.0..2.0f64, 2..12)) {
            let interval = Estimate::over_processes(&logs).expect("two or more").interval(0.95);
            prop_assert!(interval.low <= interval.speedup && interval.speedup <= interval.high);
        }

        #[test]
        fn swapping_sides_mirrors_the_interval(logs in prop::collection::vec(-2.0..2.0f64, 2..12)) {
            let swapped: Vec<f64> = logs.iter().map(|log| -log).collect();
            let one = Estimate::over_processes(&logs).expect("two or more").interval(0.95);
            let other = Estimate::over_processes(&swapped).expect("two or more").interval(0.95);
            prop_assert!((one.low.ln() + other.high.ln()).abs() < 1e-6 * (1.0 + one.low.ln().abs()));
            prop_assert!((one.speedup * other.speedup - 1.0).abs() < 1e-9);
        }

        #[test]
        fn more_confidence_is_never_narrower(logs in prop::collection::vec(-2.0..2.0f64, 2..12)) {
            let estimate = Estimate::over_processes(&logs).expect("two or more");
            prop_assert!(estimate.half_width(0.90) <= estimate.half_width(0.95));
        }
    }
}
