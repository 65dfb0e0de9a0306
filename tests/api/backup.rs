//! `karya backup`, through the program: what is restored is what was there, with `pg_dump` and without.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use karya_managed_postgres::{Search, find, find_dump_programs};
use karya_storage::{Key, objects};
use serde_json::Value;

use crate::businesses::workshop;
use crate::harness::{TestApp, TestDb};

const PASSWORD: &str = "rahasia-sekali";

/// The program on a database and a storage, with PostgreSQL's programs as the machine has them or from one folder.
struct Karya<'a> {
    database: String,
    storage: &'a Path,
    programs: Option<&'a Path>,
}

impl Karya<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        // The cluster of the tests asks for no password; one that is there must not show anywhere.
        let database = self.database.replacen('@', &format!(":{PASSWORD}@"), 1);
        let mut command = Command::new(env!("CARGO_BIN_EXE_karya-under-test"));
        command
            .arg("backup")
            .args(arguments)
            .args(["--set", &format!("database.url={database}")])
            .args(["--set", &format!("storage.url={}", self.storage.display())])
            .args([
                "--set",
                "secrets.master_key=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
            ])
            .current_dir(std::env::temp_dir());
        if let Some(folder) = self.programs {
            command.env("KARYA_PG_BIN", folder);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        for text in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(text).contains(PASSWORD));
        }
        output
    }

    #[track_caller]
    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let failed = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}{failed}");
        said
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

/// PostgreSQL as packages for development bring it: a server, and no programs for backups.
fn without_pg_dump(folder: &Path) -> PathBuf {
    let installation = find(&Search::from_env()).unwrap();
    // The account that the server runs as goes in there.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let root = folder.join(installation.version.major.to_string());
    let bin = root.join("bin");
    fs::create_dir_all(&bin).unwrap();
    for program in ["postgres", "initdb", "pg_ctl", "pg_config"] {
        let original = installation.bin_dir.join(program);
        if original.exists() {
            symlink(original, bin.join(program)).unwrap();
        }
    }
    let share = installation.bin_dir.parent().unwrap().join("share");
    if share.exists() {
        symlink(share, root.join("share")).unwrap();
    }
    bin
}

/// A `pg_dump` of ours beside the real server: it says its version, and otherwise does `what`.
fn with_pg_dump(folder: &Path, what: &str) -> PathBuf {
    let bin = without_pg_dump(folder);
    for name in ["pg_dump", "pg_restore"] {
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && echo '{name} (PostgreSQL) 99.0' && exit\n{what}\n"
        );
        fs::write(bin.join(name), script).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    bin
}

/// An application that people have used: accounts, businesses, jobs that wait, an upload, and one that is lost.
async fn used() -> TestApp {
    let app = TestApp::new().await;
    let owner = app.user("sari").await;
    for number in 0..3 {
        let mut body = workshop();
        body["name"] = format!("Batik Pesisir {number}").into();
        for number in ["nib", "npwp"] {
            body.as_object_mut().unwrap().remove(number);
        }
        body["description_id"] = "Baris satu\nbaris dua\tdengan tab, \\N dan \u{1f9f5}".into();
        let reply = owner.post("/v1/businesses", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
    }
    let register = serde_json::json!({ "email": "baru@contoh.id", "password": "canting-dan-malam-panas", "display_name": "Baru" });
    app.anon().post("/v1/auth/register", register).await;
    let mut conn = app.parts.db.conn().await.unwrap();
    let now = app.clock.now();
    for content in [Some("proposal"), None] {
        let key = Key::fresh(&app.parts.random, "documents");
        objects::reserve(&mut conn, now, &key).await.unwrap();
        if let Some(content) = content {
            app.parts
                .storage
                .put(&key, Bytes::from(content))
                .await
                .unwrap();
        }
        assert!(objects::keep(&mut conn, now, &key).await.unwrap());
    }
    app
}

/// Every row of every table, and what else makes a schema: constraints, indexes, triggers that work.
async fn everything(db: &TestDb) -> Vec<String> {
    let sql = db.sql().await;
    let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
        WHERE schemaname IN ('public', 'graphile_worker') \
            AND (schemaname, tablename) NOT IN (('public', 'sync_changes'), ('public', 'sync_horizon'), ('graphile_worker', 'migrations')) \
        ORDER BY 1";
    let mut found = Vec::new();
    for row in sql.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        let statement = format!("SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1");
        for row in sql.query(&statement, &[]).await.unwrap() {
            found.push(format!("{table} {}", row.get::<_, String>(0)));
        }
    }
    let schema = "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
            WHERE connamespace IN ('public'::regnamespace, 'graphile_worker'::regnamespace) \
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname IN ('public', 'graphile_worker') \
        UNION ALL SELECT tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal \
        UNION ALL SELECT schemaname || '.' || sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences \
        ORDER BY 1";
    // What pg_dump writes of `a BETWEEN b AND c` comes back with other parentheses.
    let plain = |row: &tokio_postgres::Row| row.get::<_, String>(0).replace(['(', ')'], "");
    found.extend(sql.query(schema, &[]).await.unwrap().iter().map(plain));
    found
}

fn only_entry(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).unwrap();
    let path = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none());
    path
}

fn manifest(backup: &Path) -> Value {
    serde_json::from_slice(&fs::read(backup.join("manifest.json")).unwrap()).unwrap()
}

/// Files and folders of a backup, with what others may do to them.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut open = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            open.extend(open_to_others(&path));
        }
        if mode != if path.is_dir() { 0o700 } else { 0o600 } {
            open.push(path);
        }
    }
    open
}

async fn comes_back(programs: Option<&Path>, contents: &str) {
    let app = used().await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backups");
    let here = Karya {
        database: app.db.url(),
        storage: app.files.path(),
        programs,
    };
    let output = here.run(&["create", "--to", to.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}{warned}");
    assert!(said.contains("uploads   1, 8 bytes"), "{said}");
    assert!(
        warned.contains("1 uploads that the database names are not in the storage"),
        "{warned}"
    );
    let backup = only_entry(&to);
    let name = backup.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(
        name.starts_with("karya-2") && name.ends_with('Z') && name.len() == 22,
        "{name}"
    );
    assert_eq!(open_to_others(&to), [] as [PathBuf; 0]);
    let manifest = manifest(&backup);
    assert_eq!(manifest["contents"], contents);
    let businesses = manifest["tables"].as_array().unwrap().iter();
    let businesses = businesses
        .clone()
        .find(|table| table["name"] == "businesses")
        .unwrap();
    assert_eq!(businesses["rows"], 3);
    let text = fs::read_to_string(backup.join("manifest.json")).unwrap();
    assert!(!text.contains(PASSWORD) && !text.contains("BwcHBwcH"));

    let path = backup.to_str().unwrap();
    let said = here.succeeds(&["verify", path]);
    assert!(
        said.contains("Every table has the rows that were backed up."),
        "{said}"
    );

    let target = TestDb::empty().await;
    let storage = tempfile::tempdir().unwrap();
    let there = Karya {
        database: target.url(),
        storage: storage.path(),
        programs,
    };
    let said = there.succeeds(&["restore", path]);
    assert!(said.contains("uploads   1 put into"), "{said}");
    let (before, after) = (everything(&app.db).await, everything(&target).await);
    assert!(before.len() > 400, "{}", before.len());
    let (before, after) = (BTreeSet::from_iter(&before), BTreeSet::from_iter(&after));
    let differences: Vec<_> = before.symmetric_difference(&after).collect();
    assert!(differences.is_empty(), "{differences:#?}");
    let [key] = &uploads(&backup)[..] else {
        panic!("one upload is there")
    };
    assert_eq!(fs::read(storage.path().join(key)).unwrap(), b"proposal");

    // Clients start anew, see everything, and go on from there, whatever numbers the old server was at.
    let sql = target.sql().await;
    let ahead = "SELECT count(*) FROM sync_changes WHERE row_xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    // Other tests write to the same cluster: their transactions are short.
    for attempt in 0.. {
        match sql.query_one(ahead, &[]).await.unwrap().get::<_, i64>(0) {
            0 => break,
            _ if attempt < 600 => tokio::time::sleep(Duration::from_millis(50)).await,
            count => panic!("{count} changes are in the future"),
        }
    }
    let horizon = "SELECT bool_and(c.row_xid = h.row_xid) FROM sync_changes c, sync_horizon h";
    assert!(sql.query_one(horizon, &[]).await.unwrap().get::<_, bool>(0));
    sql.batch_execute("SELECT graphile_worker.add_job('lain')")
        .await
        .unwrap();
    drop(sql);

    // A second time there is something that nobody wants to lose.
    let refused = there.fails(&["restore", path]);
    assert!(
        refused.contains("is not empty") && refused.contains("--replace"),
        "{refused}"
    );
    let jobs = "SELECT count(*) FROM graphile_worker._private_tasks WHERE identifier = 'lain'";
    let kept = async || -> i64 {
        let (sql, driving) = visit(&target).await;
        let count = sql.query_one(jobs, &[]).await.unwrap().get(0);
        drop(sql);
        driving.await.unwrap();
        count
    };
    assert_eq!(kept().await, 1);
    let (somebody, driving) = visit(&target).await;
    let refused = there.fails(&["restore", path, "--replace"]);
    assert!(
        refused.contains("other connections use the database"),
        "{refused}"
    );
    drop(somebody);
    driving.await.unwrap();
    there.succeeds(&["restore", path, "--replace"]);
    assert_eq!(kept().await, 0);
    let again = everything(&target).await;
    let again = BTreeSet::from_iter(&again);
    let differences: Vec<_> = before.symmetric_difference(&again).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}

/// A connection that can be seen to end: a command that is waited for holds up the runtime of a test.
async fn visit(db: &TestDb) -> (tokio_postgres::Client, tokio::task::JoinHandle<()>) {
    let (sql, driver) = tokio_postgres::connect(&db.url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    let driving = tokio::spawn(async move { driver.await.unwrap() });
    (sql, driving)
}

/// The keys of the uploads in a backup.
fn uploads(backup: &Path) -> Vec<String> {
    let manifest = manifest(backup);
    let files = manifest["files"].as_array().unwrap().iter();
    let paths = files.filter_map(|file| file["path"].as_str()?.strip_prefix("uploads/"));
    paths.map(str::to_owned).collect()
}

#[actix_web::test]
async fn with_pg_dump_everything_comes_back() {
    let search = Search::from_env();
    let server = find(&search).unwrap();
    if find_dump_programs(&search, server.version.major).is_none() {
        eprintln!("skipped: there is no pg_dump {}", server.version.major);
        return;
    }
    comes_back(None, "pg_dump").await;
}

#[actix_web::test]
async fn without_pg_dump_everything_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let programs = without_pg_dump(folder.path());
    comes_back(Some(&programs), "copy").await;
}

#[actix_web::test]
async fn what_is_damaged_or_unfinished_is_refused_and_nothing_touched() {
    let app = used().await;
    let folder = tempfile::tempdir().unwrap();
    let programs = without_pg_dump(folder.path());
    let karya = Karya {
        database: app.db.url(),
        storage: app.files.path(),
        programs: Some(&programs),
    };
    let to = folder.path().join("backups");
    let said = karya.succeeds(&["create", "--to", to.to_str().unwrap(), "--without-uploads"]);
    assert!(said.contains("uploads   not in it"), "{said}");
    let backup = only_entry(&to);
    let path = backup.to_str().unwrap();
    let target = TestDb::empty().await;
    let there = Karya {
        database: target.url(),
        ..karya
    };

    let manifest = backup.join("manifest.json");
    let good = fs::read_to_string(&manifest).unwrap();
    // One row too many, as if the backup had lost it.
    let bad = good.replacen("\"rows\": 3,", "\"rows\": 4,", 1);
    assert_ne!(bad, good);
    fs::write(&manifest, bad).unwrap();
    let refused = there.fails(&["verify", path]);
    assert!(refused.contains("rows instead of 4"), "{refused}");
    // A way out of the backup.
    fs::write(
        &manifest,
        good.replacen("\"path\": \"tables/", "\"path\": \"../", 1),
    )
    .unwrap();
    let refused = there.fails(&["restore", path]);
    assert!(refused.contains("not in the backup"), "{refused}");
    // A newer schema than ours.
    let newer = good.replacen(
        "\"migrations\": [",
        "\"migrations\": [\n    \"30000101000000\",",
        1,
    );
    fs::write(&manifest, newer).unwrap();
    let refused = there.fails(&["restore", path]);
    assert!(
        refused.contains("migrations that this program does not know"),
        "{refused}"
    );
    fs::write(&manifest, &good).unwrap();

    let users = backup.join("tables/public.users.copy.gz");
    let mut bytes = fs::read(&users).unwrap();
    bytes[20] ^= 1;
    fs::write(&users, bytes).unwrap();
    for command in ["verify", "restore"] {
        let refused = there.fails(&[command, path]);
        assert!(
            refused.contains("public.users.copy.gz is not as it was written"),
            "{refused}"
        );
    }
    fs::remove_file(&manifest).unwrap();
    let refused = there.fails(&["restore", path]);
    assert!(refused.contains("is not a finished backup"), "{refused}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    let count: i64 = target
        .sql()
        .await
        .query_one(tables, &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 0);
    let empty = there.fails(&["create", "--to", to.to_str().unwrap()]);
    assert!(empty.contains("never migrated"), "{empty}");
}

#[actix_web::test]
async fn what_is_interrupted_does_not_look_finished() {
    let app = TestApp::new().await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backups");
    let arguments = ["create", "--to", to.to_str().unwrap()];
    let left = || -> Vec<String> {
        let entries = fs::read_dir(&to).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };

    let failing = tempfile::tempdir().unwrap();
    let log = failing.path().join("called");
    let script = format!(
        "echo \"$@\" >{}; echo 'disk full' >&2; exit 1",
        log.display()
    );
    let programs = with_pg_dump(failing.path(), &script);
    let mut karya = Karya {
        database: app.db.url(),
        storage: app.files.path(),
        programs: Some(&programs),
    };
    let failed = karya.fails(&arguments);
    assert!(failed.contains("disk full"), "{failed}");
    assert_eq!(left(), [] as [String; 0]);
    let called = fs::read_to_string(&log).unwrap();
    assert!(
        called.contains("--snapshot") && !called.contains(PASSWORD),
        "{called}"
    );

    let slow = tempfile::tempdir().unwrap();
    let pid = slow.path().join("pid");
    let programs = with_pg_dump(
        slow.path(),
        &format!("echo $$ >{}; exec sleep 600", pid.display()),
    );
    karya.programs = Some(&programs);
    for signal in ["-TERM", "-KILL"] {
        let _first_time = fs::remove_file(&pid);
        let mut running = karya
            .command(&arguments)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        let child = loop {
            match fs::read_to_string(&pid) {
                Ok(child) if child.ends_with('\n') => break child.trim().to_owned(),
                _ => assert!(started.elapsed() < Duration::from_secs(120)),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let process = running.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &process])
                .status()
                .unwrap()
                .success()
        );
        assert!(!running.wait().unwrap().success());
        if signal == "-TERM" {
            assert_eq!(left(), [] as [String; 0]);
            assert!(
                !Path::new("/proc/self").exists() || !Path::new(&format!("/proc/{child}")).exists()
            );
        } else {
            // Nothing can tidy up after that.
            assert!(Command::new("kill").arg(&child).status().unwrap().success());
            let left = left();
            assert!(
                left.len() == 1 && left[0].ends_with(".unfinished"),
                "{left:?}"
            );
            let path = to.join(&left[0]);
            let refused = karya.fails(&["restore", path.to_str().unwrap()]);
            assert!(refused.contains("is not a finished backup"), "{refused}");
        }
    }
}
