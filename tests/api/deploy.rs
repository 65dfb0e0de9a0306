//! What operators run Karya with: that the files under the top of the repository fit the program and each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use karya::Config;
use karya::config::Sources;
use serde_json::Value;

const PROGRAMS: [&str; 3] = ["migrate", "api", "worker"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The variables of `.env.example`, those in comments too when asked.
fn example_variables(with_comments: bool) -> BTreeMap<String, String> {
    let text = read(".env.example");
    let lines = text.lines().filter_map(|line| {
        let line = match line.strip_prefix('#') {
            Some(rest) if with_comments && !rest.starts_with(' ') => rest,
            Some(_) => return None,
            None => line,
        };
        line.split_once('=')
    });
    lines
        .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
        .collect()
}

/// Puts variables in as Compose does: `${A}`, `${A:-default}`, `${A:?message}`.
fn interpolate(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut parts = text.split("${");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (inside, rest) = part.split_once('}').unwrap();
        let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
        let (name, required) = name
            .split_once(":?")
            .map_or((name, false), |(name, _)| (name, true));
        let value = variables.get(name).filter(|value| !value.is_empty());
        assert!(!required || value.is_some(), "{name} is required");
        out += value.map_or(default, String::as_str);
        out += rest;
    }
    out
}

/// The environment of a service, those of its image included.
fn environment(compose: &Value, service: &str) -> BTreeMap<String, String> {
    let mut environment: BTreeMap<String, String> = read("Dockerfile")
        .split_whitespace()
        .filter(|word| word.starts_with("KARYA__"))
        .map(|word| word.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let variables = example_variables(false);
    for (name, value) in compose["services"][service]["environment"]
        .as_object()
        .unwrap()
    {
        let value = interpolate(value.as_str().unwrap(), &variables);
        environment.insert(name.clone(), value);
    }
    environment
}

/// What the program makes of an environment. Secrets are looked for in `secrets` instead of `/run/secrets`.
fn load(environment: &BTreeMap<String, String>, secrets: &Path) -> Config {
    let assignments = environment.iter().map(|(name, value)| {
        let key = name
            .strip_prefix("KARYA__")
            .unwrap_or_else(|| panic!("{name} is not for Karya"));
        let key = key.replace("__", ".").to_lowercase();
        let value = value.replace("/run/secrets", secrets.to_str().unwrap());
        format!("{key}={value}")
    });
    let sources = Sources {
        assignments: assignments.collect(),
        ..Sources::default()
    };
    sources.load().unwrap_or_else(|error| panic!("{error}"))
}

fn make_secrets() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("database_url", "postgres://karya:x@db:5432/karya"),
        (
            "database_url_pgbouncer",
            "postgres://karya:x@pgbouncer:6432/karya",
        ),
        ("master_key", "x3hmS1nJ0yRkWmq8fYQ2bVt7Zc4eLpUa9oGdTiNsE5A="),
        (
            "password_pepper",
            "kXo2TqYw7Vb1Hs9Rj4Zc8Nf3Ld6Gp0MaUeIiQrStEvA=",
        ),
        ("mail_password", ""),
        ("facebook_app_secret", ""),
        ("x_client_secret", ""),
        ("mailpit_cert", ""),
        ("whatsapp_token", ""),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

#[test]
fn the_stack_serves_as_it_is_written() {
    let compose = yaml("docker-compose.yml");
    let secrets = make_secrets();
    for service in PROGRAMS {
        let config = load(&environment(&compose, service), secrets.path());
        config
            .check_production()
            .unwrap_or_else(|refused| panic!("{service}: {refused}"));
        assert_eq!(config.database.url, "postgres://karya:x@db:5432/karya");
        let all = [
            config.server.bind,
            config.server.metrics_bind,
            config.worker.metrics_bind,
        ];
        assert!(all.iter().all(|bind| bind.ip().is_unspecified()));
        let stopping = config.server.drain_seconds + config.server.shutdown_seconds;
        assert!(stopping < 30, "stop_grace_period is 30 s");
    }
}

#[test]
fn every_variable_is_known() {
    let compose_text = read("docker-compose.yml");
    let known = example_variables(true);
    for part in compose_text.split("${").skip(1) {
        let end = part.find(['}', ':']).unwrap();
        assert!(
            known.contains_key(&part[..end]),
            "{} is not in .env.example",
            &part[..end]
        );
    }
    for name in known.keys().filter(|name| *name != "COMPOSE_PROFILES") {
        assert!(
            compose_text.contains(&format!("${{{name}")),
            "{name} is not used"
        );
    }
    // Known to the program too, with the values that the comments propose.
    let secrets = make_secrets();
    let settings = known
        .into_iter()
        .filter(|(name, _)| name.starts_with("KARYA__"));
    load(&settings.collect(), secrets.path());
    let unit_settings = [
        "deploy/karya-api.service",
        "deploy/karya-worker.service",
        "deploy/karya-backup.service",
    ]
    .map(|unit| {
        let text = read(unit);
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("Environment="));
        lines
            .map(|line| line.split_once('=').unwrap())
            .map(|(name, value)| {
                let value = value
                    .replace("%d", "/run/secrets")
                    .replace("%S", "/var/lib");
                (name.to_owned(), value)
            })
            .collect::<BTreeMap<_, _>>()
    });
    for settings in &unit_settings {
        assert_eq!(
            load(settings, secrets.path()).storage.url,
            "/var/lib/karya/storage"
        );
    }
    assert!(
        unit_settings
            .iter()
            .all(|settings| *settings == unit_settings[0])
    );
}

#[test]
fn no_secret_is_written_down() {
    let compose = yaml("docker-compose.yml");
    for (name, secret) in compose["secrets"].as_object().unwrap() {
        assert_eq!(secret["file"], format!("./secrets/{name}"));
    }
    for (service, definition) in compose["services"].as_object().unwrap() {
        let granted: BTreeSet<&str> = definition["secrets"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|secret| secret.as_str().unwrap())
            .collect();
        for secret in &granted {
            assert!(
                compose["secrets"].get(secret).is_some(),
                "{service}: {secret}"
            );
        }
        let environment = definition["environment"].as_object();
        for (name, value) in environment.into_iter().flatten() {
            let value = interpolate(value.as_str().unwrap(), &example_variables(false));
            let is_secret = [
                "PASSWORD",
                "SECRET",
                "_KEY",
                "TOKEN",
                "DATABASE__URL",
                "DSN",
            ]
            .iter()
            .any(|word| name.contains(word));
            if is_secret || name.ends_with("_FILE") && !value.is_empty() {
                let file = value.strip_prefix("/run/secrets/").unwrap_or_else(|| {
                    panic!("{service}: {name} is {value:?}, not a file of secrets")
                });
                assert!(granted.contains(file), "{service} may not read {file}");
            }
        }
        // Nothing but what a person or a proxy of this machine asks for, and for no other machine.
        for port in definition["ports"].as_array().into_iter().flatten() {
            let port = interpolate(port.as_str().unwrap(), &BTreeMap::new());
            assert!(port.starts_with("127.0.0.1:"), "{service}: {port}");
        }
        for (what, named) in [("networks", "networks"), ("volumes", "volumes")] {
            for used in definition[what].as_array().into_iter().flatten() {
                let used = used.as_str().unwrap().split(':').next().unwrap();
                assert!(
                    compose[named].get(used).is_some() || root().join(used).exists(),
                    "{service}: {used}"
                );
            }
        }
    }
    let secrets_of_examples: Vec<String> = example_variables(true)
        .into_keys()
        .filter(|name| name.contains("PASSWORD") || name.contains("SECRET"))
        .collect();
    assert_eq!(secrets_of_examples, [] as [String; 0]);
}

#[test]
fn who_must_not_go_through_the_pooler_does_not() {
    let compose = yaml("docker-compose.yml");
    let mut variables = example_variables(false);
    variables.insert("KARYA_API_DATABASE".into(), "database_url_pgbouncer".into());
    let file = |service: &str| {
        let value = &compose["services"][service]["environment"]["KARYA__DATABASE__URL_FILE"];
        interpolate(value.as_str().unwrap(), &variables)
    };
    assert_eq!(file("api"), "/run/secrets/database_url_pgbouncer");
    assert_eq!(file("worker"), "/run/secrets/database_url");
    assert_eq!(file("migrate"), "/run/secrets/database_url");
}

#[test]
fn the_image_is_built_with_our_toolchain() {
    let toolchain = read("rust-toolchain.toml");
    let version = toolchain.split('"').nth(1).unwrap();
    assert!(read("Dockerfile").contains(&format!("ARG RUST_VERSION={version}\n")));
    let manifest = read("Cargo.toml");
    let ours = manifest
        .split_once("[workspace.package]\nversion = \"")
        .unwrap()
        .1;
    let ours = ours.split('"').next().unwrap();
    assert!(read("Dockerfile").contains(&format!("ARG VERSION={ours}\n")));
}

/// Each metric that the source names, as Prometheus sees it.
fn emitted() -> BTreeSet<String> {
    let mut emitted = BTreeSet::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path).unwrap();
                for kind in ["counter!(", "gauge!(", "histogram!("] {
                    for call in text.split(kind).skip(1) {
                        let Some(name) = call.trim_start().strip_prefix('"') else {
                            continue;
                        };
                        let name = name.split('"').next().unwrap();
                        if kind == "histogram!(" {
                            for part in ["_bucket", "_count", "_sum"] {
                                emitted.insert(format!("{name}{part}"));
                            }
                        } else {
                            emitted.insert(name.to_owned());
                        }
                    }
                }
            }
        }
    }
    emitted
}

fn metrics_in(text: &str) -> BTreeSet<String> {
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    text.split(|letter: char| !is_name(letter))
        .filter(|word| word.starts_with("karya_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_is_watched_is_emitted_and_what_is_emitted_is_documented() {
    let emitted = emitted();
    assert!(emitted.len() > 20, "{emitted:?}");
    let mut watched = BTreeSet::new();

    let alerts = yaml("deploy/alerts.yml");
    let mut names = BTreeSet::new();
    for rule in alerts["groups"][0]["rules"].as_array().unwrap() {
        let name = rule["alert"].as_str().unwrap();
        assert!(names.insert(name), "{name} is there twice");
        assert!(matches!(
            rule["labels"]["severity"].as_str(),
            Some("page" | "ticket")
        ));
        for text in ["summary", "description"] {
            assert!(rule["annotations"][text].is_string(), "{name}");
        }
        watched.append(&mut metrics_in(rule["expr"].as_str().unwrap()));
    }
    let prometheus = yaml("deploy/prometheus.yml");
    let jobs: Vec<&str> = prometheus["scrape_configs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["job_name"].as_str().unwrap())
        .collect();
    assert_eq!(jobs, ["karya-api", "karya-worker"]);

    let source = yaml("deploy/grafana/provisioning/datasources/prometheus.yml");
    yaml("deploy/grafana/provisioning/dashboards/karya.yml");
    let dashboard: Value =
        serde_json::from_str(&read("deploy/grafana/dashboards/karya.json")).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"]["uid"], source["datasources"][0]["uid"]);
            watched.append(&mut metrics_in(target["expr"].as_str().unwrap()));
        }
    }
    let unknown: Vec<_> = watched.difference(&emitted).collect();
    assert_eq!(unknown, [] as [&String; 0]);

    let documented = metrics_in(&read("docs/operations.md"));
    let parts = ["_bucket", "_count", "_sum"];
    let undocumented: Vec<_> = emitted
        .iter()
        .map(|name| {
            parts
                .iter()
                .find_map(|part| name.strip_suffix(part))
                .unwrap_or(name)
        })
        .filter(|name| !documented.contains(*name))
        .collect();
    assert_eq!(undocumented, [] as [&str; 0]);
}
