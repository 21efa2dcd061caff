//! The image for every machine that it is wanted for, and the index of them.
//!
//! Nothing of another machine's is ever run: its packages and wheels are unpacked, its bytecode is made
//! by a Python of this one, and what the project has run while its image is built runs in this
//! machine's image; what comes of it goes into all, if nothing in it is made for one processor. The
//! image for a machine has the same digest whether it is built alone, with others, here or there.

use super::app::{self, Ran};
use super::ground::Ground;
use super::workplace::Workplace;
use super::{BuildError, BuildRequest, BuiltImage, BuiltPlatform, based, locked, origin};
use crate::image::{NamedLayer, ProjectFiles, image_config};
use crate::meter::Meter;
use crate::wheels::lock::{self, WindlassLock};
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::{BuildSpec, Digest, Machine, Problem, Progress};
use windlass_oci::{Descriptor, ImageConfig, ImageStore, Index, Manifest, Platform, StoreError};

/// The machine that this program runs on.
///
/// # Errors
/// [`BuildError::Processor`] where images are made for no such machine.
pub(crate) fn this_machine() -> Result<Machine, BuildError> {
    Machine::of_this().ok_or(BuildError::Processor { machine: std::env::consts::ARCH })
}

/// Has every layer made, and the images of them.
pub(super) fn build(
    request: &BuildRequest<'_>,
    progress: &dyn Fn(Progress),
    (files, mut warnings): (ProjectFiles, Vec<Problem>),
) -> Result<BuiltImage, BuildError> {
    let here = this_machine()?;
    let machines = wanted(request.platforms, here);
    let meter = Meter::new(progress);
    let store = ImageStore::open(&request.dirs.images)?;
    // What is made has no name before the end, and nobody may sweep it away meanwhile.
    let _held = store.hold()?;
    let lock = lock::read(request.project)?;
    let laid = laid(request.spec, &machines, here);
    let bases = based::find_all(&request.into(), (&store, lock.as_ref()), &laid, &meter)?;
    let spec = based::spec(bases.values().next(), request.spec);
    let request = &BuildRequest { spec: &spec, ..*request };
    let place = Workplace::open(request, &store, (lock, bases));
    let mut grounds = grounds(&place, (&laid, here), &meter)?;
    let ran = app::run(&place, grounds.get(&here), (files, &meter), &mut warnings)?;
    let (mut images, mut findings) = (Vec::new(), Vec::new());
    for machine in &machines {
        let Some(ground) = grounds.remove(machine) else { continue };
        if *machine != here {
            ran.outcome.must_run_on(*machine)?;
        }
        meter.label((machines.len() > 1).then_some(*machine));
        let mut image = Image::make(&place, (*machine, ground), &ran, &meter)?;
        add_new(&mut findings, &mut image.ground.findings);
        add_new(&mut warnings, &mut image.ground.warnings);
        images.push(image);
    }
    // From here on others see it, and a newer build may have been begun.
    request.still_wanted()?;
    let manifest = publish(&place, &images)?;
    let lock = conclude(&place, &images, &mut warnings);
    let layers = || images.iter().flat_map(|image| &image.layers);
    let sizes: BTreeMap<Digest, u64> =
        layers().map(|layer| &layer.info.descriptor).map(|blob| (blob.digest, blob.size)).collect();
    Ok(BuiltImage {
        manifest,
        layers: layers().count(),
        bytes: sizes.values().sum(),
        platforms: images.iter().map(Image::report).collect(),
        lock_written: lock.map_or(Ok(false), |lock| lock::write(request.project, &lock))?,
        parts: meter.into_parts(),
        findings,
        warnings,
        collect_at_release: ran.collect_at_release,
    })
}

/// Each machine once, in the order of an index; this one where none is named.
fn wanted(named: &[Machine], here: Machine) -> Vec<Machine> {
    let mut machines = if named.is_empty() { vec![here] } else { named.to_vec() };
    machines.sort_unstable();
    machines.dedup();
    machines
}

/// The machines that a ground is laid for, in that order: for this one too where commands are run.
fn laid(spec: &BuildSpec, machines: &[Machine], here: Machine) -> Vec<Machine> {
    let mut laid = machines.to_vec();
    if app::has_commands(spec) && !laid.contains(&here) {
        laid.push(here);
    }
    // This machine's Python makes the bytecode of all.
    laid.sort_by_key(|machine| *machine != here);
    laid
}

/// What lies below the project's layers, for each machine.
fn grounds(
    place: &Workplace<'_>,
    (laid, here): (&[Machine], Machine),
    meter: &Meter<'_>,
) -> Result<BTreeMap<Machine, Ground>, BuildError> {
    let mut grounds = BTreeMap::new();
    let mut lock = place.lock.clone();
    for machine in laid {
        let label = (laid != [here]).then_some(*machine);
        meter.label(label);
        let ground = Ground::lay(place, (*machine, lock.as_ref()), meter);
        let ground = ground.map_err(|error| match label {
            Some(machine) => BuildError::For { machine, source: Box::new(error) },
            None => error,
        })?;
        // The next gets the same versions, wherever they fit.
        lock = Some(ground.new_lock().beside(lock));
        grounds.insert(*machine, ground);
        place.request.still_wanted()?;
    }
    meter.label(None);
    Ok(grounds)
}

/// The image for one machine.
struct Image {
    machine: Machine,
    ground: Ground,
    /// All of them, lowest first.
    layers: Vec<NamedLayer>,
    manifest: Digest,
}

impl Image {
    fn make(
        place: &Workplace<'_>,
        (machine, ground): (Machine, Ground),
        ran: &Ran,
        meter: &Meter<'_>,
    ) -> Result<Self, BuildError> {
        let mut layers = ground.layers.clone();
        layers.extend(app::layers(place, &ground.system, ran, meter)?);
        let root = &ground.python.root;
        let name = based::name(ground.base.as_ref(), root);
        let config = image_config(&ran.spec, &name, &root.architecture, &layers);
        let manifest = store_image(place.store, &config, &layers)?;
        Ok(Self { machine, ground, layers, manifest })
    }

    fn report(&self) -> BuiltPlatform {
        BuiltPlatform {
            machine: self.machine,
            manifest: self.manifest,
            layers: self.layers.len(),
            bytes: self.layers.iter().map(|layer| layer.info.descriptor.size).sum(),
        }
    }
}

fn store_image(
    store: &ImageStore,
    config: &ImageConfig,
    layers: &[NamedLayer],
) -> Result<Digest, StoreError> {
    let config = store.put_config(config)?;
    let layers = layers.iter().map(|layer| layer.info.descriptor.clone()).collect();
    Ok(store.put_manifest(&Manifest::new(config, layers))?.digest)
}

/// Names the image, or the index of several, and says where each came from.
fn publish(place: &Workplace<'_>, images: &[Image]) -> Result<Digest, StoreError> {
    let store = place.store;
    let listed = |image: &Image| -> Result<Descriptor, StoreError> {
        let platform = Platform::linux(image.machine.debian()).with_variant();
        Ok(store.descriptor_of(&image.manifest)?.for_platform(platform))
    };
    let digest = match images {
        [one] => one.manifest,
        several => {
            let listed = several.iter().map(listed).collect::<Result<_, _>>()?;
            store.put_index(&Index::new(listed))?.digest
        }
    };
    store.tag(place.request.spec.app.as_str(), &digest)?;
    for image in images {
        let Ground { python, base, system, resolved, .. } = &image.ground;
        let made_from = (&python.root, &system.plan, resolved);
        origin::record((store, &image.manifest), place.request, made_from, base.as_ref())?;
    }
    Ok(digest)
}

/// What the lock says after the build; what was used of the cache is noted on the way.
fn conclude(
    place: &Workplace<'_>,
    images: &[Image],
    warnings: &mut Vec<Problem>,
) -> Option<WindlassLock> {
    let mut whole = place.lock.clone();
    let mut used = BTreeSet::new();
    for Image { ground, .. } in images {
        let lock = ground.new_lock();
        warnings.extend(locked::moved_warning(ground.lock.as_ref(), &lock));
        used.extend(locked::used(&ground.system, &lock, &ground.resolved.resolution));
        whole = Some(lock.beside(whole));
    }
    locked::note_use(place.request, used);
    whole
}

/// Adds what is not there yet: several machines find out much the same.
fn add_new<T: PartialEq>(there: &mut Vec<T>, found: &mut Vec<T>) {
    for one in found.drain(..) {
        if !there.contains(&one) {
            there.push(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_come_once_and_in_one_order() {
        let (amd64, arm64) = (Machine::X86_64, Machine::Aarch64);
        assert_eq!(wanted(&[], arm64), [arm64]);
        assert_eq!(wanted(&[arm64, amd64, arm64], amd64), [amd64, arm64]);
    }
}
