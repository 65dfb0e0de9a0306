//! As whom PostgreSQL runs. It refuses root, so root needs another account for it.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::Error;

/// An account that may run PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Whether it is another one than ours.
    pub(crate) is_other: bool,
}

/// The uid of this process, by way of a file it owns.
fn own_ids() -> (u32, u32) {
    std::fs::metadata("/proc/self")
        .or_else(|_| {
            let probe = tempfile::NamedTempFile::new()?;
            probe.as_file().metadata()
        })
        .map_or((u32::MAX, u32::MAX), |metadata| {
            (metadata.uid(), metadata.gid())
        })
}

pub(crate) fn is_root() -> bool {
    own_ids().0 == 0
}

impl Account {
    /// Ourselves, or, for root: `postgres`, the account behind sudo, `nobody`.
    pub(crate) fn choose() -> Result<Self, Error> {
        let (uid, gid) = own_ids();
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        #[expect(
            clippy::disallowed_methods,
            reason = "set by sudo, not a setting of ours"
        )]
        let sudo = std::env::var("SUDO_UID")
            .ok()
            .and_then(|uid| uid.parse().ok());
        Self::from_passwd(uid, gid, sudo, &passwd).ok_or(Error::NoAccount)
    }

    fn from_passwd(uid: u32, gid: u32, sudo: Option<u32>, passwd: &str) -> Option<Self> {
        if uid != 0 {
            return Some(Self {
                uid,
                gid,
                is_other: false,
            });
        }
        // name:password:uid:gid:…
        let entries = passwd.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            Some((
                name,
                fields.nth(1)?.parse::<u32>().ok()?,
                fields.next()?.parse::<u32>().ok()?,
            ))
        });
        let entries: Vec<_> = entries.collect();
        let by_name = |wanted: &str| entries.iter().find(|(name, ..)| *name == wanted);
        let by_sudo = sudo.and_then(|wanted| entries.iter().find(|(_, uid, _)| *uid == wanted));
        let (_, uid, gid) = by_name("postgres")
            .or(by_sudo)
            .or_else(|| by_name("nobody"))
            .filter(|(_, uid, _)| *uid != 0)?;
        Some(Self {
            uid: *uid,
            gid: *gid,
            is_other: true,
        })
    }

    /// Makes `command` run as this account.
    pub(crate) fn run<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if self.is_other {
            // The folder we are in may be closed to the account.
            command.uid(self.uid).gid(self.gid).current_dir("/");
        }
        command
    }

    /// Gives it a file or folder.
    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        if self.is_other {
            std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
                .map_err(Error::file(path))?;
        }
        Ok(())
    }

    /// Whether it can walk into the folder: one closed ancestor is enough that it cannot.
    pub(crate) fn can_enter(&self, folder: &Path) -> bool {
        if !self.is_other {
            return true;
        }
        Command::new("test")
            .args(["-x".as_ref(), folder.as_os_str()])
            .uid(self.uid)
            .gid(self.gid)
            .current_dir("/")
            .status()
            .is_ok_and(|status| status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn root_never_runs_it() {
        let passwd = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nsiti:x:1000:1000::/home/siti:/bin/sh\n";
        let uid = |uid, sudo, passwd: &str| {
            Account::from_passwd(uid, uid, sudo, passwd).map(|account| account.uid)
        };
        assert_eq!(uid(1000, None, passwd), Some(1000));
        assert_eq!(uid(0, None, passwd), Some(65534));
        assert_eq!(uid(0, Some(1000), passwd), Some(1000));
        assert_eq!(
            uid(
                0,
                Some(1000),
                &format!("{passwd}postgres:x:101:104::/:/bin/sh\n")
            ),
            Some(101)
        );
        assert_eq!(uid(0, Some(70000), "root:x:0:0::/root:/bin/sh\n"), None);
        assert_eq!(uid(0, Some(0), "root:x:0:0::/root:/bin/sh\n"), None);
    }
}
