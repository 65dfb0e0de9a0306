use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::Error;
use crate::account::Account;
use crate::cluster::{output, private_folder};
use crate::installation::Installation;

/// A cluster for tests: fast because it forgets everything at a power cut, and gone when its owner is, even by
/// `kill -9`.
#[derive(Debug)]
pub struct Throwaway {
    folder: PathBuf,
    /// Closing it, which the system does when this process ends in whatever way, tells the watchdog to clean up.
    _lifeline: Option<ChildStdin>,
    _watchdog: Child,
}

impl Throwaway {
    pub fn start(installation: &Installation) -> Result<Self, Error> {
        let account = Account::choose()?;
        let folder = tempfile::Builder::new()
            .prefix("karya-test-")
            .tempdir_in("/tmp")
            .map_err(Error::file("/tmp"))?
            .keep();
        private_folder(&folder, &account)?;
        let data = folder.join("data");
        let mut watchdog = watchdog(installation, &account, &folder)?;
        let lifeline = watchdog.stdin.take();
        let mut initdb = Command::new(installation.program("initdb"));
        initdb.arg("-D").arg(&data).args([
            "-U",
            "karya",
            "-E",
            "UTF8",
            "--locale=C",
            "-A",
            "trust",
            "--no-sync",
        ]);
        output(account.run(&mut initdb))?;
        let settings = "listen_addresses = ''\nmax_connections = 400\nshared_buffers = '128MB'\nfsync = off\n\
            synchronous_commit = off\nfull_page_writes = off\nautovacuum = off\nmax_wal_size = '4GB'\ntimezone = 'UTC'\n";
        let config = data.join("postgresql.auto.conf");
        fs::write(&config, settings).map_err(Error::file(&config))?;
        account.own(&config)?;
        let mut start = Command::new(installation.program("pg_ctl"));
        start
            .args(["start", "-w", "-t", "60", "-D"])
            .arg(&data)
            .arg("-l")
            .arg(folder.join("log"));
        start.args([
            "-o",
            &format!("-c unix_socket_directories={}", folder.display()),
        ]);
        output(account.run(&mut start))?;
        Ok(Self {
            folder,
            _lifeline: lifeline,
            _watchdog: watchdog,
        })
    }

    /// A connection string for one of its databases; `postgres` is there from the start.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://karya@{}/{database}",
            self.folder.display().to_string().replace('/', "%2F")
        )
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }
}

/// Waits for its standard input to close, then stops the cluster and deletes the folder.
fn watchdog(
    installation: &Installation,
    account: &Account,
    folder: &std::path::Path,
) -> Result<Child, Error> {
    let script =
        "cat >/dev/null; \"$1\" stop -m immediate -D \"$2/data\" >/dev/null 2>&1; rm -rf \"$2\"";
    let mut command = Command::new("sh");
    command
        .args(["-c", script, "watchdog"])
        .arg(installation.program("pg_ctl"))
        .arg(folder);
    // In a group of its own, so that Ctrl-C at the terminal does not take it first.
    command
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    account.run(&mut command).spawn().map_err(Error::file("sh"))
}
