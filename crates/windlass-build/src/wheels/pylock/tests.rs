//! Choosing among the files that a lock offers.

use super::*;
use windlass_model::{Machine, PythonVersion};

const TRIXIE: Target =
    Target { python: PythonVersion::three(13), patch: 5, glibc: (2, 41), machine: Machine::X86_64 };

fn file(name: &str) -> String {
    format!(
        "{{ url = 'https://127.0.0.1/f/{name}', hashes = {{ sha256 = '{}' }} }}",
        "ab".repeat(32)
    )
}

fn read_one(body: &str) -> Result<Resolution, PylockError> {
    read_listed(body, &Hashes::new())
}

fn read_listed(body: &str, hashes: &Hashes) -> Result<Resolution, PylockError> {
    let preferred = &Preferred::new();
    let base = Path::new("/base");
    let reading = Reading { target: TRIXIE, base, preferred, hashes, extras: &[] };
    read(&format!("lock-version = '1.0'\n{body}"), reading)
}

#[test]
fn the_best_file_of_what_the_target_needs_is_taken() {
    let text = format!(
        "[[packages]]\nname = 'B'\nversion = '1'\nsdist = {}\nwheels = [{}, {}]\n\
         [[packages]]\nname = 'a'\nversion = '2'\nmarker = \"python_version < '3.9'\"\nwheels = [{}]\n\
         [[packages]]\nname = 'c_d'\nversion = '3'\nsdist = {}\nwheels = [{}]\n",
        file("b-1.tar.gz"),
        file("b-1-py3-none-any.whl"),
        file("b-1-cp313-cp313-manylinux_2_17_x86_64.whl"),
        file("a-2-py3-none-any.whl"),
        file("c_d-3.tar.gz"),
        file("c_d-3-cp312-cp312-win_amd64.whl"),
    );
    let resolution = read_one(&text).expect("valid");
    let files: Vec<_> = resolution
        .packages
        .iter()
        .map(|p| (p.name.as_str(), p.artifact().expect("a file").file.as_str()))
        .collect();
    assert_eq!(
        files,
        [("b", "b-1-cp313-cp313-manylinux_2_17_x86_64.whl"), ("c-d", "c_d-3.tar.gz")]
    );
    assert!(matches!(resolution.packages[1].source, Source::Sdist(_)));
}

#[test]
fn local_files_folders_and_direct_archives_are_understood() {
    let text = format!(
        "[[packages]]\nname = 'w'\nversion = '1+x'\n\
         wheels = [{{ url = 'file:///links/w-1%2Bx-py3-none-any.whl', hashes = {{ sha256 = '{hash}' }} }}]\n\
         [[packages]]\nname = 'd'\ndirectory = {{ path = '../lib', subdirectory = 'py' }}\n\
         [[packages]]\nname = 's'\nversion = '1'\narchive = {}\n",
        file("s-1.zip#sha256=00"),
        hash = "ab".repeat(32),
    );
    let resolution = read_one(&text).expect("valid");
    let wheel = resolution.package("w").and_then(LockedPackage::artifact).expect("a wheel");
    assert_eq!(wheel.file, "w-1+x-py3-none-any.whl");
    assert_eq!(wheel.location, Location::Path("/links/w-1+x-py3-none-any.whl".into()));
    let folder = &resolution.package("d").expect("a folder").source;
    assert_eq!(*folder, Source::Directory { path: "/lib/py".into() });
    let sdist = resolution.package("s").and_then(LockedPackage::artifact).expect("an archive");
    assert_eq!(sdist.file, "s-1.zip");
}

#[test]
fn what_cannot_be_used_is_refused_with_its_name() {
    let no_hash = "[[packages]]\nname = 'a'\nversion = '1'\n\
                   wheels = [{ url = 'https://127.0.0.1/a-1-py3-none-any.whl' }]";
    assert!(matches!(read_one(no_hash), Err(PylockError::NoHash { .. })));
    let foreign = format!(
        "[[packages]]\nname = 'a'\nversion = '1'\nwheels = [{}]",
        file("a-1-cp313-cp313-win_amd64.whl")
    );
    match read_one(&foreign) {
        Err(PylockError::NoFile { package, offered, .. }) => {
            assert_eq!((package.as_str(), offered.len()), ("a 1", 1));
        }
        other => panic!("{other:?}"),
    }
    let x86 = foreign.replace("win_amd64", "manylinux_2_17_x86_64");
    let hashes = Hashes::new();
    let preferred = Preferred::new();
    let arm64 = Target { machine: Machine::Aarch64, ..TRIXIE };
    let base = Path::new("/");
    let reading =
        Reading { target: arm64, base, preferred: &preferred, hashes: &hashes, extras: &[] };
    let error = read(&x86, reading).expect_err("no wheel").into();
    let problem = crate::wheels::explain::resolve(&error);
    assert!(problem.message.contains("`a 1`") && problem.message.contains("aarch64"));
    assert!(problem.hints.iter().any(|hint| hint.contains("--platform linux/amd64")));
    let git = "[[packages]]\nname = 'a'\nvcs = { type = 'git', url = 'https://127.0.0.1/a.git', commit-id = '00' }";
    assert!(matches!(read_one(git), Err(PylockError::Repository { .. })));
    assert!(matches!(read_one("packages = 3"), Err(PylockError::Invalid { .. })));
    let marker = "[[packages]]\nname = 'a'\nmarker = 'moon == 1'";
    assert!(matches!(read_one(marker), Err(PylockError::Marker { .. })));
    let one = format!("[[packages]]\nname = 'a'\nversion = '1'\nsdist = {}\n", file("a-1.tar.gz"));
    assert!(matches!(read_one(&one.repeat(2)), Err(PylockError::Twice { .. })));
}

#[test]
fn only_files_with_a_listed_hash_are_taken() {
    let text = format!(
        "[[packages]]\nname = 'A_b'\nversion = '1'\nsdist = {}\nwheels = [{}, {}]\n",
        file("a_b-1.tar.gz").replace("abab", "cdcd"),
        file("a_b-1-py3-none-any.whl").replace("abab", "efef"),
        file("a_b-1-cp313-cp313-manylinux_2_17_x86_64.whl"),
    );
    for (listed, taken) in [
        (vec!["ab", "cd"], Some("a_b-1-cp313-cp313-manylinux_2_17_x86_64.whl")),
        (vec!["cd", "ef"], Some("a_b-1-py3-none-any.whl")),
        (vec!["cd"], Some("a_b-1.tar.gz")),
        (vec!["00"], None),
        (vec![], None),
    ] {
        let set = listed.iter().map(|b| Digest::from_hex(&b.repeat(32)).expect("hex")).collect();
        let hashes = Hashes::from([("a-b".to_owned(), set)]);
        match (read_listed(&text, &hashes), taken) {
            (Ok(found), Some(taken)) => {
                assert_eq!(found.packages[0].artifact().expect("a file").file, taken);
            }
            (Err(PylockError::NotListed { package, offered }), None) => {
                assert_eq!((package.as_str(), offered.len()), ("A_b 1", 3));
            }
            other => panic!("{listed:?}: {other:?}"),
        }
    }
}
