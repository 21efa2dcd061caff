//! Why an image was not pushed or pulled: facts. The words are in [`crate::explain`].

use super::CliError;
use crate::git::GitError;
use std::path::PathBuf;
use windlass_model::AppName;
use windlass_oci::StoreError;
use windlass_oci::platform::ParsePlatformError;
use windlass_oci::registry::{ParseReferenceError, Reference, RegistryError};

/// Everything that can keep an image from a registry, or from this machine.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageError {
    #[error(transparent)]
    Registry(RegistryError),
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Git(GitError),
    #[error(transparent)]
    Reference(ParseReferenceError),
    #[error(transparent)]
    Platform(ParsePlatformError),
    #[error("{reference} is a digest, which an image has and nobody gives")]
    PushToDigest { reference: Reference },
    #[error("it is not said where to push to")]
    NowhereToPush,
    #[error("there is no image of {app} yet")]
    NotBuilt { app: AppName },
    #[error("there is no image `{image}` in {}", store.display())]
    NoImage { image: String, store: PathBuf },
    #[error("{image} has no name that could be removed")]
    NoName { image: String },
    #[error("git knows nothing about {} that could be a tag", folder.display())]
    NoTags { folder: PathBuf },
}

impl From<RegistryError> for CliError {
    fn from(error: RegistryError) -> Self {
        ImageError::Registry(error).into()
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        ImageError::Store(error).into()
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        ImageError::Git(error).into()
    }
}

impl From<ParseReferenceError> for CliError {
    fn from(error: ParseReferenceError) -> Self {
        ImageError::Reference(error).into()
    }
}

impl From<ParsePlatformError> for CliError {
    fn from(error: ParsePlatformError) -> Self {
        ImageError::Platform(error).into()
    }
}
