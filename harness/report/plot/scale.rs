//! From a value to its place along a logarithmic axis, and the ticks of the axis: ratios and rates are all it has.

/// From what ratio of its ends on an axis has a tick a decade.
const DECADES_FROM: f64 = 300.0;

/// From what ratio of its ends on an axis has ticks at 1, 2 and 5 times powers of ten.
const STEPS_FROM: f64 = 6.0;

/// One axis: the values at its ends, and how values lie between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) struct Scale {
    low: f64,
    high: f64,
}

/// A value that an axis names.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Tick {
    pub(in crate::report) value: f64,
    pub(in crate::report) label: String,
}

impl Scale {
    /// Around all positive values, with room for a mark at either end. Without a value, from 0.9 to 1.1.
    pub(in crate::report) fn log(values: impl IntoIterator<Item = f64>) -> Self {
        let usable = |value: &f64| value.is_finite() && *value > 0.0;
        let ends = values.into_iter().filter(usable).fold(None, |ends, value| {
            let (low, high) = ends.unwrap_or((value, value));
            Some((value.min(low), value.max(high)))
        });
        let (low, high) = ends.unwrap_or((0.9, 1.1));
        let room = (high / low).powf(0.04).max(1.002);
        Self {
            low: low / room,
            high: high * room,
        }
    }

    /// The value's share of the axis: 0 at the low end, 1 at the high one, where what lies beyond is put too.
    pub(in crate::report) fn place(&self, value: f64) -> f64 {
        let share = (value / self.low).ln() / (self.high / self.low).ln();
        if share.is_nan() {
            return 0.0;
        }
        share.clamp(0.0, 1.0)
    }

    pub(in crate::report) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// About `wanted` round values within the axis, rising.
    pub(in crate::report) fn ticks(&self, wanted: usize) -> Vec<Tick> {
        match self.high / self.low {
            DECADES_FROM.. => self.powers(&[1.0]),
            STEPS_FROM.. => self.powers(&[1.0, 2.0, 5.0]),
            _ => self.multiples(wanted),
        }
    }

    /// Multiples of 1, 2 or 5 times a power of ten.
    fn multiples(&self, wanted: usize) -> Vec<Tick> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        if !(rough.is_finite() && rough > 0.0) {
            return Vec::new();
        }
        let power = 10f64.powf(rough.log10().floor());
        let factors = [1.0, 2.0, 5.0, 10.0];
        let step = factors
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(10.0 * power);
        let decimals = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
        let (first, last) = (
            (self.low / step).ceil() as i64,
            (self.high / step).floor() as i64,
        );
        (first..=last)
            .map(|times| times as f64 * step)
            .map(|value| Tick {
                value,
                label: format!("{value:.decimals$}"),
            })
            .collect()
    }

    fn powers(&self, factors: &[f64]) -> Vec<Tick> {
        let (first, last) = (
            self.low.log10().floor() as i32,
            self.high.log10().ceil() as i32,
        );
        (first..=last)
            .flat_map(|power| factors.iter().map(move |factor| (power, *factor)))
            .map(|(power, factor)| Tick {
                value: factor * 10f64.powi(power),
                label: format!(
                    "{:.*}",
                    (-power).max(0) as usize,
                    factor * 10f64.powi(power)
                ),
            })
            .filter(|tick| tick.value >= self.low && tick.value <= self.high)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale) -> Vec<String> {
        let ticks = scale.ticks(5);
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn what_lies_beyond_an_end_is_put_there() {
        let scale = Scale::log([1.0, 100.0]);
        assert_eq!(
            [0.01, 1e9, f64::NAN].map(|value| scale.place(value)),
            [0.0, 1.0, 0.0]
        );
    }

    #[test]
    fn a_speedup_and_its_inverse_lie_as_far_from_one() {
        let scale = Scale::log([0.5, 2.0]);
        let far = |value| (scale.place(value) - scale.place(1.0)).abs();
        assert!((far(0.8) - far(1.25)).abs() < 1e-12);
        assert!(scale.place(0.5) > 0.0 && scale.place(2.0) < 1.0);
    }

    #[test]
    fn what_has_no_logarithm_does_not_move_the_ends() {
        assert_eq!(
            Scale::log([0.0, -1.0, f64::INFINITY, 0.9, 1.2]),
            Scale::log([0.9, 1.2])
        );
        assert!(Scale::log([]).place(1.0) > 0.4);
        let one = Scale::log([1.0]);
        assert!((one.place(1.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_narrow_axis_has_round_steps_a_wide_one_powers() {
        assert_eq!(
            labels(Scale::log([0.99, 1.15])),
            ["1.00", "1.05", "1.10", "1.15"]
        );
        assert_eq!(labels(Scale::log([0.3, 4.0])), ["0.5", "1", "2"]);
        assert_eq!(labels(Scale::log([0.05, 150.0])), ["0.1", "1", "10", "100"]);
    }
}
