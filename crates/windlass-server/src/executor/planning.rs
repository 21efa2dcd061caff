//! From what a user asked for to the rollout that does it. Pure.

use crate::store::AppRow;
use std::collections::BTreeMap;
use windlass_model::rollout::RolloutSpec;
use windlass_model::{AppSpec, JobId, Problem, ProcessType, Release, ReleaseNumber, ReplicaSet};

/// The most replicas that one process type may have on one host.
pub const MOST_REPLICAS: u32 = 200;

/// The rollout of a new release. What `windlass scale` set stays.
pub fn deploy(app: &AppRow, release: &Release, job: JobId) -> RolloutSpec {
    let to = ReplicaSet::fresh(release.number, counted(&release.spec, &app.counts), job.0);
    spec(app, job, Some(to), true)
}

/// The rollout to an older release, exactly as it was; its release commands do not run again.
pub fn roll_back(app: &AppRow, release: &Release, job: JobId) -> RolloutSpec {
    let to = ReplicaSet::fresh(release.number, counted(&release.spec, &app.counts), job.0);
    spec(app, job, Some(to), false)
}

/// How many releases that served keep their images, so that they can be gone back to.
pub const KEPT_RELEASES: usize = 10;

/// The releases that keep their images. `releases` are newest first.
pub fn kept_releases<'a>(
    app: &AppRow,
    releases: &'a [(Release, bool)],
) -> impl Iterator<Item = &'a Release> {
    newest_releases(app, releases, KEPT_RELEASES)
}

/// The current release, the `count` newest that served, and the newest of all, whose layers the
/// next build may use again. `releases` are newest first.
pub fn newest_releases<'a>(
    app: &AppRow,
    releases: &'a [(Release, bool)],
    count: usize,
) -> impl Iterator<Item = &'a Release> {
    let current = app.current.as_ref().map(|set| set.release);
    let newest = releases.first().map(|(release, _)| release.number);
    let mut served_so_far = 0;
    releases.iter().filter_map(move |(release, served)| {
        served_so_far += usize::from(*served);
        let kept = (*served && served_so_far <= count)
            || Some(release.number) == current
            || Some(release.number) == newest;
        kept.then_some(release)
    })
}

/// Which release a rollback goes to: the one named, or the newest that served before the
/// current one. `releases` are newest first, with whether each served.
pub fn rollback_target<'a>(
    app: &AppRow,
    wanted: Option<ReleaseNumber>,
    releases: &'a [(Release, bool)],
) -> Result<&'a Release, Problem> {
    let current = app.current.as_ref().map(|set| set.release);
    let found = match wanted {
        Some(number) => releases.iter().find(|(release, _)| release.number == number),
        None => releases.iter().find(|(release, served)| {
            *served && current.is_none_or(|current| release.number < current)
        }),
    };
    let Some((release, _)) = found else {
        let message = match wanted {
            Some(number) => format!("`{}` has no release {number}", app.name),
            None => format!("`{}` has no earlier release that served", app.name),
        };
        return Err(Problem::user("release-unknown", message)
            .hint(format!("its releases: windlass releases --app {}", app.name)));
    };
    if current == Some(release.number) {
        let message = format!("release {} of `{}` is the current one", release.number, app.name);
        return Err(Problem::user("release-is-current", message)
            .hint(format!("to start its replicas afresh: windlass restart --app {}", app.name)));
    }
    if !kept_releases(app, releases).any(|kept| kept.number == release.number) {
        let message = format!("the image of release {} of `{}` is gone", release.number, app.name);
        return Err(Problem::user("release-image-gone", message)
            .cause(format!("the {KEPT_RELEASES} newest releases that served keep their images"))
            .hint("deploy the project again as it was at that release"));
    }
    Ok(release)
}

/// The rollout to fresh replicas of a release: the current one, or the last that served.
pub fn restart(app: &AppRow, release: &Release, job: JobId) -> RolloutSpec {
    let spec_now = app.current.as_ref().map_or(&release.spec, |set| &set.spec);
    let to = ReplicaSet::fresh(release.number, counted(spec_now, &app.counts), job.0);
    spec(app, job, Some(to), false)
}

/// The rollout to other counts, which are the app's own once it has succeeded; what runs already
/// and is still wanted is not touched.
pub fn scale(
    app: &AppRow,
    current: &ReplicaSet,
    counts: BTreeMap<ProcessType, u32>,
    job: JobId,
) -> RolloutSpec {
    let wanted = counted(&current.spec, &counts);
    let to = ReplicaSet::keeping(&current.replicas, current.release, wanted, job.0);
    RolloutSpec { counts: Some(counts), ..spec(app, job, Some(to), false) }
}

/// The rollout to nothing.
pub fn stop(app: &AppRow, job: JobId) -> RolloutSpec {
    spec(app, job, None, false)
}

/// Whether these counts can be had of this app.
pub fn check_counts(spec: &AppSpec, counts: &BTreeMap<ProcessType, u32>) -> Result<(), Problem> {
    for (process, count) in counts {
        let Some(wanted) = spec.processes.get(process) else {
            let known: Vec<_> = spec.processes.keys().map(ProcessType::as_str).collect();
            let message = format!("`{}` has no process type `{process}`", spec.name);
            return Err(Problem::user("process-unknown", message)
                .hint(format!("it has: {}", known.join(", "))));
        };
        if wanted.singleton && *count > 1 {
            let message = format!("two of `{process}` must never run at once");
            return Err(Problem::user("process-singleton", message)
                .cause("[tool.windlass] or the command says that it is the only one of its kind"));
        }
        if *count > MOST_REPLICAS {
            let message = format!("{count} replicas of `{process}` are too many for one host");
            return Err(Problem::user("too-many-replicas", message)
                .hint(format!("at most {MOST_REPLICAS}")));
        }
    }
    Ok(())
}

fn spec(app: &AppRow, job: JobId, to: Option<ReplicaSet>, run: bool) -> RolloutSpec {
    RolloutSpec {
        app: app.name.clone(),
        job,
        from: app.current.clone(),
        to,
        run_release_commands: run,
        counts: None,
        bake_ms: RolloutSpec::BAKE_MS,
    }
}

fn counted(spec: &AppSpec, counts: &BTreeMap<ProcessType, u32>) -> AppSpec {
    spec.clone().scaled(counts)
}
