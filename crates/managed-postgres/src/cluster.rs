//! The private cluster of one project folder.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::installation::Installation;
use crate::{Error, Search, search};

/// The user that owns everything in the cluster.
const USER: &str = "karya";
/// The database that a new cluster has.
const DATABASE: &str = "karya";
/// How long a start may take, and how long a dying predecessor may hold its lock file.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    paths: Paths,
    installation: Installation,
    account: Account,
    password: String,
    /// Held by the process that stops the cluster at its end.
    lock: Option<File>,
}

/// Everything that belongs to the cluster of a project folder.
#[derive(Debug, Clone)]
struct Paths {
    /// `.karya`.
    folder: PathBuf,
    /// The data, or where they will be.
    data: PathBuf,
    socket_dir: PathBuf,
}

impl Paths {
    fn of(folder: &Path, account: &Account, major: u32) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let folder = folder.canonicalize().map_err(Error::file(folder))?;
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(Error::file(&ignore))?;
        }
        let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        let hash: String = digest
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let recorded = folder.join("pg.location");
        let base = match fs::read_to_string(&recorded) {
            Ok(location) => PathBuf::from(location.trim()),
            Err(_) if account.can_enter(&folder) => folder.join("pg"),
            Err(_) => {
                // A project under /root, say: the account cannot get there.
                let elsewhere = Path::new("/var/lib/karya").join(&hash);
                fs::write(&recorded, elsewhere.display().to_string())
                    .map_err(Error::file(&recorded))?;
                elsewhere
            }
        };
        let data = existing(&base).map_or_else(|| base.join(major.to_string()), |(data, _)| data);
        // Never inside the project: a socket's path has room for 107 bytes.
        let socket_dir = PathBuf::from(format!("/tmp/karya-{}-{hash}", account.uid));
        Ok(Self {
            folder,
            data,
            socket_dir,
        })
    }

    fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }
}

/// Data that are there already, and the major version that they belong to.
fn existing(base: &Path) -> Option<(PathBuf, u32)> {
    let entries = fs::read_dir(base).ok()?;
    let versions = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let major = fs::read_to_string(path.join("PG_VERSION"))
            .ok()?
            .trim()
            .parse()
            .ok()?;
        Some((path, major))
    });
    versions.max_by_key(|(_, major)| *major)
}

impl Cluster {
    /// Starts the cluster that lives in `folder` (`.karya`), making it first if there is none. One that runs is
    /// adopted. If another process has started it, this one attaches, and leaves it running at its end.
    pub fn start(installation: &Installation, folder: &Path) -> Result<Self, Error> {
        let account = Account::choose()?;
        let paths = Paths::of(folder, &account, installation.version.major)?;
        let installation = matching(installation, &paths)?;
        let lock_path = paths.folder.join("lock");
        let lock = File::create(&lock_path).map_err(Error::file(&lock_path))?;
        let lock = match lock.try_lock() {
            Ok(()) => Some(lock),
            Err(fs::TryLockError::WouldBlock) => None,
            Err(fs::TryLockError::Error(error)) => {
                return Err(Error::File {
                    path: lock_path,
                    reason: error,
                });
            }
        };
        let mut cluster = Self {
            paths,
            installation,
            account,
            password: String::new(),
            lock,
        };
        if cluster.lock.is_none() {
            cluster.wait_for_owner()?;
        } else {
            cluster.password = password(&cluster.paths.folder)?;
            if !cluster.paths.data.join("PG_VERSION").exists() {
                cluster.create()?;
            }
            cluster.start_server()?;
        }
        Ok(cluster)
    }

    /// Another process holds the lock: its cluster will answer soon, or has died with it.
    fn wait_for_owner(&mut self) -> Result<(), Error> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if self.answers() {
                self.password = password(&self.paths.folder)?;
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(Error::Start(
            "another process in this folder holds the lock, and its database does not answer"
                .into(),
        ))
    }

    /// Whether this process stops the cluster at its end.
    #[must_use]
    pub fn owned(&self) -> bool {
        self.lock.is_some()
    }

    /// A connection string for one of its databases.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url(&self.paths.socket_dir, &self.password, database)
    }

    /// Stops the cluster, if it is ours to stop. Connections are closed; what was committed is on disk.
    pub fn stop(self) -> Result<(), Error> {
        if self.lock.is_some() {
            stop_server(&self.installation, &self.account, &self.paths)
        } else {
            Ok(())
        }
    }

    fn create(&self) -> Result<(), Error> {
        let base = self.paths.data.parent().unwrap_or(&self.paths.folder);
        private_folder(base, &self.account)?;
        // Under another name until it is complete: an interrupted attempt must not look like data.
        let unfinished = self.paths.data.with_extension("new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(Error::file(&unfinished))?;
        }
        let password_file = base.join("pwfile");
        private_file(&password_file, &self.password)?;
        self.account.own(&password_file)?;
        let initdb = |locale: &str| {
            let mut command = Command::new(self.installation.program("initdb"));
            command
                .arg("-D")
                .arg(&unfinished)
                .arg("--pwfile")
                .arg(&password_file);
            command.args([
                "-U",
                USER,
                "-E",
                "UTF8",
                locale,
                "-A",
                "scram-sha-256",
                "--data-checksums",
            ]);
            output(self.account.run(&mut command))
        };
        let made = initdb("--locale=C.UTF-8").or_else(|_no_such_locale| {
            let _nothing = fs::remove_dir_all(&unfinished);
            initdb("--locale=C")
        });
        let _gone = fs::remove_file(&password_file);
        made?;
        let config = unfinished.join("postgresql.auto.conf");
        fs::write(&config, settings()).map_err(Error::file(&config))?;
        self.account.own(&config)?;
        let mut single = Command::new(self.installation.program("postgres"));
        single
            .args(["--single", "-D"])
            .arg(&unfinished)
            .arg("postgres");
        input(
            self.account.run(&mut single),
            &format!("CREATE DATABASE {DATABASE};\n"),
        )?;
        fs::rename(&unfinished, &self.paths.data).map_err(Error::file(&self.paths.data))
    }

    fn start_server(&self) -> Result<(), Error> {
        if is_running(&self.installation, &self.account, &self.paths.data) && self.answers() {
            return Ok(());
        }
        private_folder(&self.paths.socket_dir, &self.account)?;
        let started = Instant::now();
        loop {
            let mut command = Command::new(self.installation.program("pg_ctl"));
            let options = format!(
                "-c unix_socket_directories={}",
                self.paths.socket_dir.display()
            );
            command
                .args(["start", "-w", "-t", "30", "-D"])
                .arg(&self.paths.data);
            command
                .arg("-l")
                .arg(self.paths.log())
                .args(["-o", &options]);
            match output(self.account.run(&mut command)) {
                Ok(()) => return Ok(()),
                // The lock file of a server that was killed stays until the system has buried it. We wait; deleting
                // the file while a child still writes would ruin the data.
                Err(_) if started.elapsed() < Duration::from_secs(20) => {
                    if is_running(&self.installation, &self.account, &self.paths.data)
                        && self.answers()
                    {
                        return Ok(());
                    }
                    std::thread::sleep(Duration::from_millis(500));
                }
                Err(error) => {
                    let log = fs::read_to_string(self.paths.log()).unwrap_or_default();
                    let tail: Vec<&str> = log.lines().rev().take(5).collect();
                    let tail: Vec<&str> = tail.into_iter().rev().collect();
                    return Err(Error::Start(format!("{error}\n{}", tail.join("\n"))));
                }
            }
        }
    }

    fn answers(&self) -> bool {
        UnixStream::connect(self.paths.socket_dir.join(".s.PGSQL.5432")).is_ok()
    }
}

/// Data are opened by the major version that made them, by no other.
fn matching(installation: &Installation, paths: &Paths) -> Result<Installation, Error> {
    let base = paths.data.parent().unwrap_or(&paths.folder);
    match existing(base) {
        Some((data, found)) if found != installation.version.major => {
            search::best(&Search::from_env(), Some(found)).map_err(|_none| Error::MajorMismatch {
                data,
                found,
                installed: installation.version.major,
            })
        }
        _ => Ok(installation.clone()),
    }
}

/// What a development cluster is set to.
fn settings() -> String {
    // Containers often have 64 MB there, and parallel queries would fail.
    let shared_memory = if shm_is_small() {
        "dynamic_shared_memory_type = mmap\n"
    } else {
        ""
    };
    format!(
        "listen_addresses = ''\nmax_connections = 60\nshared_buffers = '128MB'\ntimezone = 'UTC'\n\
         log_timezone = 'UTC'\nidle_in_transaction_session_timeout = '60s'\nlog_min_duration_statement = '500ms'\n{shared_memory}"
    )
}

fn shm_is_small() -> bool {
    let listed = Command::new("df").args(["-Pk", "/dev/shm"]).output();
    let text = listed
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    let kilobytes = text
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.is_some_and(|kilobytes| kilobytes < 128 * 1024)
}

fn url(socket_dir: &Path, password: &str, database: &str) -> String {
    let host = socket_dir.display().to_string().replace('/', "%2F");
    format!("postgres://{USER}:{password}@{host}/{database}")
}

/// The password of the cluster, made at first use.
fn password(folder: &Path) -> Result<String, Error> {
    let path = folder.join("pg.password");
    if let Ok(password) = fs::read_to_string(&path) {
        return Ok(password.trim().to_owned());
    }
    let mut bytes = [0; 24];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .map_err(Error::file("/dev/urandom"))?;
    let password: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    private_file(&path, &password)?;
    Ok(password)
}

fn private_file(path: &Path, text: &str) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(Error::file(path))
}

pub(crate) fn private_folder(path: &Path, account: &Account) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path.parent().unwrap_or(path))
        .map_err(Error::file(path))?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::file(path)(error));
        }
        _ => {}
    }
    account.own(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(Error::file(path))
}

/// Runs a command to its end; what it says becomes the error.
pub(crate) fn output(command: &mut Command) -> Result<(), Error> {
    // Files, not pipes: a server that is started would inherit a pipe and keep it open.
    let said = tempfile::tempfile().map_err(Error::file("/tmp"))?;
    let copy = || {
        said.try_clone()
            .map(Stdio::from)
            .map_err(Error::file("/tmp"))
    };
    let status = command
        .stdin(Stdio::null())
        .stdout(copy()?)
        .stderr(copy()?)
        .status();
    let shown = command.get_program().to_string_lossy().into_owned();
    let status = status.map_err(|error| Error::Command {
        command: shown.clone(),
        output: error.to_string(),
    })?;
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    let mut said = said;
    let _best_effort =
        std::io::Seek::rewind(&mut said).and_then(|()| said.read_to_string(&mut text));
    Err(Error::Command {
        command: shown,
        output: text.trim().to_owned(),
    })
}

/// Runs a command with text on its standard input.
fn input(command: &mut Command, text: &str) -> Result<(), Error> {
    let failed = |output: String| Error::Command {
        command: "postgres --single".into(),
        output,
    };
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| failed(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(text.as_bytes())
            .map_err(|error| failed(error.to_string()))?;
    }
    let output = child
        .wait_with_output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

fn is_running(installation: &Installation, account: &Account, data: &Path) -> bool {
    let mut command = Command::new(installation.program("pg_ctl"));
    output(account.run(command.arg("status").arg("-D").arg(data))).is_ok()
}

fn stop_server(installation: &Installation, account: &Account, paths: &Paths) -> Result<(), Error> {
    let stop = |mode: &str| {
        let mut command = Command::new(installation.program("pg_ctl"));
        command
            .args(["stop", "-w", "-t", "15", "-m", mode, "-D"])
            .arg(&paths.data);
        output(account.run(&mut command))
    };
    stop("fast").or_else(|_took_too_long| stop("immediate"))?;
    let _others_may_use_it = fs::remove_dir(&paths.socket_dir);
    Ok(())
}

/// What `karya db status` says.
#[derive(Debug, Clone)]
pub struct Status {
    pub data: PathBuf,
    pub exists: bool,
    pub running: bool,
    pub installation: Installation,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.exists, self.running) {
            (false, _) => "not made yet",
            (true, true) => "running",
            (true, false) => "stopped",
        };
        let Installation { bin_dir, version } = &self.installation;
        write!(
            f,
            "state     {state}\ndata      {}\nserver    PostgreSQL {version} in {}",
            self.data.display(),
            bin_dir.display()
        )
    }
}

fn known(folder: &Path) -> Result<(Installation, Account, Paths), Error> {
    let installation = search::find(&Search::from_env())?;
    let account = Account::choose()?;
    let paths = Paths::of(folder, &account, installation.version.major)?;
    Ok((matching(&installation, &paths)?, account, paths))
}

/// How the cluster of a folder is.
pub fn status(folder: &Path) -> Result<Status, Error> {
    let (installation, account, paths) = known(folder)?;
    let running = is_running(&installation, &account, &paths.data);
    Ok(Status {
        exists: paths.data.join("PG_VERSION").exists(),
        running,
        data: paths.data,
        installation,
    })
}

/// Stops the cluster of a folder, whoever started it. Tells whether it ran.
pub fn stop(folder: &Path) -> Result<bool, Error> {
    let (installation, account, paths) = known(folder)?;
    let running = is_running(&installation, &account, &paths.data);
    if running {
        stop_server(&installation, &account, &paths)?;
    }
    Ok(running)
}

/// The connection string of the cluster of a folder, if it runs.
pub fn running_url(folder: &Path, database: &str) -> Result<Option<String>, Error> {
    let (installation, account, paths) = known(folder)?;
    let running = is_running(&installation, &account, &paths.data);
    Ok(if running {
        Some(url(&paths.socket_dir, &password(&paths.folder)?, database))
    } else {
        None
    })
}

/// Stops the cluster of a folder and deletes its data and password.
pub fn reset(folder: &Path) -> Result<(), Error> {
    stop(folder)?;
    let (_, _, paths) = known(folder)?;
    let base = paths.data.parent().unwrap_or(&paths.data);
    if base.exists() {
        fs::remove_dir_all(base).map_err(Error::file(base))?;
    }
    for name in ["pg.password", "pg.location"] {
        let _not_there = fs::remove_file(paths.folder.join(name));
    }
    Ok(())
}
