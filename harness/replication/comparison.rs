//! Figures and outcomes of two runs, each with what it says.

use super::{Claim, HeadlineAgreement, RowAgreement, Said, Word};
use crate::ledger::{Entry, LaneRecord, Outcome, RowRecord, SpeedupInterval};
use crate::stats::{Estimate, change, mean_over_rows};

/// The earlier run's production rows.
pub(super) fn rows(claim: Claim, before: &Entry, after: &Entry) -> Vec<RowAgreement> {
    let production = before.rows.iter().filter(|row| row.production);
    production
        .filter_map(|row| {
            let now = after.rows.iter().find(|now| now.id == row.id);
            match claim {
                // A row without an interval claims no speed.
                Claim::Speeds => speeds(before, row.device.as_ref()?, row, now),
                Claim::Outcome => Some(outcome(row, now)),
            }
        })
        .collect()
}

fn speeds(
    before: &Entry,
    lane: &LaneRecord,
    row: &RowRecord,
    now: Option<&RowRecord>,
) -> Option<RowAgreement> {
    let was = Estimate::over_processes(&logs(lane))?;
    let after = now.and_then(|now| {
        let lane = now.device.as_ref()?;
        Some((lane.ratio?, Estimate::over_processes(&logs(lane))?))
    });
    let (said, change, word) = match after {
        Some((ratio, is)) => {
            let (change, word) = judged(before, &was, &is);
            (Said::Speedup(ratio), Some(change), word)
        }
        None => (Said::State(state(now)), None, Word::Differs),
    };
    Some(RowAgreement {
        id: row.id.clone(),
        set: row.set.clone(),
        before: Said::Speedup(lane.ratio?),
        after: said,
        change,
        word,
    })
}

fn outcome(row: &RowRecord, now: Option<&RowRecord>) -> RowAgreement {
    let (was, is) = (state(Some(row)), state(now));
    RowAgreement {
        id: row.id.clone(),
        set: row.set.clone(),
        word: match was == is {
            true => Word::Agrees,
            false => Word::Differs,
        },
        before: Said::State(was),
        after: Said::State(is),
        change: None,
    }
}

fn state(row: Option<&RowRecord>) -> String {
    let Some(row) = row else {
        return "not there".to_owned();
    };
    match row.declined {
        true => format!("{}, declined", row.state),
        false => row.state.to_string(),
    }
}

/// The earlier run's row sets.
pub(super) fn headlines(before: &Entry, after: &Entry) -> Vec<HeadlineAgreement> {
    let sets = before.headline.iter();
    sets.map(|(set, headline)| {
        let estimate = |entry: &Entry| {
            let rows = entry.rows.iter();
            let rows = rows.filter(|row| row.production && row.set == *set);
            let logs: Vec<Vec<f64>> = rows
                .map(|row| row.device.as_ref().map(logs))
                .collect::<Option<_>>()?;
            mean_over_rows(logs.iter().map(Vec::as_slice))
        };
        let now = after.headline.get(set);
        let judged = now
            .and_then(|_| Some((estimate(before)?, estimate(after)?)))
            .map(|(was, is)| judged(before, &was, &is));
        HeadlineAgreement {
            set: set.clone(),
            before: SpeedupInterval {
                speedup: headline.speedup,
                low: headline.low,
                high: headline.high,
            },
            after: now.map(|now| SpeedupInterval {
                speedup: now.speedup,
                low: now.low,
                high: now.high,
            }),
            change: judged.map(|(change, _)| change),
            word: judged.map_or(Word::Differs, |(_, word)| word),
        }
    })
    .collect()
}

/// The ratio of two speedups, and what it says under the contract of `entry`.
fn judged(entry: &Entry, before: &Estimate, after: &Estimate) -> (SpeedupInterval, Word) {
    let confidence = entry.sampling.confidence;
    let found = change(before, after, confidence);
    let word = if found.low > 1.0 || found.high < 1.0 {
        // Each of two one-sided tests leaves out one end.
        let inner = change(before, after, 2.0 * confidence - 1.0);
        let margin = 1.0 + entry.sampling.margin;
        match (
            inner.low > 1.0 / margin && inner.high < margin,
            found.low > 1.0,
        ) {
            (true, _) => Word::WithinMargin,
            (false, true) => Word::Higher,
            (false, false) => Word::Lower,
        }
    } else {
        Word::Agrees
    };
    (found, word)
}

fn logs(lane: &LaneRecord) -> Vec<f64> {
    lane.per_process
        .iter()
        .map(|speedup| speedup.ln())
        .collect()
}

/// Gates that failed in one run alone.
pub(super) fn gates(before: &Entry, after: &Entry) -> Vec<String> {
    let failed = |entry: &Entry, name: &str| {
        let mut gates = entry.gates.iter();
        gates.any(|gate| gate.name == name && gate.outcome == Outcome::Failed)
    };
    let of_both = before.gates.iter().chain(&after.gates);
    let mut names: Vec<&str> = of_both.map(|gate| gate.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter_map(|name| match (failed(before, name), failed(after, name)) {
            (true, false) => Some(format!("gate {name} failed then, and does not now")),
            (false, true) => Some(format!("gate {name} fails now, and did not then")),
            _ => None,
        })
        .collect()
}
