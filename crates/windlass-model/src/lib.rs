//! The nouns of Windlass, its planner and its rollout machine.
//!
//! Everything here is pure: values in, values out. No I/O, no clock, no randomness, no
//! environment. Time arrives as milliseconds since the Unix epoch, identity as arguments.
//! What this crate does not do: touch a disk, a socket or a process; the server's executor
//! does, and it decides nothing that is not decided here.

#![forbid(unsafe_code)]

pub mod app_name;
pub mod app_spec;
pub mod build_spec;
pub mod config;
pub mod container_id;
pub mod dependencies;
pub mod digest;
pub mod event;
pub mod evidence;
pub mod exit_reason;
pub mod explain;
pub mod failure;
pub mod job;
pub mod layout;
pub mod machine;
pub mod probe;
pub mod problem;
pub mod process_type;
pub mod python_version;
pub mod quantity;
pub mod release;
pub mod replica;
pub mod rollout;
pub mod scan;
pub mod shell_words;

pub use app_name::AppName;
pub use app_spec::{AppSpec, ProcessSpec, Resources, Serves};
pub use build_spec::{BaseSpec, BuildSpec, CollectStatic, Compression, DebianPackage, PersistPath};
pub use config::{AppConfig, AppReference, CommandLine, ConfigError, ProcessConfig, ServerKind};
pub use container_id::ContainerId;
pub use dependencies::{Dependencies, ListForm, LockTool, ResolveDate, Selection};
pub use digest::Digest;
pub use event::{Event, EventRecord, Progress, ProgressUnit};
pub use evidence::{Evidence, Finding};
pub use exit_reason::ExitReason;
pub use failure::{ReplicaFailure, STACK_SIGNAL};
pub use job::{Job, JobId, JobKind, JobState};
pub use layout::Layout;
pub use machine::{InvalidPlatform, Machine};
pub use probe::{ProbeAnswer, ProbeSpec};
pub use problem::{Kind, Problem};
pub use process_type::ProcessType;
pub use python_version::PythonVersion;
pub use release::{Release, ReleaseNumber};
pub use replica::{ReplicaId, ReplicaSet};
pub use scan::{Ignored, ScanConfig, Severity};
