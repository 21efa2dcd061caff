//! The layers of a real image's packages: what changes them, who reads them, what damages them.

use super::*;
use crate::all::wheels::tools;
use sha2::{Digest as _, Sha256};
use std::process::{Command, Stdio};
use windlass_model::{Dependencies, Digest};

const TAR_AGAIN: &str = include_str!("../../../../windlass-oci/tests/all/tar_again.py");

/// A project with these requirements, built.
fn build_with(place: &Workplace, requirements: &str) -> BuiltImage {
    std::fs::write(place.project().join("requirements.txt"), requirements).expect("written");
    let files = vec!["requirements.txt".to_owned()];
    let spec = BuildSpec { dependencies: Dependencies::Requirements { files }, ..shop() };
    let settings = BuildSettings { tools: tools(), ..BuildSettings::default() };
    place.build_with(&spec, "", &settings).expect("an image")
}

fn layers(place: &Workplace, image: &BuiltImage) -> Vec<(PathBuf, Digest, String)> {
    let store = ImageStore::open(place.dirs().images).expect("a layout");
    let manifest = place.manifest(image);
    let config = store.read_config(&manifest).expect("a config");
    let said = config.history.into_iter().map(|line| line.created_by);
    let described = config.diff_ids.into_iter().zip(said);
    let blobs = manifest.layers.iter().map(|layer| store.blob_path(&layer.digest));
    blobs.zip(described).map(|(blob, (diff_id, said))| (blob, diff_id, said)).collect()
}

fn through(program: &str, arguments: &[&str], input: &Path) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::from(std::fs::File::open(input).expect("a layer")))
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

const FEW: &str = "click==8.1.7\nitsdangerous==2.2.0\nmarkupsafe==2.1.5\n";
const MORE: &str = "click==8.1.7\nitsdangerous==2.2.0\njinja2==3.1.4\nmarkupsafe==2.1.5\n";

#[test]
fn one_more_package_is_one_other_layer_and_others_read_them_all() {
    let place = Workplace::new("packages-", 0o644);
    let few = build_with(&place, FEW);
    let before = layers(&place, &few);
    // A share of one package is called by its name.
    let packages = |(_, _, said): &&(PathBuf, Digest, String)| {
        said.contains("wheels") || said.ends_with("markupsafe 2.1.5")
    };
    assert_eq!(before.iter().filter(packages).count(), 2, "{before:?}");
    let more = build_with(&place, MORE);
    let after = layers(&place, &more);
    let new: Vec<_> = after.iter().filter(|layer| !before.contains(layer)).collect();
    // The project's layer too is as it was: its list of requirements is not in the image.
    assert_eq!((new.len(), after.len()), (1, before.len()), "{new:?}");

    for (blob, diff_id, _) in &after {
        let tar = Digest::from_bytes(Sha256::digest(through("gzip", &["-dc"], blob)).into());
        assert_eq!(tar, *diff_id);
    }
    let packages = after.iter().filter(packages);
    for (blob, diff_id, said) in packages {
        let again = through("python3", &["-c", TAR_AGAIN], blob);
        assert_eq!(String::from_utf8_lossy(&again).trim(), diff_id.hex(), "{said}");
    }
    let store = ImageStore::open(place.dirs().images).expect("a layout");
    let cache = LayerCache::open(place.dir.path().join("unpacked")).expect("a cache");
    let folders = cache.ensure(&store, &more.manifest).expect("unpacked");
    let module = "usr/local/lib/python3.13/dist-packages/jinja2/__init__.py";
    assert!(folders.iter().any(|folder| folder.join(module).is_file()));
}

#[test]
fn a_damaged_cache_gives_the_same_image() {
    let place = Workplace::new("damaged-", 0o644);
    let first = build_with(&place, FEW);
    let cache = place.dirs().cache;
    // Every segment of the cache, at several places; and no layer is known any more.
    for (number, entry) in std::fs::read_dir(cache.join("segments")).expect("made").enumerate() {
        let name = if number % 2 == 0 { "tar" } else { "packed" };
        let path = entry.expect("an entry").path().join(name);
        let mut bytes = std::fs::read(&path).expect("there");
        let at = bytes.len() / 3;
        bytes[at] ^= 0x10;
        std::fs::write(&path, bytes).expect("written");
    }
    std::fs::remove_dir_all(cache.join("layers")).expect("there");
    std::fs::remove_dir_all(place.dirs().images).expect("there");
    assert_eq!(build_with(&place, FEW).manifest, first.manifest);
}
