use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest major version that Karya runs on.
pub const OLDEST_MAJOR: u32 = 15;

/// The contrib extensions that the migrations create.
pub const EXTENSIONS: [&str; 5] = ["citext", "pg_trgm", "btree_gist", "unaccent", "pgcrypto"];

/// A version of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// PostgreSQL's programs, of a version that does and with the extensions that are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    pub bin_dir: PathBuf,
    pub version: Version,
}

impl Installation {
    /// Looks at a folder; says why it does not do.
    pub(crate) fn check(bin_dir: &Path) -> Result<Self, String> {
        for program in ["postgres", "initdb", "pg_ctl"] {
            if !bin_dir.join(program).is_file() {
                return Err(format!("has no {program}"));
            }
        }
        let version = version(&bin_dir.join("postgres")).ok_or("does not tell its version")?;
        if version.major < OLDEST_MAJOR {
            return Err(format!(
                "is version {version}; {OLDEST_MAJOR} or newer is needed"
            ));
        }
        let share = share_dir(bin_dir).ok_or("has no share folder")?;
        let missing = |name: &&&str| {
            !share
                .join("extension")
                .join(format!("{name}.control"))
                .is_file()
        };
        let missing: Vec<&str> = EXTENSIONS.iter().filter(missing).copied().collect();
        if missing.is_empty() {
            Ok(Self {
                bin_dir: bin_dir.to_owned(),
                version,
            })
        } else {
            Err(format!(
                "lacks the contrib extensions {}",
                missing.join(", ")
            ))
        }
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }
}

pub(crate) fn version(program: &Path) -> Option<Version> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "… 18beta1"
    let number = text.split(')').nth(1)?.split_whitespace().next()?;
    let leading = |part: &str| {
        part.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
            .parse()
            .ok()
    };
    let mut parts = number.split('.');
    Some(Version {
        major: leading(parts.next()?)?,
        minor: parts.next().and_then(leading).unwrap_or(0),
    })
}

/// Where the control files are: `pg_config` knows; packages without it keep them beside the programs.
fn share_dir(bin_dir: &Path) -> Option<PathBuf> {
    let told = Command::new(bin_dir.join("pg_config"))
        .arg("--sharedir")
        .output()
        .ok();
    let told = told
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|text| PathBuf::from(text.trim()));
    let root = bin_dir.parent()?;
    let debian = root
        .file_name()
        .map(|major| Path::new("/usr/share/postgresql").join(major));
    let candidates = [
        told,
        Some(root.join("share/postgresql")),
        Some(root.join("share")),
        debian,
        Some(root.join("share/pgsql")),
    ];
    candidates
        .into_iter()
        .flatten()
        .find(|share| share.join("extension").is_dir())
}
