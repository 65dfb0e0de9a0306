//! Files of a backup: for their owner alone, and on the disk before anybody counts on them.

use std::fs::{self, DirBuilder, File as OpenFile, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use actix_web::web::Bytes;
use aws_lc_rs::digest::{Context, SHA256};
use futures_util::StreamExt;
use karya_storage::{Key, Storage};
use tokio_postgres::Client;

use super::checksum::hex;
use super::manifest::{File, Manifest, Uploads};
use super::{Failure, explain};

/// The end of the name of a backup that is not finished.
const UNFINISHED: &str = "unfinished";

/// The folder in a backup with the uploads.
const UPLOADS: &str = "uploads";

fn at(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| format!("{path}: {error}").into()
}

/// A backup that is being made. Unless it is finished it goes with this value.
pub(super) struct Draft {
    folder: PathBuf,
    finished: PathBuf,
}

impl Draft {
    pub(super) fn new(parent: &Path, name: &str) -> Result<Self, Failure> {
        private_folder(parent)?;
        let finished = parent.join(name);
        let folder = parent.join(format!("{name}.{UNFINISHED}"));
        if finished.exists() {
            return Err(format!("{} is there already", finished.display()).into());
        }
        // Not recursive: of two that start at once, one fails here.
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(at(&folder))?;
        Ok(Self { folder, finished })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// An empty file in it, for its owner alone.
    pub(super) fn file(&self, path: &str) -> Result<OpenFile, Failure> {
        let path = self.folder.join(path);
        if let Some(parent) = path.parent() {
            private_folder(parent)?;
        }
        private_file(&path)
    }

    /// What the manifest says of a file that is written. Waits until the disk has it.
    pub(super) fn describe(&self, path: &str) -> Result<File, Failure> {
        let place = self.folder.join(path);
        let file = OpenFile::open(&place).map_err(at(&place))?;
        file.sync_all().map_err(at(&place))?;
        let (bytes, sha256) = digest(file).map_err(at(&place))?;
        Ok(File {
            path: path.to_owned(),
            bytes,
            sha256,
        })
    }

    /// Writes the manifest, and gives the folder its name.
    pub(super) fn finish(self, manifest: &Manifest) -> Result<PathBuf, Failure> {
        let mut file = self.file(super::manifest::FILE)?;
        serde_json::to_writer_pretty(&mut file, manifest)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        sync_folders(&self.folder)?;
        fs::rename(&self.folder, &self.finished).map_err(at(&self.finished))?;
        if let Some(parent) = self.finished.parent() {
            sync_folder(parent)?;
        }
        Ok(self.finished.clone())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already when it is finished: then it has another name.
        let _not_there = fs::remove_dir_all(&self.folder);
    }
}

fn private_folder(path: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(at(path))
}

fn private_file(path: &Path) -> Result<OpenFile, Failure> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(at(path))
}

fn sync_folder(folder: &Path) -> Result<(), Failure> {
    // An empty path is where we are.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    OpenFile::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(at(folder))
}

fn sync_folders(folder: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    sync_folder(folder)
}

/// Length and SHA-256.
fn digest(mut file: impl Read) -> io::Result<(u64, String)> {
    let mut digest = Context::new(&SHA256);
    let (mut piece, mut bytes) = (vec![0; 64 * 1024], 0);
    loop {
        let length = file.read(&mut piece)?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else {
            break;
        };
        digest.update(read);
        bytes += read.len() as u64;
    }
    Ok((bytes, hex(digest.finish().as_ref())))
}

/// Fails, and names them, if files of a backup are missing or changed.
pub(super) fn check(backup: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for file in &manifest.files {
        let place = file.place(backup)?;
        match OpenFile::open(&place).and_then(digest) {
            Ok((bytes, sha256)) if bytes == file.bytes && sha256 == file.sha256 => {}
            Ok(_) => faults.push(format!("{} is not as it was written", file.path)),
            Err(error) => faults.push(format!("{}: {error}", file.path)),
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(format!("{} is damaged:\n{}", backup.display(), faults.join("\n")).into())
    }
}

/// Copies the uploads that the snapshot of `client` names.
pub(super) async fn save_uploads(
    client: &Client,
    storage: &Storage,
    draft: &Draft,
) -> Result<(Vec<File>, Uploads), Failure> {
    let rows = client
        .query(
            "SELECT key FROM public.stored_objects WHERE remove_at IS NULL ORDER BY key",
            &[],
        )
        .await
        .map_err(explain)?;
    let (mut files, mut missing) = (Vec::new(), Vec::new());
    for row in rows {
        let key: String = row.get(0);
        let Some(mut content) = storage.get(&Key::stored(key.clone())).await? else {
            missing.push(key);
            continue;
        };
        let path = format!("{UPLOADS}/{key}");
        let mut file = draft.file(&path)?;
        while let Some(piece) = content.next().await {
            file.write_all(&piece?)?;
        }
        files.push(draft.describe(&path)?);
    }
    let uploads = Uploads {
        included: true,
        missing,
    };
    Ok((files, uploads))
}

/// Puts the uploads of a backup into the storage; returns how many.
pub(super) async fn restore_uploads(
    backup: &Path,
    manifest: &Manifest,
    storage: &Storage,
) -> Result<usize, Failure> {
    let mut count = 0;
    for file in &manifest.files {
        let key = file.path.strip_prefix(UPLOADS);
        if let Some(key) = key.and_then(|key| key.strip_prefix('/')) {
            let content = fs::read(file.place(backup)?)?;
            storage
                .put(&Key::stored(key.to_owned()), Bytes::from(content))
                .await?;
            count += 1;
        }
    }
    Ok(count)
}
