//! Where a build's commands run: the image so far, a copy of the project, a cache, secrets.

use super::{BuildError, BuildStepError, Steps};
use crate::image::ProjectFiles;
use crate::step::{StepMount, StepNetwork};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use windlass_model::BuildSpec;
use windlass_oci::{Expected, LayerCache};

/// Where the app's cache folder is in the container.
pub(super) const CACHE_DIR: &str = "/var/cache/build";
/// Where secrets are in the container, one file for each.
const SECRETS_DIR: &str = "/run/secrets";

/// What all commands of a build share.
pub(super) struct Place {
    /// Unpacked layers, lowest first.
    pub(super) layers: Vec<PathBuf>,
    /// The declared secrets' values, to be kept out of what is shown.
    pub(super) secrets: Vec<String>,
    pub(super) network: StepNetwork,
    home: tempfile::TempDir,
    cache: PathBuf,
}

impl Place {
    pub(super) fn make(steps: &Steps<'_>, files: &ProjectFiles) -> Result<Self, BuildError> {
        let request = steps.request;
        let layers: Vec<_> = steps
            .layers
            .iter()
            .map(|layer| Expected {
                digest: layer.info.descriptor.digest,
                diff_id: layer.info.diff_id,
            })
            .collect();
        let unpacked = LayerCache::open(&request.dirs.layers)
            .and_then(|cache| cache.ensure_layers(steps.shelf.store, &layers))
            .map_err(BuildStepError::from)?;
        let scratch = &request.dirs.scratch;
        let disk = |path: &Path| {
            let path = path.to_owned();
            |source| BuildStepError::Disk { path, source }
        };
        fs::create_dir_all(scratch).map_err(disk(scratch))?;
        let home = tempfile::Builder::new().prefix("commands-").tempdir_in(scratch);
        let home = home.map_err(disk(scratch))?;
        let cache = request.dirs.cache.join("build-cache").join(request.spec.app.as_str());
        fs::create_dir_all(&cache).map_err(disk(&cache))?;
        let mut place = Self {
            layers: unpacked,
            secrets: Vec::new(),
            network: StepNetwork::of(&request.settings.tools.environment),
            home,
            cache,
        };
        let app = place.app();
        make_folder(&app).map_err(disk(&app))?;
        files.write_to(&app).map_err(BuildStepError::from)?;
        place.write_secrets(steps)?;
        Ok(place)
    }

    /// The copy of the project.
    pub(super) fn app(&self) -> PathBuf {
        self.home.path().join("app")
    }

    /// Leaves the copy where it is, until whoever builds removes its scratch.
    pub(super) fn keep(mut self) {
        self.home.disable_cleanup(true);
    }

    pub(super) fn mounts(&self) -> Vec<StepMount> {
        let mount = |source: PathBuf, target: &str, read_only| StepMount {
            source,
            target: target.into(),
            read_only,
        };
        let mut mounts = vec![
            mount(self.app(), BuildSpec::APP_DIR, false),
            mount(self.cache.clone(), CACHE_DIR, false),
            mount(self.secrets_dir(), SECRETS_DIR, true),
        ];
        mounts.extend(self.network.mounts.clone());
        mounts
    }

    fn secrets_dir(&self) -> PathBuf {
        self.home.path().join("secrets")
    }

    /// A file for each declared secret. They are readable by the container's user, in a folder that
    /// nobody else on this machine may enter, and gone with the build.
    fn write_secrets(&mut self, steps: &Steps<'_>) -> Result<(), BuildStepError> {
        let folder = self.secrets_dir();
        let disk = |source| BuildStepError::Disk { path: folder.clone(), source };
        make_folder(&folder).map_err(disk)?;
        for name in &steps.request.spec.build_secrets {
            let value = steps.request.settings.tools.environment.get(name);
            let value = value.ok_or_else(|| BuildStepError::Secret { name: name.clone() })?;
            let path = folder.join(name);
            fs::write(&path, value).map_err(disk)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).map_err(disk)?;
            self.secrets.push(value.clone());
        }
        Ok(())
    }
}

/// Readable by all, whatever the umask is: the container's user is another one.
fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}
