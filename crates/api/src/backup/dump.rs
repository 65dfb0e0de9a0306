//! PostgreSQL's own programs for backups.

use std::ffi::OsString;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use karya_managed_postgres::{DumpPrograms, Search, find_dump_programs};
use tokio_postgres::config::Host;

use super::Failure;

/// The archive in a backup.
pub(super) const FILE: &str = "database.dump";

/// Which programs write or read it: of this major version, or newer.
pub(super) fn find(major: u32) -> Option<DumpPrograms> {
    find_dump_programs(&Search::from_env(), major)
}

/// Writes the snapshot to a file that is there.
pub(super) fn dump(
    programs: &DumpPrograms,
    url: &str,
    snapshot: &str,
    file: &Path,
) -> Result<Running, Failure> {
    let mut command = program(programs, "pg_dump", url)?;
    command
        .args(["--format=custom", "--no-password", "--snapshot", snapshot])
        .arg("--file")
        .arg(file);
    Running::start(command)
}

/// Fills an empty database, wholly or not at all.
pub(super) async fn restore(
    programs: &DumpPrograms,
    url: &str,
    file: &Path,
) -> Result<(), Failure> {
    // Who restores owns everything, but not an extension that a superuser put in: its comment is not theirs to set.
    let listed = Command::new(programs.bin_dir.join("pg_restore"))
        .arg("--list")
        .arg(file)
        .stdin(Stdio::null())
        .output()?;
    if !listed.status.success() {
        let said = String::from_utf8_lossy(&listed.stderr);
        return Err(format!("pg_restore cannot read the archive: {}", said.trim()).into());
    }
    let mut list = tempfile::NamedTempFile::new()?;
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        if !line.contains(" COMMENT - EXTENSION ") {
            writeln!(list, "{line}")?;
        }
    }
    let mut command = program(programs, "pg_restore", url)?;
    command
        .args(["--single-transaction", "--exit-on-error", "--no-owner"])
        .args(["--no-privileges", "--no-password", "--dbname"])
        .arg(target(url)?.get_dbname().unwrap_or("postgres"))
        .arg("--use-list")
        .arg(list.path())
        .arg(file);
    Running::start(command)?.finish().await
}

fn target(url: &str) -> Result<tokio_postgres::Config, Failure> {
    url.parse()
        .map_err(|_may_hold_the_password| "database.url is not a connection string".into())
}

/// The program with the connection in its environment: what stands on the command line, everybody sees.
fn program(programs: &DumpPrograms, name: &str, url: &str) -> Result<Command, Failure> {
    let config = target(url)?;
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => OsString::from(name),
        Host::Unix(path) => path.clone().into_os_string(),
    });
    let hosts: Vec<OsString> = hosts.collect();
    let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
    let mut command = Command::new(programs.bin_dir.join(name));
    command
        .env("PGHOST", hosts.join(&OsString::from(",")))
        .env("PGPORT", ports.join(","))
        .env("PGAPPNAME", "karya backup")
        .env("PGCONNECT_TIMEOUT", "10")
        // Error messages in English, as everything else.
        .env("LC_ALL", "C");
    for (name, value) in [
        ("PGUSER", config.get_user()),
        ("PGDATABASE", config.get_dbname()),
        ("PGOPTIONS", config.get_options()),
    ] {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(password) = config.get_password() {
        command.env("PGPASSWORD", std::str::from_utf8(password)?);
    }
    Ok(command)
}

/// A program that runs. It ends with this value.
pub(super) struct Running {
    name: String,
    child: Child,
    said: std::fs::File,
}

impl Running {
    fn start(mut command: Command) -> Result<Self, Failure> {
        let said = tempfile::tempfile()?;
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said.try_clone()?)
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(Self { name, child, said })
    }

    /// Waits for its end; what it says becomes the error.
    pub(super) async fn finish(mut self) -> Result<(), Failure> {
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        if status.success() {
            return Ok(());
        }
        let mut said = Vec::new();
        self.said.rewind()?;
        self.said.read_to_end(&mut said)?;
        let said = String::from_utf8_lossy(&said);
        Err(format!("{} failed ({status}): {}", self.name, said.trim()).into())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
    }
}
