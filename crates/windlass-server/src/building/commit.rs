//! Which commit a project's folder is at, as git says.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What follows a commit whose folder was changed since, as in `git describe --dirty`.
const DIRTY: &str = "-dirty";

/// The commit of the folder's files; `None` when it is in no checkout with a commit, when git is
/// not there, or when git refuses to read what another user owns.
pub(super) fn commit_of(project: &Path) -> Option<String> {
    let head = git(project, &["rev-parse", "--verify", "HEAD"]).output().ok()?;
    let head = String::from_utf8(head.stdout).ok()?.trim().to_owned();
    if head.is_empty() {
        return None;
    }
    // Only this folder: what else a repository holds is not in the image.
    let mut status = git(project, &["status", "--porcelain", "--", "."]).spawn().ok()?;
    let mut first = [0];
    let changed = status.stdout.take()?.read(&mut first).ok()? > 0;
    // One change is enough; whether it is told the others does not matter.
    let _ = status.kill();
    let _ = status.wait();
    Some(if changed { head + DIRTY } else { head })
}

fn git(project: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        // It reads: the index of whoever works there at this moment is left alone.
        .arg("--no-optional-locks")
        .arg("-C")
        .arg(project)
        .args(arguments)
        // A deploy out of a git hook has these; they would name another repository.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(folder: &Path, arguments: &[&str]) {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        let status = git(folder, &[&identity, arguments].concat()).status().expect("git runs");
        assert!(status.success(), "{arguments:?}");
    }

    #[test]
    fn a_change_in_the_project_is_told_and_one_beside_it_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let (all, project) = (folder.path(), folder.path().join("shop"));
        std::fs::create_dir(&project).expect("a folder");
        assert_eq!(commit_of(&project), None, "no repository");
        done(all, &["init", "--quiet"]);
        assert_eq!(commit_of(&project), None, "no commit");
        std::fs::write(project.join("app.py"), "a").expect("written");
        done(all, &["add", "."]);
        done(all, &["commit", "--quiet", "--message", "first"]);
        std::fs::write(all.join("notes"), "beside").expect("written");
        let clean = commit_of(&project).expect("a commit");
        assert!(clean.len() >= 40 && clean.bytes().all(|c| c.is_ascii_hexdigit()), "{clean}");
        std::fs::write(project.join("new.py"), "b").expect("written");
        assert_eq!(commit_of(&project), Some(clean + DIRTY));
    }
}
