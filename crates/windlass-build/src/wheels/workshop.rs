//! What is not a wheel becomes one: built before, built in a container, or built here.

use super::build_wheel::{self, BuildInput, BuildWheelError, BuiltWheel, HostBuilder};
use super::compile::CompileWheelError;
use super::gather::{Files, Gathered, published};
use super::host_python::HostPython;
use super::install::{InstallError, InstallRequest};
use super::resolution::{Artifact, LockedPackage, Source};
use super::segment::Segment;
use super::source_tree::SourceTree;
use super::uv::Uv;
use super::wheel_segment::WheelForm;
use std::cell::OnceCell;
use std::path::Path;
use windlass_model::Digest;

/// Builds what is not a wheel. uv is looked for only when something must be built.
pub(super) struct Workshop<'a> {
    request: &'a InstallRequest<'a>,
    uv: OnceCell<Uv>,
}

impl<'a> Workshop<'a> {
    pub(super) fn new(request: &'a InstallRequest<'a>) -> Self {
        Self { request, uv: OnceCell::new() }
    }

    /// The package as a wheel. `files` are those that were fetched.
    pub(super) fn gather(
        &self,
        package: &LockedPackage,
        known: Option<Segment>,
        files: &Files,
    ) -> Result<Gathered, InstallError> {
        let (name, label) = (package.name.clone(), package.label());
        let built = match &package.source {
            Source::Wheel(artifact) => {
                return Ok(Gathered {
                    name,
                    label,
                    form: published(self.request.scheme, artifact),
                    file: files.get(&artifact.sha256).cloned().unwrap_or_default(),
                    known,
                    is_local: false,
                    built_with: None,
                });
            }
            Source::Sdist(artifact) => self.build_archive(package, artifact, files)?,
            Source::Directory { path } => self.build_folder(package, path)?,
        };
        let scheme = self.request.scheme;
        let form = WheelForm { digest: built.digest, scheme, built: true };
        Ok(Gathered {
            name,
            label,
            form,
            known: form.known(self.request.cache),
            file: built.path,
            is_local: matches!(package.source, Source::Directory { .. }),
            built_with: Some(built.python),
        })
    }

    fn build_archive(
        &self,
        package: &LockedPackage,
        artifact: &Artifact,
        files: &Files,
    ) -> Result<BuiltWheel, InstallError> {
        let label = package.label();
        let input = self.input(&label, Path::new(""), artifact.sha256);
        let cache = self.request.cache;
        if let Some(built) = build_wheel::known((input.digest, input.identity), input.scheme, cache)
        {
            return Ok(built);
        }
        let file = files.get(&artifact.sha256).cloned().unwrap_or_default();
        let io = |source| InstallError::Io { path: file.clone(), source };
        // Build tools go by the name, which the download's place in the cache does not have.
        let scratch = scratch_in(cache).map_err(io)?;
        let named = scratch.path().join(&artifact.file);
        let real = std::path::absolute(&file).map_err(io)?;
        std::fs::copy(&real, &named).map_err(io)?;
        open_to_all(scratch.path(), &[&named]).map_err(io)?;
        self.build(&package.name, BuildInput { source: &named, ..input })
    }

    fn build_folder(
        &self,
        package: &LockedPackage,
        path: &Path,
    ) -> Result<BuiltWheel, InstallError> {
        let io = |source| InstallError::Io { path: path.to_owned(), source };
        let tree = SourceTree::read(path).map_err(io)?;
        let (label, cache) = (package.label(), self.request.cache);
        let input = self.input(&label, Path::new(""), tree.digest().map_err(io)?);
        if let Some(built) = build_wheel::known((input.digest, input.identity), input.scheme, cache)
        {
            return Ok(built);
        }
        let scratch = scratch_in(cache).map_err(io)?;
        tree.copy_to(scratch.path()).map_err(io)?;
        open_to_all(scratch.path(), &[]).map_err(io)?;
        self.build(&package.name, BuildInput { source: scratch.path(), ..input })
    }

    fn input<'i>(&self, package: &'i str, source: &'i Path, digest: Digest) -> BuildInput<'i> {
        let identity = self.request.compiler.map(|compiler| compiler.identity);
        BuildInput { package, source, digest, scheme: self.request.scheme, identity }
    }

    /// Builds with a compiler where there is one, else on this machine.
    fn build(&self, name: &str, input: BuildInput<'_>) -> Result<BuiltWheel, InstallError> {
        let tools = self.request.tools;
        let uv = if let Some(uv) = self.uv.get() {
            uv
        } else {
            let found = Uv::find(tools, self.request.cache).map_err(BuildWheelError::from)?;
            self.uv.get_or_init(|| found)
        };
        let cache = self.request.cache;
        let mut no_container = None;
        if let Some(compiler) = self.request.compiler {
            let compiled = build_wheel::build(
                input,
                cache,
                Box::new(|out| {
                    let job = uv.job((input.package, name), input.source, out);
                    (compiler.build)(&job).map_err(|error| compile_error(input.package, error))?;
                    Ok(input.scheme.python)
                }),
            );
            match compiled {
                Err(BuildWheelError::NeedsCompiler { no_container: Some(why), .. }) => {
                    no_container = Some(why);
                }
                other => return Ok(other?),
            }
        }
        let candidates = &tools.search.python;
        let python =
            HostPython::nearest(candidates, uv.home(), input.scheme.python).ok_or_else(|| {
                BuildWheelError::NoPython {
                    package: input.package.to_owned(),
                    tried: candidates.clone(),
                }
            })?;
        let builder = HostBuilder::new(uv, python);
        // It is no compiler's: found again by builds that have none either.
        let input = BuildInput { identity: None, ..input };
        let make = Box::new(|out: &Path| builder.build(input, out, no_container));
        Ok(build_wheel::build(input, cache, make)?)
    }
}

fn compile_error(package: &str, error: CompileWheelError) -> BuildWheelError {
    let package = package.to_owned();
    match error {
        CompileWheelError::NoContainer { problem } => BuildWheelError::NeedsCompiler {
            package,
            attempt: String::new(),
            no_container: Some(problem),
        },
        CompileWheelError::Failed { output, added, unknown } => {
            BuildWheelError::Compile { package, output: output.join("\n"), added, unknown }
        }
        CompileWheelError::Explained { problem } => BuildWheelError::Explained { package, problem },
    }
}

/// A folder for sources. It is an entry of the cache, so that what a killed build leaves is swept as
/// any other is.
fn scratch_in(cache: &Path) -> std::io::Result<tempfile::TempDir> {
    let folder = cache.join("built");
    std::fs::create_dir_all(&folder)?;
    tempfile::Builder::new().prefix(".source-").tempdir_in(folder)
}

/// Lets a container's user in, which is another than ours where we are root.
fn open_to_all(folder: &Path, files: &[&Path]) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    files
        .iter()
        .try_for_each(|file| std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)))
}
