use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Findings;

const MIB: u64 = 1024 * 1024;

/// The directory of uploaded files.
pub(super) fn examine(findings: &mut Findings, folder: &Path) {
    let check = "storage";
    if !folder.is_dir() {
        findings.warn(
            check,
            format!("{} is not there", folder.display()),
            "the server makes it when it starts, if it may; mount or make it beforehand to be sure",
        );
        return;
    }
    match write_and_remove(folder) {
        Ok(()) => findings.ok(check, format!("{} is writable", folder.display())),
        Err(error) => findings.fail(
            check,
            format!("{} is not writable: {error}", folder.display()),
            "give it to the account that runs Karya",
        ),
    }
    if let Ok(metadata) = folder.metadata()
        && metadata.permissions().mode() & 0o077 != 0
    {
        findings.warn(
            check,
            format!("others of this machine may enter {}", folder.display()),
            format!("chmod 700 {}", folder.display()),
        );
    }
    if let Some(kind) = passing(folder) {
        findings.warn(
            check,
            format!("{} lies on {kind}, which does not last", folder.display()),
            "mount a volume there",
        );
    }
    disk(findings, folder);
}

/// A file as the server would write one, gone again.
fn write_and_remove(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::File::create_new(&path).and_then(|mut file| {
        file.write_all(b"karya doctor")?;
        file.sync_all()
    });
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

/// A file system that goes with the machine or the container.
#[cfg(target_os = "linux")]
fn passing(folder: &Path) -> Option<&'static str> {
    const TMPFS: u64 = 0x0102_1994;
    const OVERLAY: u64 = 0x794c_7630;
    let kind = rustix::fs::statfs(folder).ok()?.f_type;
    match u64::try_from(kind).ok()? {
        TMPFS => Some("tmpfs"),
        OVERLAY => Some("the container's own layer"),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn passing(_folder: &Path) -> Option<&'static str> {
    None
}

fn disk(findings: &mut Findings, folder: &Path) {
    let check = "disk";
    let space = match rustix::fs::statvfs(folder) {
        Ok(space) => space,
        Err(error) => {
            findings.warn(
                check,
                format!("the free space of {} is unknown: {error}", folder.display()),
                "see whether the file system is mounted",
            );
            return;
        }
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize) / MIB;
    let total = space.f_blocks.saturating_mul(space.f_frsize) / MIB;
    let found = format!("{free} MiB of {total} are free for uploads");
    let fix = "make room, or give storage.url a larger file system";
    if free < 100 {
        findings.fail(check, found, fix);
    } else if free < 1024 || free < total / 20 {
        findings.warn(check, found, fix);
    } else {
        findings.ok(check, found);
    }
}
