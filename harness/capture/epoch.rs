//! A task's rows.toml with other rows, everything else in it as it was.

use std::collections::BTreeSet;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

use super::EpochError;

/// What became of a task's contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEpoch {
    pub contract_hash: String,
    pub contract_hash_before: String,
    /// Ids of rows.
    pub added: Vec<String>,
    pub dropped: Vec<String>,
}

/// `text` without the rows whose ids are in `dropped`, and with those of `added` behind its last row. Comments stay
/// with what they stand above.
///
/// # Errors
///
/// Text that is not TOML, or whose rows are no tables.
pub fn merged(text: &str, added: &str, dropped: &BTreeSet<&str>) -> Result<String, EpochError> {
    let mut document: DocumentMut = text.parse()?;
    let mut additions: DocumentMut = added.parse()?;
    let rows = document
        .entry("row")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let rows = rows.as_array_of_tables_mut().ok_or(EpochError::NoTables)?;
    rows.retain(|row| {
        let id = row.get("id").and_then(Item::as_str);
        id.is_none_or(|id| !dropped.contains(id))
    });
    let additions = additions
        .get_mut("row")
        .and_then(Item::as_array_of_tables_mut);
    for row in additions.into_iter().flat_map(ArrayOfTables::iter_mut) {
        forget_place(row);
        rows.push(row.clone());
    }
    Ok(document.to_string())
}

/// Without a place of its own, a table follows the one before it.
fn forget_place(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        if let Some(inner) = item.as_table_mut() {
            forget_place(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "# Where they come from.\ntask = \"demo\"\n\n# the first\n[[row]]\nid = \"a\" # keep\n[row.tensors]\nx = { shape = [1] }\n\n# the second\n[[row]]\nid = \"b\"\n[row.tensors]\nx = { shape = [2] }\n\n# a grid\n[[grid]]\nname = \"g\"\n[grid.tensors]\nx = { shape = [\"n\"] }\n";

    const ADDED: &str = "\n# 3 calls\n[[row]]\nid = \"c\"\n[row.tensors]\nx = { shape = [3] }\n";

    #[test]
    fn new_rows_stand_behind_the_last_and_comments_stay() {
        let text = merged(ROWS, ADDED, &BTreeSet::new()).unwrap();
        let behind = ROWS.find("\n# a grid").unwrap();
        assert_eq!(
            text,
            format!("{}{ADDED}{}", &ROWS[..behind], &ROWS[behind..])
        );
    }

    #[test]
    fn a_dropped_row_takes_its_comment_along() {
        let text = merged(ROWS, "", &BTreeSet::from(["a"])).unwrap();
        assert!(!text.contains("the first") && text.contains("# the second\n[[row]]\nid = \"b\""));
        assert!(text.starts_with("# Where they come from.\n") && text.contains("# a grid"));
        assert_eq!(merged(ROWS, "", &BTreeSet::new()).unwrap(), ROWS);
    }

    #[test]
    fn a_file_of_grids_alone_gets_its_first_row() {
        let text = merged("task = \"demo\"\n", ADDED, &BTreeSet::new()).unwrap();
        assert_eq!(text, format!("task = \"demo\"\n{ADDED}"));
    }

    #[test]
    fn rows_that_are_no_tables_are_left_alone() {
        let inline = "task = \"demo\"\nrow = [{ id = \"a\" }]\n";
        assert!(matches!(
            merged(inline, ADDED, &BTreeSet::new()),
            Err(EpochError::NoTables)
        ));
    }
}
