//! A Python of this machine in the place of an image's that runs on another: the same version of the
//! same build, so that the bytecode is the very one that the image's own would make.

use super::BuildError;
use super::platforms::this_machine;
use super::python::{Python, PythonOrder};
use super::workplace::Workplace;
use crate::debian::{PlannedPackage, RootPlan, RootSpec};
use crate::image::{
    Interpreter, InterpreterError, System, SystemError, SystemRequest, key_of, read_json,
    write_json,
};
use crate::meter::Meter;
use windlass_model::Problem;

/// Part of the plan's key: raised when the same packages give another twin.
const FORM: u32 = 1;

/// The twin of a planned Python, with a warning where it is not of the same version; `None` where the
/// image's own runs here.
pub(super) fn of(
    place: &Workplace<'_>,
    (target, planned): (&Python, &RootPlan),
    meter: &Meter<'_>,
) -> Result<Option<(Interpreter, Option<Problem>)>, BuildError> {
    let here = this_machine()?;
    if target.machine == here {
        return Ok(None);
    }
    let lock = place.lock_for(here);
    let order = place.python(here, lock.as_ref());
    let own = Python::find(&PythonOrder { like: target.standalone.as_ref(), ..order }, meter)?;
    let spec = RootSpec { extra: Vec::new(), ..own.root };
    let mut wanted = place.system(&spec, lock.as_ref());
    let plan = plan_like(&mut wanted, planned, meter)?;
    let version = |plan: &RootPlan| {
        let python = spec.python;
        format!("{python}.{}", plan.python_patch(python))
    };
    let (made_by, made_for) = (version(&plan), version(planned));
    let interpreter = System::interpreter(&wanted, plan, meter)?;
    let warning = (made_by != made_for).then(|| {
        let message = format!("bytecode for Python {made_for} is made by {made_by}");
        Problem::environment("bytecode-by-other-python", message)
            .cause(format!("that is the version for this machine: {here}"))
            .hint("it works; to have the same bytes as from a build on such a machine, build there")
    });
    Ok(Some((interpreter, warning)))
}

/// A plan for this machine with Python's packages at the versions that another machine's plan has,
/// as far as the archive has them.
fn plan_like(
    wanted: &mut SystemRequest<'_>,
    other: &RootPlan,
    meter: &Meter<'_>,
) -> Result<RootPlan, SystemError> {
    let of_python = |package: &&PlannedPackage| {
        !package.standalone
            && (package.name.starts_with("python3") || package.name.starts_with("libpython3"))
    };
    let like: Vec<_> = other.python.iter().filter(of_python).collect();
    let names: Vec<_> = like.iter().map(|package| (&package.name, &package.version)).collect();
    let key = key_of(&("twin", FORM, &wanted.spec, &wanted.pins, names));
    let note = wanted.cache.join("plans").join(key.hex());
    if let Some(known) = read_json(&note) {
        return Ok(known);
    }
    let mut pins = Vec::new();
    for package in like {
        let versions = wanted.index(meter)?.versions(&package.name);
        let same = versions.into_iter().find(|it| source(&it.version) == source(&package.version));
        pins.extend(same.map(|same| (same.name, same.sha256)));
    }
    wanted.pins.extend(pins);
    let plan = wanted.plan(&[], meter)?;
    write_json(&note, &plan)
        .map_err(|source| InterpreterError::Disk { path: note.clone(), source })?;
    Ok(plan)
}

/// A version without what says that it was built again for one machine (Debian's `+b1`).
fn source(version: &str) -> &str {
    let rebuilt = version.rsplit_once("+b");
    let rebuilt = rebuilt.filter(|(_, count)| count.bytes().all(|byte| byte.is_ascii_digit()));
    rebuilt.map_or(version, |(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_of_one_source_have_one_version() {
        for (version, wanted) in [
            ("3.13.5-2+b1", "3.13.5-2"),
            ("3.13.5-2", "3.13.5-2"),
            ("3.13.5-2+deb13u1", "3.13.5-2+deb13u1"),
            ("3.13.5-2+deb13u1+b12", "3.13.5-2+deb13u1"),
        ] {
            assert_eq!(source(version), wanted);
        }
    }
}
