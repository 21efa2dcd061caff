//! Parts of the image's stage that are texts of their own: settings, volumes, names of packages.

use super::address;
use crate::export::ExportRequest;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use windlass_model::{BuildSpec, DebianPackage, PersistPath, ProcessType, Serves, shell_words};

/// Of several names for one package the one that every release knows: those for the wider clock
/// (`libmagic1t64`) provide the older name.
pub(super) fn debian_name(package: &DebianPackage) -> &str {
    let mut names = package.name.split('|').map(str::trim);
    let older = names.clone().find(|name| !name.ends_with("t64"));
    older.or_else(|| names.next()).unwrap_or(&package.name)
}

pub(super) fn environment(out: &mut String, request: &ExportRequest<'_>) {
    let build = request.build;
    let in_app = |folder: &String| {
        let folder = folder.trim_matches('/');
        if folder.is_empty() || folder == "." {
            BuildSpec::APP_DIR.to_owned()
        } else {
            format!("{}/{folder}", BuildSpec::APP_DIR)
        }
    };
    let python_path: Vec<_> = build.python_path.iter().map(in_app).collect();
    let mut pairs = vec![
        ("PATH".to_owned(), "/opt/venv/bin:$PATH".to_owned()),
        ("HOME".to_owned(), "/tmp".to_owned()),
        ("PYTHONUNBUFFERED".to_owned(), "1".to_owned()),
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
    ];
    if !python_path.is_empty() {
        pairs.push(("PYTHONPATH".to_owned(), python_path.join(":")));
    }
    let web = request.app.processes.get(&ProcessType::web());
    pairs.extend(address::variables(web.map_or(Serves::Nothing, |web| web.serves)));
    let plain = build.env.iter().chain(&request.app.env);
    pairs.extend(plain.map(|(name, value)| (name.clone(), value.replace('$', "\\$"))));
    // A later one of a name wins in Docker as well; each is written once.
    let mut seen = BTreeMap::new();
    for (number, (name, _)) in pairs.iter().enumerate() {
        seen.insert(name.clone(), number);
    }
    let lines: Vec<String> = pairs
        .iter()
        .enumerate()
        .filter(|(number, (name, _))| seen.get(name) == Some(number))
        .map(|(_, (name, value))| format!("{name}={}", quoted(value)))
        .collect();
    let _ = writeln!(
        out,
        "# Settings, none of them secret: secrets are given to the container, never to the image.\nENV {}",
        lines.join(" \\\n    ")
    );
}

/// A value of `ENV`: quoted where it needs to be, with Docker's own expansion left to it.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%$*".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    let mut text = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => text += "\\\"",
            '\\' => text.push('\\'),
            '\n' => text += "\\n",
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// What outlives a container is in a volume, and the paths of the code lead there.
pub(super) fn persisted(out: &mut String, persist: &[PersistPath]) {
    if persist.is_empty() {
        return;
    }
    let volume = PersistPath::VOLUME;
    let mut commands = vec![format!("mkdir -p {volume}")];
    for kept in persist {
        let path = kept.path.trim_matches('/');
        let (here, there) = (
            shell_words::quote(&format!("{}/{path}", BuildSpec::APP_DIR)),
            shell_words::quote(&format!("{volume}/{path}")),
        );
        let parent = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let folders = [
            if kept.directory {
                format!("{volume}/{path}")
            } else {
                format!("{volume}/{}", parent(path))
            },
            format!("{}/{}", BuildSpec::APP_DIR, parent(path)),
        ];
        let folders: Vec<_> =
            folders.iter().map(|folder| shell_words::quote(folder.trim_end_matches('/'))).collect();
        commands.push(format!("mkdir -p {}", folders.join(" ")));
        if kept.directory {
            // Static files, say, that this build has just made.
            commands.push(format!("if [ -d {here} ]; then cp -a {here}/. {there}/; fi"));
        }
        commands.push(format!("rm -rf {here} && ln -s {there} {here}"));
    }
    commands.push(format!("chown -R {0}:{0} {volume}", BuildSpec::USER));
    let _ = writeln!(
        out,
        "# What must outlive a container is in a volume, and its paths lead there.\nRUN {}\nVOLUME {volume}",
        commands.join(" \\\n && ")
    );
}
