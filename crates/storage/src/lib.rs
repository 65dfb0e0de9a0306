//! Files that people upload. The bytes are objects in a store; `objects` keeps the list of them in the database.
//!
//! To store something: `objects::reserve` a key, `Storage::put` the bytes, and `objects::keep` the key in the
//! transaction of the row that refers to it. Whatever goes wrong on the way, `objects::sweep` finds what is left.

pub mod objects;

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use karya_core::Random;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

/// Why the storage did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("storage.url {0:?} is not a directory: other stores are not built in")]
    Unsupported(String),
    #[error("the folder {folder} cannot be used")]
    Folder {
        folder: PathBuf,
        source: std::io::Error,
    },
    #[error("the store refused")]
    Store(#[from] object_store::Error),
}

/// The name of an object: random, never what a user says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A new one under `prefix`, which says what the object is for.
    #[must_use]
    pub fn fresh(random: &Random, prefix: &str) -> Self {
        let token = random.token();
        let shard = token.get(..2).unwrap_or_default();
        Self(format!("{prefix}/{shard}/{token}"))
    }

    /// One that the database holds.
    #[must_use]
    pub fn stored(key: String) -> Self {
        Self(key)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn path(&self) -> Result<Path, StorageError> {
        Ok(Path::parse(&self.0).map_err(object_store::Error::from)?)
    }
}

/// Where objects are. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
}

/// The bytes of an object as they come.
pub type Content = BoxStream<'static, Result<Bytes, StorageError>>;

impl Storage {
    /// The store at `url`: the path of a directory, which is made if it is missing and is for this user alone.
    pub fn open(url: &str) -> Result<Self, StorageError> {
        if url.is_empty() || url.contains("://") {
            return Err(StorageError::Unsupported(url.to_owned()));
        }
        let folder = FilePath::new(url);
        private_folder(folder).map_err(|source| StorageError::Folder {
            folder: folder.to_owned(),
            source,
        })?;
        let store = LocalFileSystem::new_with_prefix(folder)?
            .with_automatic_cleanup(true)
            .with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
        })
    }

    /// Writes an object, wholly or not at all.
    pub async fn put(&self, key: &Key, content: Bytes) -> Result<(), StorageError> {
        let size = content.len() as u64;
        let path = key.path()?;
        let written = self.store.put(&path, PutPayload::from(content)).await;
        counted("put", written)?;
        metrics::counter!("karya_storage_stored_bytes_total").increment(size);
        Ok(())
    }

    /// Reads an object, piece by piece; none if it is not there.
    pub async fn get(&self, key: &Key) -> Result<Option<Content>, StorageError> {
        match self.store.get(&key.path()?).await {
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            found => {
                let stream = counted("get", found)?.into_stream();
                Ok(Some(stream.map_err(StorageError::from).boxed()))
            }
        }
    }

    /// Removes an object; one that is gone already is no error.
    pub async fn delete(&self, key: &Key) -> Result<(), StorageError> {
        match self.store.delete(&key.path()?).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            done => counted("delete", done),
        }
    }
}

fn counted<T>(
    operation: &'static str,
    outcome: object_store::Result<T>,
) -> Result<T, StorageError> {
    outcome.map_err(|error| {
        metrics::counter!("karya_storage_failures_total", "operation" => operation).increment(1);
        error.into()
    })
}

fn private_folder(folder: &FilePath) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
