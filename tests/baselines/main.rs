//! Where the ports come from: every LINEAGE.toml is readable, complete, and names files and tasks that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
struct Lineage {
    upstream: Upstream,
    #[serde(rename = "port")]
    ports: Vec<Port>,
}

#[derive(Deserialize)]
struct Upstream {
    repository: String,
    licence: String,
}

#[derive(Deserialize)]
struct Port {
    task: String,
    #[serde(default)]
    upstream_commits: Vec<String>,
    /// Where the source of the port names a version and no commit.
    #[serde(default)]
    upstream_versions: Vec<String>,
    #[serde(rename = "kernel")]
    kernels: Vec<Kernel>,
}

#[derive(Deserialize)]
struct Kernel {
    files: Vec<String>,
    keeps: Vec<String>,
    cannot_keep: Vec<String>,
}

#[test]
fn every_port_says_where_it_comes_from_and_what_it_keeps() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut ported = BTreeSet::new();
    for project in fs::read_dir(root.join("baselines")).unwrap() {
        let folder = project.unwrap().path();
        let text = fs::read_to_string(folder.join("LINEAGE.toml")).unwrap();
        let lineage: Lineage =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        assert!(
            !lineage.upstream.repository.is_empty() && !lineage.upstream.licence.is_empty(),
            "{}",
            folder.display()
        );
        for port in lineage.ports {
            assert!(
                !port.upstream_commits.is_empty() || !port.upstream_versions.is_empty(),
                "{}",
                port.task
            );
            assert!(
                root.join("tasks").join(&port.task).is_dir(),
                "there is no task {}",
                port.task
            );
            for kernel in port.kernels {
                assert!(
                    !kernel.keeps.is_empty() && !kernel.cannot_keep.is_empty(),
                    "{}",
                    port.task
                );
                for file in kernel.files {
                    assert!(
                        folder.join(&file).is_file(),
                        "{} has no {file}",
                        folder.display()
                    );
                }
            }
            ported.insert(port.task);
        }
    }
    let tasks: BTreeSet<String> = kda::task::names(root).unwrap().into_iter().collect();
    assert_eq!(
        ported, tasks,
        "every task's baseline should have its lineage"
    );
}
