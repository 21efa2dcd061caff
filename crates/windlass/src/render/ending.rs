//! The sentence at the end of a job that went well.

use windlass_model::{AppName, JobKind, ReleaseNumber};

/// `release 3 of shop is live: 2.1 s: build 0.4, start 0.9`.
pub(crate) fn ending(
    app: &AppName,
    kind: &JobKind,
    release: Option<ReleaseNumber>,
    timing: Option<&str>,
) -> String {
    let release = release.map_or_else(|| app.to_string(), |n| format!("release {n} of {app}"));
    let timing = timing.map_or_else(String::new, |timing| format!(" ({timing})"));
    match kind {
        JobKind::Deploy { .. } => format!("{release} is live{timing}"),
        JobKind::Rollback { .. } => format!("{release} is live again{timing}"),
        JobKind::Restart => format!("{release} runs on fresh replicas{timing}"),
        JobKind::Scale { counts } => {
            let counts: Vec<_> =
                counts.iter().map(|(process, count)| format!("{process}={count}")).collect();
            format!("{app} runs {}{timing}", counts.join(" "))
        }
        JobKind::Stop => format!("{app} is stopped; its releases and data stay{timing}"),
        JobKind::Destroy { data: true } => format!("{app} is gone, data included{timing}"),
        JobKind::Destroy { data: false } => format!("{app} is gone; its data stays{timing}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_says_what_is_true_now() {
        let app = AppName::from_loose("shop");
        let kind = JobKind::Deploy { project: "/p".into() };
        let text = ending(&app, &kind, Some(ReleaseNumber(3)), Some("2.1 s: build 0.4"));
        assert_eq!(text, "release 3 of shop is live (2.1 s: build 0.4)");
        let counts = [("web".parse().expect("valid"), 2)].into_iter().collect();
        let text = ending(&app, &JobKind::Scale { counts }, Some(ReleaseNumber(3)), None);
        assert_eq!(text, "shop runs web=2");
        let text = ending(&app, &JobKind::Destroy { data: false }, None, None);
        assert_eq!(text, "shop is gone; its data stays");
    }
}
