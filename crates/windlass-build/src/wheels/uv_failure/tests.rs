//! uv's own messages, as several of its versions write them.

use super::*;

#[test]
fn kinds_are_told_apart() {
    let conflict = "error: No solution found when resolving dependencies\n  cause: Because \
                    there is no version of flask==99 and you require flask==99, we can \
                    conclude that your requirements are unsatisfiable.\n";
    assert!(matches!(read_failure(conflict), UvFailure::Unsatisfiable { .. }));
    let unknown = "  × No solution found when resolving dependencies:\n  ╰─▶ Because nope was \
                   not found in the package registry and you require nope, we can conclude";
    match read_failure(unknown) {
        UvFailure::UnknownPackage { package, explanation } => {
            assert_eq!(package, "nope");
            assert!(!explanation.contains('╰'), "{explanation}");
        }
        other => panic!("{other:?}"),
    }
    let syntax = "error: Couldn't parse requirement in `sub/bad.txt` at position 6\n  cause: x";
    match read_failure(syntax) {
        UvFailure::Syntax { file, position, .. } => {
            assert_eq!((file.as_deref(), position), (Some("sub/bad.txt"), Some(6)));
        }
        other => panic!("{other:?}"),
    }
    let stale = "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was \
                 provided. To update the lockfile, run `uv lock`.";
    assert!(matches!(read_failure(stale), UvFailure::StaleLock { .. }));
    let old = "error: unexpected argument '--format' found";
    assert!(matches!(read_failure(old), UvFailure::TooOld { .. }));
    assert!(matches!(read_failure("error: whatever"), UvFailure::Other { .. }));
}

#[test]
fn credentials_never_reach_a_message() {
    let text = "error: Request failed after 3 retries\n  cause: Failed to fetch: \
                `https://me:secret@127.0.0.1:1/flask/`\n  cause: error sending request for url \
                (https://me:secret@127.0.0.1:1/flask/)";
    match read_failure(text) {
        UvFailure::Unreachable { url, explanation } => {
            assert_eq!(url, "https://127.0.0.1:1/flask/");
            assert!(!explanation.contains("secret"), "{explanation}");
        }
        other => panic!("{other:?}"),
    }
}
