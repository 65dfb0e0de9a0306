use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::installation::{Version, version};
use crate::search::Search;

/// `pg_dump` and `pg_restore` of one version. Installations for development often lack them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpPrograms {
    pub bin_dir: PathBuf,
    pub version: Version,
}

/// Those of the major version, or else of the next newer one that there is: older ones refuse the server.
#[must_use]
pub fn find_dump_programs(search: &Search, major: u32) -> Option<DumpPrograms> {
    let found = search.folders.iter().filter_map(|folder| {
        let is_there = |name| is_itself(&folder.join(name), name);
        let version = (is_there("pg_dump") && is_there("pg_restore"))
            .then(|| version(&folder.join("pg_dump")))??;
        (version.major >= major).then(|| DumpPrograms {
            bin_dir: folder.clone(),
            version,
        })
    });
    found.min_by_key(|found| found.version.major)
}

/// Debian's `/usr/bin/pg_dump` is a script that runs whichever version it thinks fit.
fn is_itself(path: &Path, name: &str) -> bool {
    path.canonicalize()
        .is_ok_and(|path| path.file_name() == Some(OsStr::new(name)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_same_version_is_taken_or_the_next_newer_one() {
        let root = tempfile::tempdir().unwrap();
        let folder = |number: &str| {
            let folder = root.path().join(number);
            std::fs::create_dir(&folder).unwrap();
            for name in ["pg_dump", "pg_restore"] {
                let program = folder.join(name);
                let script = format!("#!/bin/sh\necho '{name} (PostgreSQL) {number}'\n");
                std::fs::write(&program, script).unwrap();
                let all = std::fs::Permissions::from_mode(0o755);
                std::fs::set_permissions(&program, all).unwrap();
            }
            folder
        };
        let search = Search {
            folders: ["14.9", "18.1", "16.2", "17.0"].map(folder).to_vec(),
            ..Search::default()
        };
        let major = |wanted| find_dump_programs(&search, wanted).map(|found| found.version.major);
        assert_eq!(major(16), Some(16));
        assert_eq!(major(15), Some(16));
        assert_eq!(major(19), None);
        std::fs::remove_file(root.path().join("17.0/pg_restore")).unwrap();
        assert_eq!(major(17), Some(18));
    }
}
