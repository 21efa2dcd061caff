//! Which commit a project's files are, and whether they are.
//!
//! Files are compared byte for byte with what was committed, by no filter: one that would be
//! changed by a filter counts as changed, so that "as committed" is never said of anything else.
//! What it does not do: look into submodules.

use crate::git::Git;
use crate::provenance::Revision;
use std::collections::BTreeMap;
use std::path::Path;

/// Files that are compared; a larger project counts as changed.
const FILES: usize = 200_000;
/// Links that are compared, each by one question.
const LINKS: usize = 100;

/// The revision of a project's folder; `None` where there is no repository, no commit, or no git.
pub(crate) fn revision(project: &Path, environment: &BTreeMap<String, String>) -> Option<Revision> {
    let checkout = Checkout(Git { folder: project, environment });
    let commit =
        text(checkout.0.ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], None)?)?;
    let commit = commit.trim().to_owned();
    let is_name = matches!(commit.len(), 40 | 64) && commit.bytes().all(|b| b.is_ascii_hexdigit());
    is_name.then(|| Revision { dirty: !checkout.is_as_committed().unwrap_or(false), commit })
}

struct Checkout<'a>(Git<'a>);

impl Checkout<'_> {
    /// Whether every committed file below the project is as it was committed, and there is no
    /// other that is not ignored; `None` when git cannot say.
    fn is_as_committed(&self) -> Option<bool> {
        let others = ["ls-files", "--others", "--exclude-standard", "-z", "--", "."];
        if !self.0.ask(&others, None)?.is_empty() {
            return Some(false);
        }
        let tree = text(self.0.ask(&["ls-tree", "-r", "-z", "HEAD", "--", "."], None)?)?;
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
            let target = std::fs::read_link(self.0.folder.join(path)).ok();
            let committed = self.0.ask(&["cat-file", "blob", object], None);
            target.is_some()
                && target.map(|it| it.into_os_string().into_encoded_bytes()) == committed
        };
        Some(self.have_hashes(&files)? && links.iter().all(same_link))
    }

    fn have_hashes(&self, files: &[(&str, &str)]) -> Option<bool> {
        let mut paths = String::new();
        // git reads names in a list from the repository's root, not from where it was started.
        let root = std::path::absolute(self.0.folder).ok()?;
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
        let found = text(self.0.ask(&hash, Some(&paths))?)?;
        Some(found.lines().eq(files.iter().map(|(object, _)| *object)))
    }
}

fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

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
