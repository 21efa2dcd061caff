//! A whole deploy and a failed one, told event by event.

use super::*;
use windlass_model::rollout::Step;
use windlass_model::{Evidence, JobId, ProbeAnswer, ProcessType, ReplicaId};

fn replica(release: u32) -> ReplicaId {
    ReplicaId {
        app: windlass_model::AppName::from_loose("shop"),
        release: ReleaseNumber(release),
        process: ProcessType::web(),
        index: 1,
        incarnation: 9,
    }
}

fn part(part: &str, elapsed_ms: Option<u64>) -> Event {
    Event::Build(Progress {
        part: part.to_owned(),
        done: 3,
        total: Some(7),
        unit: ProgressUnit::Items,
        elapsed_ms,
        detail: String::new(),
    })
}

fn finding() -> Event {
    Event::Inspected {
        findings: vec![Finding {
            subject: "framework".to_owned(),
            value: "Flask".to_owned(),
            evidence: vec![Evidence::at("shop/__init__.py", 3, "import"), Evidence::rule("again")],
            override_key: None,
        }],
    }
}

fn deploy() -> Vec<(u64, Event)> {
    let done = |step| Event::StepDone { step, elapsed_ms: 5 };
    let answer = ProbeAnswer::Status { status: 200, body: String::new(), elapsed_ms: 4 };
    let web = || [replica(3)].into_iter().collect();
    vec![
        (0, Event::State { state: JobState::Building }),
        (10, finding()),
        (20, part("layers", None)),
        (400, part("layers", Some(380))),
        (420, Event::Released { release: ReleaseNumber(3) }),
        (420, Event::State { state: JobState::Rolling }),
        (420, Event::Phase { phase: Phase::Preparing }),
        (520, done(Step::Prepare { release: ReleaseNumber(3) })),
        (520, Event::Phase { phase: Phase::Releasing }),
        (520, Event::Phase { phase: Phase::Starting }),
        (620, done(Step::Start { replica: replica(3) })),
        (620, Event::Phase { phase: Phase::Probing }),
        (1200, Event::Probed { replica: replica(3), answer, in_a_row: 3, wanted: 3 }),
        (1220, done(Step::AwaitHealthy { replica: replica(3) })),
        (1220, Event::Phase { phase: Phase::HandingOver }),
        (1220, Event::Phase { phase: Phase::Switching }),
        (1230, done(Step::route_to(web()))),
        (1230, Event::Phase { phase: Phase::Baking }),
        (2230, Event::Phase { phase: Phase::Draining }),
        (2240, done(Step::Drain { replicas: [replica(2)].into_iter().collect() })),
        (2240, Event::Phase { phase: Phase::Retiring }),
        (2300, done(Step::Stop { replica: replica(2) })),
        (2300, Event::Phase { phase: Phase::Done }),
        (2310, Event::State { state: JobState::Succeeded { release: None, url: None } }),
    ]
}

fn told(story: &mut Story, events: Vec<(u64, Event)>) -> Vec<Say> {
    let records = events.into_iter().zip(1..).map(|((at_ms, event), seq)| EventRecord {
        job: JobId(1),
        seq,
        at_ms,
        event,
    });
    records.flat_map(|record| story.tell(&record)).collect()
}

fn text(says: &[Say]) -> String {
    let lines = says.iter().filter_map(|say| match say {
        Say::Line(line) => Some(line.as_str()),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_deploy_reads_as_a_story() {
    let mut story = Story::new(Style::plain(), false);
    let says = told(&mut story, deploy());
    let wanted = "\
inspect
  framework  Flask  shop/__init__.py:3: import
build
  layers        3 of 7  380 ms
release 3
  preparing     image and volume of release 3  100 ms
  starting      web.1  100 ms
  probing       web.1 answered 200 in 4 ms  600 ms
  switching     requests go to web.1 of release 3  10 ms
  draining      nothing in flight to web.1 of release 2  10 ms
  retiring      web.1 of release 2 stopped  60 ms";
    assert_eq!(text(&says), wanted);
    assert_eq!(
        story.timing().expect("it ended"),
        "1.2 s: build 0.4, prepare 0.1, start 0.1, probe 0.6"
    );
}

#[test]
fn the_long_form_has_every_step_and_all_evidence() {
    let mut story = Story::new(Style::plain(), true);
    let text = text(&told(&mut story, deploy()));
    assert!(text.contains("again"), "{text}");
    assert!(text.contains("    start web.1 of release 3 (5 ms)"), "{text}");
    assert!(text.contains("    web.1 answered 200 in 4 ms (3 of 3)"), "{text}");
}

#[test]
fn what_moves_is_not_a_line() {
    let mut story = Story::new(Style::plain(), false);
    let says = told(&mut story, vec![(0, part("download", None))]);
    assert!(matches!(&says[2], Say::Moved(progress) if progress.part == "download"), "{says:?}");
    assert_eq!(text(&says), "build");
}

#[test]
fn a_failure_says_what_failed_and_that_it_is_undone() {
    let mut story = Story::new(Style::plain(), false);
    let problem = Problem::user("replica-unhealthy", "web.1 answered 500");
    let says = told(
        &mut story,
        vec![
            (0, Event::Phase { phase: Phase::Probing }),
            (9, Event::StepFailed { step: Step::AwaitHealthy { replica: replica(3) }, problem }),
            (9, Event::Phase { phase: Phase::Undoing }),
            (20, Event::StepDone { step: Step::Stop { replica: replica(3) }, elapsed_ms: 11 }),
            (20, Event::Phase { phase: Phase::Undone }),
        ],
    );
    let wanted = "  failed: probe web.1: web.1 answered 500
  putting everything back as it was
  undoing       web.1 of release 3 stopped  11 ms";
    assert_eq!(text(&says), wanted);
}

#[test]
fn output_of_the_app_cannot_drive_the_terminal() {
    let mut story = Story::new(Style::plain(), false);
    let says = told(&mut story, vec![(0, Event::Output { line: "a\x1b[2J".to_owned() })]);
    assert_eq!(text(&says), "  | a\\u{1b}[2J");
}
