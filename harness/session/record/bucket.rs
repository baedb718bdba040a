//! The candidate's dispatch, bucket by bucket, and what to do with each.

use super::{CONFIDENCE, Findings};
use crate::ledger::{BucketRecord, RowRecord};
use crate::roofline::decide_bucket;
use crate::session::screening::Screened;

impl Findings<'_> {
    pub(super) fn buckets(&self, rows: &[RowRecord]) -> Vec<BucketRecord> {
        let mut buckets: Vec<BucketRecord> = Vec::new();
        for row in rows {
            let (Screened::Passed { route, .. } | Screened::Failed(route)) =
                &self.screened[&row.id]
            else {
                continue;
            };
            if !buckets.iter().any(|bucket| bucket.name == route.bucket) {
                buckets.push(BucketRecord {
                    name: route.bucket.clone(),
                    condition: route.condition.clone(),
                    path: route.path.clone(),
                    why: route.why.clone(),
                    declined: route.declined,
                    production_rows: 0,
                    rows: Vec::new(),
                    speedup: None,
                    decision: None,
                    because: None,
                });
            }
            let bucket = buckets
                .iter_mut()
                .find(|bucket| bucket.name == route.bucket)
                .expect("it was just added");
            bucket.production_rows += usize::from(row.production);
            bucket.rows.push(row.id.clone());
        }
        if !self.machine.is_emulated() {
            for bucket in &mut buckets {
                let of_bucket: Vec<&RowRecord> = rows
                    .iter()
                    .filter(|row| row.bucket == bucket.name && row.device.is_some())
                    .collect();
                bucket.speedup = mean_speedup(&of_bucket);
                if let Some((decision, because)) = decide_bucket(&of_bucket, CONFIDENCE) {
                    bucket.decision = Some(decision);
                    bucket.because = Some(because);
                }
            }
        }
        buckets
    }
}

fn mean_speedup(rows: &[&RowRecord]) -> Option<f64> {
    let logs: Vec<f64> = rows
        .iter()
        .filter_map(|row| row.device.as_ref())
        .map(|device| {
            device
                .per_process
                .iter()
                .map(|speedup| speedup.ln())
                .sum::<f64>()
                / device.per_process.len() as f64
        })
        .collect();
    (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
}
