//! Real packages, installed and run.

use super::*;
use std::process::Stdio;
use windlass_build::wheels::discard_segment;
use windlass_oci::LayerError;

/// Runs Python with nothing but the laid-out packages.
fn run_python(root: &Path, arguments: &[&str]) -> std::process::Output {
    let packages = root.join(format!("usr/local/lib/python{}/dist-packages", python().1));
    Command::new(&python().0)
        .args(["-S", "-B"])
        .args(arguments)
        .env("PYTHONPATH", packages)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .expect("Python runs")
}

#[test]
fn flask_is_installed_and_runs() {
    let cache = shared_cache();
    let (project, spec) = requirements("flask==3.0.3\nmarkupsafe==2.1.5\n");
    let resolved = resolve_in(&cache, project.path(), &spec).expect("resolved");
    let installed =
        install_in(&cache, project.path(), &spec, &resolved.resolution).expect("installed");
    assert!(installed.built.is_empty() && installed.overlaps.is_empty());
    assert_eq!(installed.packages.len(), resolved.resolution.packages.len());

    let root = tempfile::tempdir().expect("a folder");
    lay_out(&installed.entries, root.path());
    let script = "import flask, markupsafe._speedups, importlib.metadata as m\n\
                  app = flask.Flask('x')\n\
                  app.add_url_rule('/', view_func=lambda: 'works')\n\
                  print(app.test_client().get('/').text, m.version('flask'))";
    let output = run_python(root.path(), &["-c", script]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "works 3.0.3\n", "{errors}");

    let find = |end: &str| {
        let mut found = installed.entries.iter().filter(|entry| entry.path.ends_with(end));
        found.next().unwrap_or_else(|| panic!("{end} is there"))
    };
    let command = find("usr/local/bin/flask");
    assert_eq!(command.mode, 0o755);
    let text = String::from_utf8(bytes_of(command)).expect("text");
    assert!(text.starts_with(&format!("#!/usr/bin/python{}\n", python().1)), "{text}");
    let record = String::from_utf8(bytes_of(find("flask-3.0.3.dist-info/RECORD"))).expect("text");
    assert!(record.contains("../../../bin/flask,sha256="), "{record}");
    assert_eq!(bytes_of(find("flask-3.0.3.dist-info/INSTALLER")), b"windlass\n");
}

#[test]
fn bytecode_is_unchecked_and_names_the_path_in_the_image() {
    let cache = shared_cache();
    let (project, spec) = requirements("itsdangerous==2.2.0\n");
    let resolved = resolve_in(&cache, project.path(), &spec).expect("resolved");
    let installed =
        install_in(&cache, project.path(), &spec, &resolved.resolution).expect("installed");
    let tag = format!("cpython-{}{}", python().1.major, python().1.minor);
    let name = format!("itsdangerous/__pycache__/signer.{tag}.pyc");
    let entry =
        installed.entries.iter().find(|entry| entry.path.ends_with(&name)).expect("bytecode");
    let bytes = bytes_of(entry);
    assert_eq!(bytes[4..8], [1, 0, 0, 0], "PEP 552: hash-based, not checked");
    let shown = format!("/usr/local/lib/python{}/dist-packages/itsdangerous/signer.py", python().1);
    assert!(bytes.windows(shown.len()).any(|window| window == shown.as_bytes()));
}

#[test]
fn two_caches_give_the_same_bytes() {
    let (project, spec) = requirements("jinja2==3.1.4\nmarkupsafe==2.1.5\n");
    let resolved = resolve_in(&shared_cache(), project.path(), &spec).expect("resolved");
    let contents = || {
        let cache = tempfile::tempdir().expect("a folder");
        let installed = install_in(cache.path(), project.path(), &spec, &resolved.resolution)
            .expect("installed");
        let read = |entry: &LayerEntry| match &entry.kind {
            EntryKind::File(_) => bytes_of(entry),
            _ => Vec::new(),
        };
        let entries = installed.entries.iter();
        entries.map(|entry| (entry.path.clone(), entry.mode, read(entry))).collect::<Vec<_>>()
    };
    let (first, second) = (contents(), contents());
    for (a, b) in first.iter().zip(&second) {
        assert!(a == b, "{} differs from {}", a.0, b.0);
    }
    assert_eq!(first.len(), second.len());
}

#[test]
fn two_installations_at_once_share_a_cache() {
    let cache = tempfile::tempdir().expect("a folder");
    let (project, spec) = requirements("itsdangerous==2.2.0\nclick==8.1.7\n");
    let resolved = resolve_in(&shared_cache(), project.path(), &spec).expect("resolved");
    let (one, two) = std::thread::scope(|scope| {
        let run = || install_in(cache.path(), project.path(), &spec, &resolved.resolution);
        let other = scope.spawn(run);
        (run().expect("installed"), other.join().expect("no panic").expect("installed"))
    });
    assert_eq!(one, two);
}

#[test]
fn what_a_power_cut_left_of_segments_is_made_again() {
    let cache = tempfile::tempdir().expect("a folder");
    let (project, spec) = requirements("itsdangerous==2.2.0\n");
    let resolved = resolve_in(&shared_cache(), project.path(), &spec).expect("resolved");
    let run = || {
        install_in(cache.path(), project.path(), &spec, &resolved.resolution).expect("installed")
    };
    let first = run();
    for segment in first.packages.iter().flat_map(|package| &package.segments) {
        let index = segment.files.tar.with_file_name("index");
        for path in [&segment.files.tar, &segment.files.packed, &index] {
            let whole = std::fs::read(path).expect("there");
            std::fs::write(path, b"").expect("emptied, as a power cut leaves files");
            assert_eq!(run(), first, "{}", path.display());
            assert!(std::fs::read(path).expect("there") == whole, "{}", path.display());
        }
        let mut altered = std::fs::read(&index).expect("there");
        *altered.last_mut().expect("a byte") ^= 1;
        std::fs::write(&index, altered).expect("written");
        assert_eq!(run(), first);
    }
}

#[test]
fn a_flipped_bit_in_a_segment_is_an_error_that_names_it() {
    let cache = tempfile::tempdir().expect("a folder");
    let (project, spec) = requirements("itsdangerous==2.2.0\n");
    let resolved = resolve_in(&shared_cache(), project.path(), &spec).expect("resolved");
    let run = || place_in(cache.path(), project.path(), &spec, &resolved.resolution);
    let installed = run().expect("installed");
    let segments = installed.packages.iter().flat_map(|package| &package.segments);
    for path in segments.flat_map(|segment| [&segment.files.tar, &segment.files.packed]) {
        let mut bytes = std::fs::read(path).expect("there");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(path, &bytes).expect("written");
        let again = run().expect("it is as long as it was");
        let error = again
            .spliced(&again.layers[0])
            .write(Vec::new(), Compression::Gzip)
            .expect_err("damaged");
        match error {
            LayerError::Damaged { path: named } => assert_eq!(named, *path),
            other => panic!("{other:?}"),
        }
        discard_segment(path).expect("removed");
        let again = run().expect("made again");
        again.spliced(&again.layers[0]).write(Vec::new(), Compression::Gzip).expect("whole");
    }
    // The compiler reads sources from the wheel's segment.
    let [wheel, bytecode] = &installed.packages[0].segments;
    discard_segment(&bytecode.files.tar).expect("removed");
    let size = wheel.files.tar.metadata().expect("there").len();
    std::fs::write(&wheel.files.tar, vec![b'x'; size as usize]).expect("written");
    let error = run().expect_err("damaged");
    assert!(
        matches!(&error, InstallError::Damaged { path } if *path == wheel.files.tar),
        "{error:?}"
    );
}
