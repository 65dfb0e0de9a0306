//! The architecture: which crate may use which.

use cargo_metadata::{DependencyKind, MetadataCommand};

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
