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
    _watchdog: Option<Child>,
}

/// Whose end is the cluster's.
enum Owner {
    /// This process.
    Us,
    /// The process with this id.
    Process(u32),
}

impl Throwaway {
    pub fn start(installation: &Installation) -> Result<Self, Error> {
        Self::start_with(installation, "")
    }

    /// With settings of one's own, a line each, which go before ours: to measure, say, with everything on the disk.
    pub fn start_with(installation: &Installation, settings: &str) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("karya-test-")
            .tempdir_in("/tmp")
            .map_err(Error::file("/tmp"))?
            .keep();
        Self::start_in(installation, folder, &Owner::Us, settings)
    }

    /// One cluster for all processes of a test run called `run`, until the process `owner` ends: the first to come
    /// starts it and calls `prepare`, the others wait for that and join.
    pub fn shared<E: From<Error>>(
        installation: &Installation,
        run: &str,
        owner: u32,
        prepare: impl FnOnce(&Self) -> Result<(), E>,
    ) -> Result<Self, E> {
        let lock_path = PathBuf::from(format!("/tmp/karya-test-{run}.lock"));
        let lock = fs::File::create(&lock_path).map_err(Error::file(&lock_path))?;
        lock.lock().map_err(Error::file(&lock_path))?;
        // The watchdog removes it.
        Account::choose()?.own(&lock_path)?;
        let folder = PathBuf::from(format!("/tmp/karya-test-{run}"));
        let ready = folder.join("ready");
        if ready.exists() {
            return Ok(Self {
                folder,
                _lifeline: None,
                _watchdog: None,
            });
        }
        fs::create_dir(&folder).map_err(Error::file(&folder))?;
        let cluster = Self::start_in(installation, folder, &Owner::Process(owner), "")?;
        prepare(&cluster)?;
        fs::write(&ready, "").map_err(Error::file(&ready))?;
        Ok(cluster)
    }

    fn start_in(
        installation: &Installation,
        folder: PathBuf,
        owner: &Owner,
        more: &str,
    ) -> Result<Self, Error> {
        let account = Account::choose()?;
        private_folder(&folder, &account)?;
        let data = folder.join("data");
        let mut watchdog = watchdog(installation, &account, &folder, owner)?;
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
            synchronous_commit = off\nfull_page_writes = off\nautovacuum = off\nmax_wal_size = '4GB'\n\
            timezone = 'UTC'\nlog_line_prefix = '%m [%p] %d '\n";
        let config = data.join("postgresql.auto.conf");
        fs::write(&config, format!("{settings}{more}")).map_err(Error::file(&config))?;
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
            _watchdog: Some(watchdog),
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

    /// What the server has had to say so far; each line names its database.
    pub fn log(&self) -> std::io::Result<String> {
        fs::read(self.folder.join("log")).map(|log| String::from_utf8_lossy(&log).into_owned())
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }
}

/// Waits for the owner's end, then stops the cluster and deletes the folder.
fn watchdog(
    installation: &Installation,
    account: &Account,
    folder: &std::path::Path,
    owner: &Owner,
) -> Result<Child, Error> {
    let wait = match owner {
        Owner::Us => "cat >/dev/null".to_owned(),
        // Existence, not permission to signal: the cluster's account may be another than the owner's.
        Owner::Process(id) => {
            format!("while [ -d /proc/{id} ] || ps -p {id} >/dev/null 2>&1; do sleep 1; done")
        }
    };
    let script = format!(
        "{wait}; \"$1\" stop -m immediate -D \"$2/data\" >/dev/null 2>&1; rm -rf \"$2\" \"$2.lock\""
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, "watchdog"])
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
