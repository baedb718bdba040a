//! Draws that `rand` leaves to other crates.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A point in the unit disc and its squared distance from the centre, for the two polar methods.
fn in_disc(rng: &mut ChaCha8Rng) -> (f64, f64) {
    loop {
        let [x, y] = [(); 2].map(|()| 2.0 * rng.random::<f64>() - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return (x, square);
        }
    }
}

/// Standard normal (G. Marsaglia and T. A. Bray, SIAM Review 6, 1964).
pub(in crate::stats) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (x, square) = in_disc(rng);
    x * (-2.0 * square.ln() / square).sqrt()
}

/// Student's t with 3 degrees of freedom (R. W. Bailey, Math. Comp. 62, 1994).
pub(in crate::stats) fn student_3(rng: &mut ChaCha8Rng) -> f64 {
    let (x, square) = in_disc(rng);
    x * (3.0 * (square.powf(-2.0 / 3.0) - 1.0) / square).sqrt()
}
