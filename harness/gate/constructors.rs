//! What runs when the candidate is loaded or unloaded, before and after every call.

use super::objects::Objects;

/// Both compilers name a file's own constructor after it.
const OF_A_FILE: &str = "_GLOBAL__sub_I_";

/// Constructors of the candidate beyond nvcc's registration; emulated, beyond those of the baseline's object, since
/// the emulated device has one.
pub(super) fn check_constructors(objects: &Objects<'_>) -> Option<String> {
    let built = objects.built;
    let mut ours: Vec<String> = match objects.is_emulated() {
        true => built
            .baseline
            .facts
            .constructors
            .iter()
            .map(|c| without_file(c))
            .collect(),
        false => Vec::new(),
    };
    let extra: Vec<&str> = built
        .candidate
        .facts
        .constructors
        .iter()
        .filter(|theirs| {
            let theirs = without_file(theirs);
            match ours.iter().position(|ours| *ours == theirs) {
                Some(at) => {
                    ours.swap_remove(at);
                    false
                }
                None => true,
            }
        })
        .map(String::as_str)
        .collect();
    (!extra.is_empty()).then(|| {
        format!(
            "loading or unloading the candidate runs {}; a side runs when it is called: make objects with \
             constructors local, and leave out __attribute__((constructor))",
            extra.join(", ")
        )
    })
}

/// Without the name of the source that a file's constructor carries.
fn without_file(constructor: &str) -> String {
    let Some((before, after)) = constructor.split_once(OF_A_FILE) else {
        return constructor.to_owned();
    };
    let rest = after.split_once('`').map_or("", |(_, rest)| rest);
    format!("{before}{OF_A_FILE}`{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_files_have_the_same_constructor() {
        let of = |file: &str| without_file(&format!("`_GLOBAL__sub_I_{file}` in `.init_array`"));
        assert_eq!(of("baseline.cu"), of("candidate.cu"));
        assert_eq!(
            without_file("`early` in `.init_array`"),
            "`early` in `.init_array`"
        );
    }
}
