//! Packages unpacked into the entries of the root's layers.

use super::alternatives;
use super::deb::{Deb, DebError};
use super::furnish::{self, Entries};
use super::plan::{PlannedPackage, RootPlan, RootSpec};
use super::tidy;
use crate::scheme::Scheme;
use crate::standalone::{self, StandaloneFormError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use windlass_oci::{EntryKind, LayerEntry};

/// The entries of each layer of a root.
#[derive(Debug)]
pub(crate) struct RootEntries {
    pub(crate) base: Vec<LayerEntry>,
    pub(crate) python: Vec<LayerEntry>,
    pub(crate) extra: Vec<LayerEntry>,
    pub(crate) libraries: Vec<LayerEntry>,
    /// Packages with a script that would have run, and that nobody has looked at for that.
    pub(crate) unreviewed: Vec<String>,
}

/// Why packages cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum UnpackPackagesError {
    /// A package cannot be read.
    #[error(transparent)]
    Deb(#[from] DebError),
    /// The standalone Python cannot be read.
    #[error(transparent)]
    Standalone(#[from] StandaloneFormError),
    /// Two packages have different files at one path.
    #[error("the packages `{first}` and `{second}` both ship `{path}`")]
    SamePath {
        /// The path.
        path: String,
        /// One package.
        first: String,
        /// The other.
        second: String,
    },
}

/// Packages of every image: what their scripts do is done by [`furnish`], or has no use in an
/// image (menus, alternatives, services, caches of documentation, byte-compiling).
const REVIEWED: [&str; 13] = [
    "base-files",
    "busybox",
    "ca-certificates",
    "dash",
    "libc-bin",
    "libc6",
    "libgssapi-krb5-2",
    "libpython3.11-minimal",
    "libpython3.13-minimal",
    "netbase",
    "readline-common",
    "tzdata",
    "media-types",
];

/// Reads all packages (in parallel) and arranges their files into layers. `files` are the
/// packages' `.deb` files, in the plan's order.
pub(crate) fn entries(
    plan: &RootPlan,
    files: &[PathBuf],
    spec: &RootSpec,
    signal: i32,
) -> Result<RootEntries, UnpackPackagesError> {
    let mut debs = read_all(plan, files, spec.scheme())?.into_iter();
    let mut unreviewed = Vec::new();
    let mut layer = |packages: &[PlannedPackage], below: &[&Entries]| {
        let mut entries = Entries::new();
        let mut links = Vec::new();
        for (package, mut deb) in packages.iter().zip(debs.by_ref()) {
            if let Some(script) = deb.postinst.take() {
                links.extend(alternatives::of_script(&script));
                if !is_reviewed(&package.name) {
                    unreviewed.push(package.name.clone());
                }
            }
            add_package(&mut entries, below, package, deb)?;
        }
        alternatives::add(&mut entries, below, links);
        Ok::<_, UnpackPackagesError>(entries)
    };
    let mut base = layer(&plan.base, &[])?;
    let mut python = layer(&plan.python, &[&base])?;
    let extra = layer(&plan.extra, &[&base, &python])?;
    let libraries = layer(&plan.libraries, &[&base, &python, &extra])?;
    let has = |folder: &str| [&base, &python, &extra].iter().any(|layer| holds(layer, folder));
    let links = tidy::merged_links(&has);
    furnish::base(&mut base);
    base.extend(links.into_iter().map(|entry| (entry.path.clone(), entry)));
    furnish::python(&mut python, spec.scheme(), signal);
    let cache = |layers: &[&Entries]| {
        let all = layers.iter().flat_map(|layer| layer.values());
        furnish::loader_cache(all, &spec.architecture)
    };
    let of_python = cache(&[&base, &python]);
    // The topmost layer with libraries has the cache of all of them.
    let of_extra = (!extra.is_empty()).then(|| cache(&[&base, &python, &extra]));
    let of_all = (!libraries.is_empty()).then(|| cache(&[&base, &python, &extra, &libraries]));
    let with = |layer: Entries, cache| -> Vec<_> { layer.into_values().chain(cache).collect() };
    Ok(RootEntries {
        python: with(python, Some(of_python)),
        extra: with(extra, of_extra),
        libraries: with(libraries, of_all),
        base: with(base, None),
        unreviewed,
    })
}

/// Whether anything lies in a folder. A package need not name the folders of its files: bookworm's
/// loader lies in a /lib64 that no package has an entry for once it is merged.
fn holds(layer: &Entries, folder: &str) -> bool {
    let below = format!("{folder}/");
    layer.range(below.clone()..).next().is_some_and(|(path, _)| path.starts_with(&below))
}

fn is_reviewed(name: &str) -> bool {
    REVIEWED.contains(&name) || name.starts_with("python3.") || name.starts_with("libpython3.")
}

/// Adds a package's files, and its record for scanners, which read `status.d`.
fn add_package(
    entries: &mut Entries,
    below: &[&Entries],
    package: &PlannedPackage,
    deb: Deb,
) -> Result<(), UnpackPackagesError> {
    let mut kept = std::collections::BTreeSet::new();
    for entry in deb.entries.into_iter().filter_map(tidy::tidied) {
        let lower = below.iter().find_map(|layer| layer.get(&entry.path));
        match entries.get(&entry.path).or(lower) {
            Some(there) if there.kind == EntryKind::Dir && entry.kind == EntryKind::Dir => {
                if lower.is_none() {
                    continue;
                }
                // A layer repeats the folders that it adds to, as they are below.
                entries.insert(entry.path.clone(), there.clone());
                continue;
            }
            Some(there) if *there != entry => {
                return Err(UnpackPackagesError::SamePath {
                    path: entry.path,
                    first: owner(entries, below),
                    second: package.name.clone(),
                });
            }
            _ => {}
        }
        kept.insert(entry.path.clone());
        entries.insert(entry.path.clone(), entry);
    }
    if package.standalone {
        // Scanners would judge it by Debian's versions.
        return Ok(());
    }
    let record = format!("var/lib/dpkg/status.d/{}", package.name);
    let mut sums = String::new();
    for line in deb.md5sums.lines() {
        if line.split_once("  ").is_some_and(|(_, path)| kept.contains(path)) {
            sums.push_str(line);
            sums.push('\n');
        }
    }
    entries.insert(record.clone(), LayerEntry::text(&record, deb.control));
    let record = format!("{record}.md5sums");
    entries.insert(record.clone(), LayerEntry::text(record, sums));
    Ok(())
}

/// The packages that could have shipped a path already: those recorded so far.
fn owner(entries: &Entries, below: &[&Entries]) -> String {
    let records = |layer: &Entries| -> Vec<String> {
        layer
            .keys()
            .filter_map(|path| path.strip_prefix("var/lib/dpkg/status.d/"))
            .filter(|name| !name.ends_with(".md5sums"))
            .map(str::to_owned)
            .collect()
    };
    let mut names = records(entries);
    names.extend(below.iter().flat_map(|layer| records(layer)));
    names.join(", ")
}

/// Reads packages on as many threads as there are processors.
fn read_all(
    plan: &RootPlan,
    files: &[PathBuf],
    scheme: Scheme,
) -> Result<Vec<Deb>, UnpackPackagesError> {
    let packages: Vec<_> = plan.packages().collect();
    let read = |number: usize, file: &Path| {
        if packages.get(number).is_some_and(|package| package.standalone) {
            let entries = standalone::entries(file, scheme)?;
            return Ok(Deb { entries, ..Deb::default() });
        }
        Ok(Deb::read(file)?)
    };
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Deb, UnpackPackagesError>)>> = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(files.len()) {
            scope.spawn(|| {
                while let Some((number, file)) = {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    files.get(number).map(|file| (number, file))
                } {
                    let deb = read(number, file);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((number, deb));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, deb)| deb).collect()
}
