//! What the candidate could remember from call to call.

use super::mention::place;
use super::objects::{Objects, joined};
use crate::toolchain::{Built, identifiers};

/// Marks of names that a compiler makes of a file's own path: they differ between the sides.
const OF_A_FILE: [&str; 2] = ["_GLOBAL__N_", "_INTERNAL_"];

/// The emulated device's own state.
const EMULATION: [&str; 2] = ["kda", "emulated"];

/// Variables of the candidate that outlive a call, unless the baseline has them too or the contract says why.
/// `__constant__` memory is not among them: neither a kernel nor an allowed import writes it.
pub(super) fn check_static_state(objects: &Objects<'_>) -> Option<String> {
    let (baseline, candidate) = (&objects.built.baseline, &objects.built.candidate);
    let ours: Vec<Vec<&str>> = states(baseline).map(|(_, name)| path(name)).collect();
    let terms = &objects.task.contract.candidate.statics;
    let is_stated = |name: &str| {
        let path = path(name);
        terms
            .iter()
            .any(|term| term.name == name || path.last() == Some(&term.name.as_str()))
    };
    let found: Vec<String> = states(candidate)
        .filter(|(_, name)| !is_stated(name) && !ours.contains(&path(name)))
        .filter(|(_, name)| !objects.is_emulated() || !path(name).starts_with(&EMULATION))
        .map(
            |(where_, name)| match place(objects.root, candidate, name) {
                Some(place) => format!("{where_} `{name}` ({place})"),
                None => format!("{where_} `{name}`"),
            },
        )
        .collect();
    (!found.is_empty()).then(|| {
        format!(
            "the candidate keeps {}; a side has no state between calls, so make a table `__constant__ const`, or let \
             the contract say why under [[candidate.static]]",
            joined(found)
        )
    })
}

/// The side's variables, each with where it lies.
fn states(built: &Built) -> impl Iterator<Item = (&'static str, &str)> {
    let on_device = built.facts.device_globals.iter();
    let on_device = on_device.filter(|global| !global.constant);
    let on_host = built.facts.host_statics.iter();
    on_device
        .map(|global| ("the device variable", global.name.as_str()))
        .chain(on_host.map(|name| ("the host variable", name.as_str())))
}

/// Its namespaces and name, without what the compiler adds for the file.
fn path(name: &str) -> Vec<&str> {
    let mut path = identifiers(name);
    path.retain(|word| !OF_A_FILE.iter().any(|mark| word.contains(mark)));
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_does_not_tell_the_sides_apart() {
        let anonymous = "_ZN39_GLOBAL__N__4a716bfc_8_probe_cu__Z1kPfi9host_anonE";
        assert_eq!(path(anonymous), ["host_anon"]);
        assert_eq!(path("_ZZN3kda6launchEvE5calls"), ["kda", "launch", "calls"]);
        assert_eq!(path("counter"), ["counter"]);
    }
}
