//! The architecture: which crate may use which.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand, PackageId};

/// Layers, lowest first. A crate may use lower layers only; siblings never use each other.
const LAYERS: [&[&str]; 6] = [
    &["karya-core", "karya-managed-postgres"],
    &["karya-db"],
    &["karya-web", "karya-jobs", "karya-fetch", "karya-storage"],
    &["karya-notifications", "karya-reference"],
    &[
        "karya-auth",
        "karya-business-profile",
        "karya-mentoring-booking",
        "karya-webhooks",
    ],
    &["karya"],
];

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

#[test]
fn crates_use_lower_layers_only() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let mut faults = Vec::new();
    for package in &metadata.packages {
        if matches!(package.name.as_str(), "karya-tests" | "karya-bench") {
            continue;
        }
        let Some(own) = layer(&package.name) else {
            faults.push(format!("{} has no layer: give it one here", package.name));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
        {
            if layer(&dependency.name).is_some_and(|used| used >= own) {
                faults.push(format!("{} must not use {}", package.name, dependency.name));
            }
            let names_actix = dependency.name == "actix-web";
            if names_actix
                && [
                    "karya-core",
                    "karya-db",
                    "karya-jobs",
                    "karya-managed-postgres",
                ]
                .contains(&package.name.as_str())
            {
                faults.push(format!("{} must not know about HTTP", package.name));
            }
        }
    }
    assert_eq!(faults, [] as [String; 0]);
}

/// Where SQL text is put together, and of what. This list only shrinks.
const FORMATTED: [(&str, &str, usize); 4] = [
    // The number of a lock, which is a constant.
    ("crates/db/src/migrations.rs", "sql_query(format!", 1),
    // The name and the filter of a table, which are constants; who asks is bound.
    (
        "crates/api/src/rights/queries/deletions.rs",
        "sql_query(format!",
        1,
    ),
    (
        "crates/api/src/rights/queries/exports.rs",
        "sql_query(format!",
        1,
    ),
    // The names of the tables and columns of our own schema, quoted; what is in them is copied as data.
    ("crates/api/src/backup/tables.rs", "format!(\"COPY", 2),
];

/// What gets text of SQL that was put together.
const SINKS: [&str; 8] = [
    "sql_query(format!",
    "sql_query(&",
    "sql_query(String",
    "dsl::sql::",
    "batch_execute(&format!",
    "simple_query(&format!",
    "format!(\"COPY",
    "copy_in(&format!",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// RUSTSEC-2024-0365 and RUSTSEC-2026-0136 need what people type inside SQL text or COPY.
#[test]
fn sql_is_not_put_together_from_text() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut files = Vec::new();
    sources(&root.join("crates"), &mut files);
    // The private cluster of development and tests makes databases by name.
    files.retain(|path| !path.starts_with(root.join("crates/managed-postgres")));
    assert!(files.len() > 200);
    let mut found = BTreeSet::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let dense: String = text.split_whitespace().collect();
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        for sink in SINKS {
            let count = dense.matches(&sink.replace(' ', "")).count();
            if count > 0 {
                found.insert((name.clone(), sink, count));
            }
        }
    }
    let allowed = FORMATTED.map(|(name, sink, count)| (name.to_owned(), sink, count));
    assert_eq!(found, BTreeSet::from(allowed));
}

/// `cargo tree -i h2@0.3` must find nothing: RUSTSEC-2026-0258 has no patched 0.3, and TLS and HTTP/2 are the proxy's.
#[test]
fn h2_is_no_part_of_the_program() {
    let metadata = MetadataCommand::new().exec().unwrap();
    let graph = metadata.resolve.as_ref().unwrap();
    let program = metadata.packages.iter().find(|one| *one.name == "karya");
    let mut to_visit: Vec<&PackageId> = vec![&program.unwrap().id];
    let mut used = BTreeSet::new();
    while let Some(id) = to_visit.pop() {
        if used.insert(id.clone()) {
            let node = graph.nodes.iter().find(|node| node.id == *id).unwrap();
            let normal = node.deps.iter().filter(|dependency| {
                let mut kinds = dependency.dep_kinds.iter();
                kinds.any(|kind| kind.kind != DependencyKind::Development)
            });
            to_visit.extend(normal.map(|dependency| &dependency.pkg));
        }
    }
    let named = |name: &str| {
        let mut packages = metadata.packages.iter();
        packages.any(|one| *one.name == name && used.contains(&one.id))
    };
    assert!(named("actix-http") && named("tokio") && used.len() > 200);
    for absent in ["h2", "openssl", "native-tls"] {
        assert!(!named(absent), "{absent}");
    }
}
