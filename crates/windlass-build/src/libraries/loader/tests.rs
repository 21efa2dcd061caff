//! The loader's rules, each with the file that shows it.

use super::*;

const PACKAGES: &str = "usr/local/lib/python3.13/dist-packages";

fn needs(names: &[&str]) -> ElfFacts {
    ElfFacts { needed: names.iter().map(|n| (*n).to_owned()).collect(), ..ElfFacts::default() }
}

fn called(name: &str) -> ElfFacts {
    ElfFacts { soname: Some(name.to_owned()), ..ElfFacts::default() }
}

fn objects(files: &[(&str, ElfFacts)], links: &[(&str, &str)]) -> Objects {
    Objects {
        files: files.iter().map(|(path, facts)| ((*path).to_owned(), facts.clone())).collect(),
        links: links.iter().map(|(path, to)| ((*path).to_owned(), (*to).to_owned())).collect(),
        ..Objects::default()
    }
}

fn system() -> Objects {
    objects(
        &[
            ("usr/lib/x86_64-linux-gnu/libz.so.1.3", called("libz.so.1")),
            (
                "usr/lib/x86_64-linux-gnu/libc.so.6",
                ElfFacts { versions_offered: vec!["GLIBC_2.17".to_owned()], ..called("libc.so.6") },
            ),
            ("usr/lib/libold.so.2", called("libold.so.2")),
            ("usr/lib/x86_64-linux-gnu/blas/libblas.so.3", called("libblas.so.3")),
            ("usr/lib/x86_64-linux-gnu/pulse/libprivate.so", called("libprivate.so")),
        ],
        &[
            ("usr/lib/x86_64-linux-gnu/libz.so.1", "libz.so.1.3"),
            ("usr/lib/x86_64-linux-gnu/libmoved.so.1", "/lib/x86_64-linux-gnu/libz.so.1"),
            ("usr/lib/x86_64-linux-gnu/libloop.so.1", "libloop.so.1"),
            ("usr/lib/x86_64-linux-gnu/libgone.so.1", "libgone.so.1.0"),
        ],
    )
}

/// What a file of a wheel at `shop/_x.so` misses.
fn missed(facts: ElfFacts, others: &[(&str, ElfFacts)]) -> Vec<String> {
    let mut files = vec![(format!("{PACKAGES}/shop/_x.so"), facts)];
    files.extend(others.iter().map(|(path, f)| (format!("{PACKAGES}/{path}"), f.clone())));
    let wheels = Objects { files: files.into_iter().collect(), ..Objects::default() };
    let system = system();
    unresolved(&wheels, &[&system, &wheels], "amd64").libraries.into_keys().collect()
}

#[test]
fn a_need_may_be_a_path_from_its_own_folder() {
    let vendored = [("shop.libs/libfoo-1a2b.so.5", called("libfoo-1a2b.so.5"))];
    let there = needs(&["$ORIGIN/../shop.libs/libfoo-1a2b.so.5"]);
    assert_eq!(missed(there, &vendored), [""; 0]);
    let gone = "$ORIGIN/libfoo-1a2b.so.5";
    assert_eq!(missed(needs(&[gone]), &vendored), [gone]);
}

#[test]
fn the_loaders_own_folders_and_links() {
    let names = [
        "libz.so.1",
        "libmoved.so.1",
        "libold.so.2",
        "ld-linux-x86-64.so.2",
        "libloop.so.1",
        "libgone.so.1",
        "libblas.so.3",
        "libz.so",
        "/lib/x86_64-linux-gnu/libz.so.1",
        "/opt/libz.so.1",
    ];
    let missing = ["/opt/libz.so.1", "libblas.so.3", "libgone.so.1", "libloop.so.1", "libz.so"];
    assert_eq!(missed(needs(&names), &[]), missing);
}

#[test]
fn folders_that_a_file_names() {
    let vendored = [("shop.libs/libfoo-1a2b.so.5", called("libfoo-1a2b.so.5"))];
    for folder in ["$ORIGIN/../shop.libs", "${ORIGIN}/../shop.libs/", "$ORIGIN/./../shop.libs"] {
        for by_rpath in [true, false] {
            let mut facts = needs(&["libfoo-1a2b.so.5"]);
            let list = if by_rpath { &mut facts.rpath } else { &mut facts.runpath };
            list.push(folder.to_owned());
            assert_eq!(missed(facts, &vendored), [""; 0], "{folder}");
        }
    }
    let mut facts = needs(&["libprivate.so"]);
    facts.runpath = vec!["/usr/lib/x86_64-linux-gnu/pulse".to_owned()];
    assert_eq!(missed(facts, &[]), [""; 0]);
}

#[test]
fn what_another_wheel_has_is_loaded_by_then_and_what_debian_hides_is_not() {
    let torch = [("torch/lib/libc10.so", called("libc10.so"))];
    assert_eq!(missed(needs(&["libc10.so"]), &torch), [""; 0]);
    // A package's library in a folder of its own is not found by name.
    let program = objects(&[("usr/bin/program", needs(&["libblas.so.3", "libz.so.1"]))], &[]);
    let system = system();
    let found = unresolved(&program, &[&system, &program], "amd64");
    assert_eq!(
        Vec::from_iter(found.libraries),
        [("libblas.so.3".to_owned(), vec!["usr/bin/program".to_owned()])]
    );
}

#[test]
fn other_c_libraries_are_not_this_images() {
    assert_eq!(missed(needs(&["libc.musl-x86_64.so.1", "libfoo.so.1"]), &[]), [""; 0]);
    assert_eq!(missed(needs(&["libc.so", "liblog.so"]), &[]), [""; 0]);
}

#[test]
fn newer_versions_than_the_image_has_are_named() {
    let mut facts = needs(&["libc.so.6", "libz.so.1"]);
    let wanted = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    facts.versions_needed = BTreeMap::from([
        ("libc.so.6".to_owned(), wanted(&["GLIBC_2.17", "GLIBC_2.99"])),
        ("libz.so.1".to_owned(), wanted(&["ZLIB_9"])),
    ]);
    let wheels = objects(&[("usr/local/a.so", facts)], &[]);
    let system = system();
    let found = unresolved(&wheels, &[&system, &wheels], "amd64");
    assert!(found.libraries.is_empty(), "{found:?}");
    let libc = &found.versions["libc.so.6"];
    assert!(libc.keys().eq(["GLIBC_2.99"]), "{libc:?}");
    assert_eq!(found.versions.len(), 1, "a library without versions is taken as it is");
}
