//! The order of blocks: balanced, and drawn, so that neither side can be ready for its turn.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::stats::Order;

/// `count` block orders with as many ABBA as BAAB in either half and as a whole, but for one where the number is odd,
/// shuffled by `seed`. The first half is the longer one.
pub fn orders(count: u32, seed: u64) -> Vec<Order> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let first = count.div_ceil(2);
    let mut half = |count: u32| {
        let mut orders: Vec<Order> = (0..count)
            .map(|place| {
                if place % 2 == 0 {
                    Order::Abba
                } else {
                    Order::Baab
                }
            })
            .collect();
        orders.shuffle(&mut random);
        orders
    };
    let mut orders = half(first);
    let mut rest = half(count - first);
    if first % 2 == 1 {
        // Both halves are odd or the second is even: swapping its roles balances the whole.
        rest.iter_mut().for_each(|order| *order = order.swapped());
    }
    orders.append(&mut rest);
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surplus(orders: &[Order]) -> i32 {
        orders
            .iter()
            .map(|order| if *order == Order::Abba { 1 } else { -1 })
            .sum()
    }

    #[test]
    fn every_schedule_is_balanced_as_a_whole_and_in_its_halves() {
        for count in 0..40 {
            for seed in 0..8 {
                let orders = orders(count, seed);
                assert_eq!(orders.len(), count as usize);
                assert!(
                    surplus(&orders).abs() <= (count % 2) as i32,
                    "{count} {orders:?}"
                );
                let (first, second) = orders.split_at(orders.len().div_ceil(2));
                assert!(surplus(first).abs() <= 1, "{count} {orders:?}");
                assert!(surplus(second).abs() <= 1, "{count} {orders:?}");
            }
        }
    }

    #[test]
    fn the_seed_decides_the_order() {
        assert_eq!(orders(32, 5), orders(32, 5));
        assert_ne!(orders(32, 5), orders(32, 6));
    }
}
