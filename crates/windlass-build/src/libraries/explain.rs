//! What is missing in an image, for a person.

use super::loader::Unresolved;
use windlass_model::{Problem, PythonVersion};

/// Most files named for one library.
const SHOWN: usize = 3;

/// Libraries that come with the driver of a graphics card, and so with the machine.
const OF_DRIVERS: [&str; 7] = [
    "libcuda.so.",
    "libcudadebugger.so.",
    "libnvcuvid.so.",
    "libnvidia-",
    "libEGL_nvidia.so.",
    "libGLX_nvidia.so.",
    "libnvoptix.so.",
];

/// One warning for what is missing, one for what is too old, one for what a driver brings.
pub(crate) fn warnings(found: &Unresolved) -> Vec<Problem> {
    let (drivers, missing): (Vec<_>, Vec<_>) =
        found.libraries.iter().partition(|(name, _)| is_of_a_driver(name));
    let mut problems = Vec::new();
    problems.extend(missing_warning(&missing));
    problems.extend(too_old_warning(found));
    if let Some((name, files)) = drivers.first() {
        let message = format!("{name} comes with a graphics driver, and is not in the image");
        problems.push(
            Problem::user("library-of-driver", message)
                .cause(format!("needed by {}", shown(files)))
                .hint("Nothing is to be done where the app runs without a graphics card."),
        );
    }
    problems
}

/// The same for what stands on a base from a registry. `skipped` are the packages that files
/// written for another system ask for.
pub(crate) fn of_a_base(found: &Unresolved, skipped: &[&str]) -> Vec<Problem> {
    let names: Vec<&str> = found.libraries.keys().map(String::as_str).collect();
    let mut problems = Vec::new();
    if let Some(first) = names.first().filter(|first| !is_of_a_driver(first)) {
        let message = match names.len() {
            1 => format!("the base has no library {first}"),
            count => format!("the base has no library {first}, nor {} others", count - 1),
        };
        let causes = found.libraries.iter().take(8);
        problems.push(
            causes
                .map(|(name, files)| format!("{name} is needed by {}", shown(files)))
                .fold(Problem::user("library-missing", message), Problem::cause)
                .hint("Take a base that has it, or leave out `base` in [tool.windlass]: then it is added."),
        );
    }
    problems.extend(too_old_warning(found));
    if !skipped.is_empty() {
        let message = format!("not added to the base: {}", skipped.join(", "));
        problems.push(
            Problem::user("packages-left-out", message)
                .cause("Debian packages are not added to a base from a registry")
                .hint("Take a base that has them, or leave out `base` in [tool.windlass]."),
        );
    }
    problems
}

/// Packages that were asked for by what was written for another system, and that there are not.
pub(crate) fn left_out(packages: &[String]) -> Option<Problem> {
    if packages.is_empty() {
        return None;
    }
    let message = format!("the archive has no package {}", packages.join(", "));
    Some(
        Problem::user("packages-left-out", message)
            .cause("what asks for it was written for another system; it is not in the image")
            .hint(
                "If the app needs it, give its name in this Debian under `apt` in [tool.windlass].",
            ),
    )
}

fn missing_warning(missing: &[(&String, &Vec<String>)]) -> Option<Problem> {
    let names: Vec<&str> = missing.iter().map(|(name, _)| name.as_str()).collect();
    let message = match names.as_slice() {
        [] => return None,
        [one] => format!("no package of the archive has the library {one}"),
        [first, rest @ ..] => {
            format!("no package of the archive has the library {first}, nor {} others", rest.len())
        }
    };
    let problem = missing
        .iter()
        .take(8)
        .fold(Problem::user("library-missing", message), |p, (name, files)| {
            p.cause(format!("{name} is needed by {}", shown(files)))
        });
    Some(
        problem
            .hint("Import what needs it, in the image: windlass run APP python -c 'import ...'. Parts that are never loaded may lack libraries.")
            .hint("If it is needed: a wheel that brings the library, or its Debian package in `apt` of [tool.windlass]."),
    )
}

fn too_old_warning(found: &Unresolved) -> Option<Problem> {
    let (library, versions) = found.versions.first_key_value()?;
    let (newest, _) = versions.last_key_value()?;
    let message =
        format!("the image's {library} is older than what a package was made for: no {newest}");
    let mut problem = Problem::user("library-too-old", message);
    for (library, versions) in &found.versions {
        for (version, files) in versions.iter().take(4) {
            problem =
                problem.cause(format!("{version} of {library} is needed by {}", shown(files)));
        }
    }
    Some(problem.hint(format!(
        "A newer Python brings a newer Debian: `python = \"{}\"` in [tool.windlass]; or take a wheel \
         that was made for an older system.",
        PythonVersion::three(13)
    )))
}

pub(crate) fn is_of_a_driver(name: &str) -> bool {
    OF_DRIVERS.iter().any(|start| name.starts_with(start))
}

fn shown(files: &[String]) -> String {
    let text = files.iter().take(SHOWN).map(|file| short(file)).collect::<Vec<_>>().join(", ");
    match files.len().saturating_sub(SHOWN) {
        0 => text,
        others => format!("{text} and {others} others"),
    }
}

/// A file of a wheel without the folder that all of them are in: `cv2/cv2.abi3.so`.
pub(crate) fn short(path: &str) -> &str {
    path.split_once("/dist-packages/").map_or(path, |(_, inside)| inside)
}
