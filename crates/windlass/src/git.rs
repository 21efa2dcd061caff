//! What git says about a project's folder, by its own program and without a shell.

use crate::image_tags::Origin;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Why git said nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("git could not be run")]
    Run(#[source] io::Error),
    #[error("git has nothing to say about {}", folder.display())]
    Failed { folder: PathBuf, said: String },
}

/// What the checkout is of; `None` where there is none.
pub(crate) fn origin(folder: &Path) -> Result<Option<Origin>, GitError> {
    if !folder.ancestors().any(|folder| folder.join(".git").exists()) {
        return Ok(None);
    }
    let head = said(folder, &["rev-parse", "--verify", "HEAD"])?;
    let branch = run(folder, &["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    // A build writes the lock, so that it has changed says nothing about the code.
    let changed = said(folder, &["status", "--porcelain", "--untracked-files=no", "--", "."])?;
    let dirty = changed.lines().any(|line| !line.ends_with("windlass.lock"));
    let lines = |text: String| text.lines().map(str::to_owned).collect();
    Ok(Some(Origin {
        pull_request: None,
        tags: lines(said(folder, &["tag", "--points-at", "HEAD"])?),
        branch: branch.status.success().then(|| text(&branch.stdout)),
        commit: Some(head),
        dirty,
        known_tags: lines(said(folder, &["tag", "--list"])?),
    }))
}

fn said(folder: &Path, words: &[&str]) -> Result<String, GitError> {
    let output = run(folder, words)?;
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(GitError::Failed { folder: folder.to_owned(), said: text(&output.stderr) })
}

fn run(folder: &Path, words: &[&str]) -> Result<Output, GitError> {
    let mut command = Command::new("git");
    // Asking must not write: no lock, no refreshed index.
    command.arg("--no-optional-locks").arg("-C").arg(folder).args(words).stdin(Stdio::null());
    command.output().map_err(GitError::Run)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(folder: &Path, words: &[&str]) {
        let mut command = Command::new("git");
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        command.arg("-C").arg(folder).args(identity).args(words);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.output().expect("git runs");
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    }

    #[test]
    fn a_checkout_says_its_branch_tags_and_changes() {
        let dir = tempfile::tempdir().expect("a folder");
        let project = dir.path().join("shop");
        std::fs::create_dir(&project).expect("made");
        assert_eq!(origin(&project).expect("no repository"), None);
        git(dir.path(), &["init", "--quiet", "--initial-branch=main"]);
        assert!(matches!(origin(&project), Err(GitError::Failed { .. })), "no commit yet");
        for name in ["app.py", "windlass.lock"] {
            std::fs::write(project.join(name), "1").expect("written");
        }
        git(dir.path(), &["add", "."]);
        git(dir.path(), &["commit", "--quiet", "-m", "one"]);
        git(dir.path(), &["tag", "v1.0.0"]);
        let found = origin(&project).expect("a repository").expect("a commit");
        assert_eq!(found.branch.as_deref(), Some("main"));
        assert_eq!((found.tags.as_slice(), found.dirty), (&["v1.0.0".to_owned()][..], false));
        assert_eq!(found.commit.as_ref().map(String::len), Some(40));

        std::fs::write(project.join("windlass.lock"), "2").expect("written");
        std::fs::write(project.join("new.py"), "2").expect("written");
        assert!(!origin(&project).expect("read").expect("there").dirty, "built, not edited");
        std::fs::write(project.join("app.py"), "2").expect("written");
        assert!(origin(&project).expect("read").expect("there").dirty);
        git(dir.path(), &["checkout", "--quiet", "--detach"]);
        assert_eq!(origin(&project).expect("read").expect("there").branch, None);
    }
}
