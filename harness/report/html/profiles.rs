//! Profiled calls: what moved most beside every figure, baseline against candidate.

use maud::{Markup, html};

use crate::ledger::Entry;
use crate::profile::StoredProfile;
use crate::report::profiled;

/// `None` where there is neither a profile nor a way to one.
pub(super) fn profiles(entry: &Entry, profiles: &[StoredProfile]) -> Option<Markup> {
    if profiles.is_empty() {
        let words = profiled::how_to_make_one(entry)?;
        return Some(html! { p { (words) } });
    }
    Some(html! { @for stored in profiles { (profile(stored, entry)) } })
}

fn profile(stored: &StoredProfile, entry: &Entry) -> Markup {
    let record = match &stored.record {
        Ok(record) => record,
        Err(why) => return html! { p.warning { (profiled::unreadable(stored, why)) } },
    };
    html! {
        div.profile {
            h3 { (profiled::title(record)) }
            p { (profiled::counted(record, entry)) " File: " code { (stored.shown()) } }
            div.beside {
                (profiled::moved(record).html())
                (profiled::whole_call(record).html())
            }
            (profiled::launches(record).html())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{EMULATED, sample};
    use crate::profile;

    fn page(record: Result<profile::ProfileRecord, String>) -> String {
        let path = "/far/ledger/h100/profiles/demo/row-01.toml".into();
        let stored = StoredProfile { path, record };
        let page = profiles(&sample::entry(), &[stored]).expect("there is a profile");
        page.into_string()
    }

    #[test]
    fn a_profile_has_its_tables_and_its_file() {
        let page = page(Ok(profile::sample::record()));
        for part in [
            "<h3>qwen_s4096_c3072_bcast11, memory-bound</h3>",
            "<code>ledger/h100/profiles/demo/row-01.toml</code>",
            ">moved most</th>",
            ">the whole call</th>",
            "scale&lt;3&gt;",
            "-25.0 %",
        ] {
            assert!(page.contains(part), "no `{part}` in {page}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_says_what_to_do() {
        let page = page(Err("missing field `row`".to_owned()));
        assert!(page.contains("(missing field `row`): remove it"), "{page}");
        assert!(!page.contains("<table"), "{page}");
    }

    #[test]
    fn an_entry_without_a_profile_says_how_to_make_one_where_a_gpu_ran() {
        let mut entry = sample::entry();
        let without = profiles(&entry, &[]).expect("it was measured");
        assert!(without.into_string().contains("kda profile"));
        entry.gpu = EMULATED.to_owned();
        assert!(profiles(&entry, &[]).is_none());
    }
}
