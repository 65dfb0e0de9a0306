use std::path::PathBuf;

/// Why there is no database. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("PostgreSQL {min} or newer was not found{rejected}\n\nInstall it with:\n  {install}\nor set database.url to a server that runs already.", min = crate::installation::OLDEST_MAJOR)]
    NoPostgres {
        /// The command for this platform.
        install: String,
        /// What was found and why it does not do; empty, or a list that starts with a line break.
        rejected: String,
    },
    #[error("installing PostgreSQL failed: {0}")]
    Install(String),
    #[error(
        "{file} is not the file that was expected: its SHA-512 differs. Nothing was installed."
    )]
    WrongChecksum { file: PathBuf },
    #[error(
        "the data in {data} belong to PostgreSQL {found}, and only {installed} is installed.\nInstall PostgreSQL {found}, or delete the data with `karya db reset --yes`."
    )]
    MajorMismatch {
        data: PathBuf,
        found: u32,
        installed: u32,
    },
    #[error(
        "there is no account to run PostgreSQL as: it refuses root, and neither `postgres`, `nobody`, nor the account behind sudo has an entry in /etc/passwd. Add one, or set database.url."
    )]
    NoAccount,
    #[error("{command} failed: {output}")]
    Command { command: String, output: String },
    #[error("the database did not start: {0}")]
    Start(String),
    #[error("{path}: {reason}")]
    File {
        path: PathBuf,
        reason: std::io::Error,
    },
}

impl Error {
    /// The exit code of the program: 3 when PostgreSQL is missing, so that scripts can tell.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoPostgres { .. } | Self::Install(_) | Self::WrongChecksum { .. } => 3,
            _ => 1,
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |reason| Self::File { path, reason }
    }
}
