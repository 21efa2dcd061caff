//! The one layer that makes a base what the server expects of an image: its user, its folders, the
//! hook that prints the stacks of a process. Pure, but for the layer being written.

use super::BaseError;
use super::survey::Facts;
use crate::debian::start_hook;
use crate::image::{NamedLayer, Shelf, key_of};
use crate::wheels::{Resolution, normalize_name};
use std::collections::BTreeSet;
use windlass_model::{BuildSpec, Digest, PersistPath, STACK_SIGNAL, Serves};
use windlass_oci::LayerEntry;

/// Raised when the same facts give another layer.
const FORM: u32 = 1;

/// Makes the layer, or finds it made; `base` stands for the layers below.
pub(super) fn layer(
    facts: &Facts,
    (base, shelf): (&Digest, &Shelf<'_>),
    resolution: &Resolution,
) -> Result<NamedLayer, BaseError> {
    let hidden = hidden(facts, resolution);
    let key = key_of(&("on a base", FORM, base, STACK_SIGNAL, &hidden));
    let info = match shelf.find(&key) {
        Some(info) => info,
        None => shelf.make(&key, entries(facts, &hidden))?,
    };
    Ok(NamedLayer { info, made_by: "windlass: user, folders, Python's settings".to_owned() })
}

/// What the base has of packages that the project brings.
fn hidden(facts: &Facts, resolution: &Resolution) -> BTreeSet<String> {
    let brought: BTreeSet<String> =
        resolution.packages.iter().map(|package| normalize_name(&package.name)).collect();
    let replaced = facts.present.iter().filter(|present| brought.contains(&present.name));
    replaced.flat_map(|present| present.own.iter().cloned()).collect()
}

fn entries(facts: &Facts, hidden: &BTreeSet<String>) -> Vec<LayerEntry> {
    let user = BuildSpec::USER;
    let [passwd, group] = &facts.users;
    let home = "/tmp";
    let mut entries = vec![
        LayerEntry::text(
            "etc/passwd",
            with_line(
                passwd,
                ("root:x:0:0:root:/root:/bin/sh", 0),
                (&format!("app:x:{user}:{user}:app:{home}:/bin/sh"), user),
            ),
        ),
        LayerEntry::text(
            "etc/group",
            with_line(group, ("root:x:0:", 0), (&format!("app:x:{user}:"), user)),
        ),
        LayerEntry::text(
            format!("{}/windlass.pth", facts.scheme.hooks()),
            start_hook(STACK_SIGNAL),
        ),
    ];
    for folder in [PersistPath::VOLUME, Serves::SOCKET_DIR] {
        entries.push(LayerEntry::dir(&folder[1..]).owned_by(user));
    }
    if !facts.has_short_name {
        entries.push(LayerEntry::symlink("usr/local/bin/python", facts.scheme.interpreter()));
    }
    entries.extend(hidden.iter().map(|path| whiteout(path)));
    entries
}

/// What takes a path of a lower layer away (image-spec, `layer.md`, "Whiteouts").
fn whiteout(path: &str) -> LayerEntry {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    LayerEntry::text(format!("{folder}/.wh.{name}"), "")
}

/// A text of `/etc` with the lines that must be in it, each unless its number has one.
fn with_line(text: &str, root: (&str, u32), own: (&str, u32)) -> String {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    for (line, number) in [root, own] {
        let number = number.to_string();
        if !lines.iter().any(|there| there.split(':').nth(2) == Some(&number)) {
            lines.push(line);
        }
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::present::Present;
    use super::*;
    use crate::scheme::Scheme;
    use windlass_model::PythonVersion;
    use windlass_oci::{Content, EntryKind};

    #[test]
    fn what_a_base_lacks_is_added_and_what_is_replaced_goes() {
        let facts = Facts {
            scheme: Scheme::local(PythonVersion::three(12)),
            patch: 0,
            glibc: (2, 41),
            has_short_name: false,
            env: [].into(),
            users: ["root:x:0:0::/root:/bin/bash\nbob:x:1000:1000::/:\n".to_owned(), String::new()],
            present: vec![Present {
                name: "pip".to_owned(),
                own: ["usr/local/lib/python3.12/site-packages/pip".to_owned()].into(),
            }],
        };
        let entries = entries(&facts, &facts.present[0].own);
        let text = |path: &str| {
            let entry = entries.iter().find(|entry| entry.path == path).expect(path);
            let EntryKind::File(Content::Bytes(bytes)) = &entry.kind else { panic!("{entry:?}") };
            String::from_utf8(bytes.clone()).expect("a text")
        };
        assert_eq!(
            text("etc/passwd"),
            "root:x:0:0::/root:/bin/bash\nbob:x:1000:1000::/:\napp:x:65532:65532:app:/tmp:/bin/sh\n"
        );
        assert_eq!(text("etc/group"), "root:x:0:\napp:x:65532:\n");
        assert_eq!(text("usr/local/lib/python3.12/site-packages/.wh.pip"), "");
        assert!(text("usr/local/lib/python3.12/site-packages/windlass.pth").starts_with("import "));
        let data = entries.iter().find(|entry| entry.path == "data").expect("a volume");
        assert_eq!((&data.kind, data.owner), (&EntryKind::Dir, 65_532));
        let short = entries.iter().find(|entry| entry.path == "usr/local/bin/python");
        let target = "/usr/local/bin/python3.12".to_owned();
        assert_eq!(short.map(|entry| &entry.kind), Some(&EntryKind::Symlink(target)));
    }
}
