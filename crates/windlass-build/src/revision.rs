//! Which commit a project's files are, and whether they are.
//!
//! git is only read from, and with everything switched off by which a repository's own
//! configuration could start a program or a transfer. Files are compared byte for byte with what
//! was committed, by no filter: one that would be changed by a filter counts as changed, so that
//! "as committed" is never said of anything else. What it does not do: look into submodules.

use crate::provenance::Revision;
use std::collections::BTreeMap;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// What git needs of the environment: itself, and the settings of the user.
const PASSED: [&str; 4] = ["PATH", "HOME", "XDG_CONFIG_HOME", "USER"];
/// Files that are compared; a larger project counts as changed.
const FILES: usize = 200_000;
/// Links that are compared, each by one question.
const LINKS: usize = 100;

/// The revision of a project's folder; `None` where there is no repository, no commit, or no git.
pub(crate) fn revision(project: &Path, environment: &BTreeMap<String, String>) -> Option<Revision> {
    let git = Git { project, environment };
    let commit = text(git.ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], None)?)?;
    let commit = commit.trim().to_owned();
    let is_name = matches!(commit.len(), 40 | 64) && commit.bytes().all(|b| b.is_ascii_hexdigit());
    is_name.then(|| Revision { dirty: !git.is_as_committed().unwrap_or(false), commit })
}

struct Git<'a> {
    project: &'a Path,
    environment: &'a BTreeMap<String, String>,
}

impl Git<'_> {
    /// Whether every committed file below the project is as it was committed, and there is no
    /// other that is not ignored; `None` when git cannot say.
    fn is_as_committed(&self) -> Option<bool> {
        let others = ["ls-files", "--others", "--exclude-standard", "-z", "--", "."];
        if !self.ask(&others, None)?.is_empty() {
            return Some(false);
        }
        let tree = text(self.ask(&["ls-tree", "-r", "-z", "HEAD", "--", "."], None)?)?;
        let mut files = Vec::new();
        let mut links = Vec::new();
        for entry in tree.split('\0').filter(|entry| !entry.is_empty()) {
            let (head, path) = entry.split_once('\t')?;
            let mut words = head.split(' ');
            match (words.next()?, words.next()?, words.next()?) {
                ("120000", _, object) => links.push((object, path)),
                (_, "blob", object) => files.push((object, path)),
                _ => {}
            }
        }
        if files.len() > FILES || links.len() > LINKS {
            return Some(false);
        }
        let same_link = |(object, path): &(&str, &str)| {
            let target = std::fs::read_link(self.project.join(path)).ok();
            let committed = self.ask(&["cat-file", "blob", object], None);
            target.is_some()
                && target.map(|it| it.into_os_string().into_encoded_bytes()) == committed
        };
        Some(self.have_hashes(&files)? && links.iter().all(same_link))
    }

    fn have_hashes(&self, files: &[(&str, &str)]) -> Option<bool> {
        let mut paths = String::new();
        // git reads names in a list from the repository's root, not from where it was started.
        let root = std::path::absolute(self.project).ok()?;
        for (_, path) in files {
            let place = root.join(path);
            if !std::fs::symlink_metadata(&place).is_ok_and(|found| found.is_file()) {
                return Some(false);
            }
            let place = place.to_str().filter(|name| !name.contains('\n'))?;
            paths.push_str(place);
            paths.push('\n');
        }
        let hash = ["hash-object", "--no-filters", "--stdin-paths"];
        let found = text(self.ask(&hash, Some(&paths))?)?;
        Some(found.lines().eq(files.iter().map(|(object, _)| *object)))
    }

    /// What git answers; `None` when it fails.
    fn ask(&self, arguments: &[&str], input: Option<&str>) -> Option<Vec<u8>> {
        let stdin = match input {
            None => Stdio::null(),
            // A file and no pipe: git may answer before it has read everything.
            Some(input) => {
                let mut file = tempfile::tempfile().ok()?;
                file.write_all(input.as_bytes()).ok()?;
                file.rewind().ok()?;
                Stdio::from(file)
            }
        };
        let kept = PASSED.iter().filter_map(|name| Some((name, self.environment.get(*name)?)));
        let output = Command::new("git")
            .args(["--no-optional-locks", "--no-pager", "--literal-pathspecs"])
            .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
            .args(["-c", "protocol.allow=never", "-c", "core.quotePath=false"])
            .arg("-C")
            .arg(self.project)
            .args(arguments)
            .env_clear()
            .envs(kept)
            .env("LC_ALL", "C")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_TERMINAL_PROMPT", "0")
            .stdin(stdin)
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output.status.success().then_some(output.stdout)
    }
}

fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(folder: &Path, arguments: &[&str]) {
        let status = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-C"])
            .arg(folder)
            .args(arguments)
            .status()
            .expect("git is needed: install the package `git`");
        assert!(status.success(), "{arguments:?}");
    }

    #[test]
    fn only_what_is_as_it_was_committed_is_clean() {
        let folder = tempfile::tempdir().expect("a folder");
        let (root, shop) = (folder.path(), folder.path().join("a shop"));
        let environment: BTreeMap<String, String> = std::env::vars().collect();
        let dirty = || revision(&shop, &environment).map(|revision| revision.dirty);
        std::fs::create_dir(&shop).expect("ours");
        assert_eq!(dirty(), None, "there is no repository");
        git(root, &["init", "--quiet"]);
        assert_eq!(dirty(), None, "there is no commit");
        std::fs::write(root.join(".gitignore"), "*.log\n").expect("ours");
        std::fs::write(shop.join("app.py"), "1\n").expect("ours");
        std::fs::write(shop.join("über.txt"), "1\n").expect("ours");
        std::os::unix::fs::symlink("app.py", shop.join("link")).expect("ours");
        git(root, &["add", "."]);
        git(root, &["commit", "--quiet", "-m", "1"]);
        let clean = revision(&shop, &environment).expect("a commit");
        assert!(!clean.dirty && clean.commit.len() == 40, "{clean:?}");

        let change = |path: &str, text: &str| {
            let before = std::fs::read(shop.join(path)).ok();
            std::fs::write(shop.join(path), text).expect("ours");
            let after = dirty();
            match before {
                Some(before) => std::fs::write(shop.join(path), before).expect("ours"),
                None => std::fs::remove_file(shop.join(path)).expect("ours"),
            }
            assert_eq!(dirty(), Some(false), "{path} is as before");
            after
        };
        assert_eq!(change("app.py", "2\n"), Some(true));
        assert_eq!(change("new.py", ""), Some(true));
        assert_eq!(change("x.log", ""), Some(false), "ignored");
        std::fs::write(root.join("elsewhere.py"), "").expect("ours");
        assert_eq!(dirty(), Some(false), "not below the project");
        std::fs::remove_file(shop.join("link")).expect("ours");
        std::os::unix::fs::symlink("über.txt", shop.join("link")).expect("ours");
        assert_eq!(dirty(), Some(true));
    }
}
