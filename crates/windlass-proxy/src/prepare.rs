//! What an edge has to have in its hands before it listens: its lock, its logs, its last table.

use crate::lines::LineFile;
use crate::own_log::OwnLog;
use crate::status::SnapshotState;
use crate::{EdgeConfig, EdgeError, RouteTable, snapshot};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;

/// The lock lies beside the snapshot, which no two edges may write.
pub(crate) fn lock(config: &EdgeConfig) -> Result<File, EdgeError> {
    let mut path = config.snapshot.clone().into_os_string();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |source| EdgeError::File { path: path.clone(), source };
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(EdgeError::AlreadyRunning { snapshot: config.snapshot.clone() })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

pub(crate) fn load_snapshot(config: &EdgeConfig) -> Result<(RouteTable, SnapshotState), EdgeError> {
    let path = &config.snapshot;
    match snapshot::load(path) {
        Ok(None) => Ok((RouteTable::default(), SnapshotState::Absent)),
        Ok(Some(table)) => {
            let generation = table.generation;
            Ok((table, SnapshotState::Loaded { generation }))
        }
        Err(source) => match snapshot::set_aside(path) {
            Ok(aside) => {
                let reason = crate::explain_snapshot(&source).message;
                Ok((RouteTable::default(), SnapshotState::SetAside { path: aside, reason }))
            }
            Err(_) => Err(EdgeError::Snapshot { path: path.clone(), source }),
        },
    }
}

/// The access log, shared by the workers, and the edge's own.
pub(crate) type Logs = (Option<Arc<LineFile>>, OwnLog);

pub(crate) fn open_logs(config: &EdgeConfig) -> Result<Logs, EdgeError> {
    let Some(logs) = &config.logs else { return Ok((None, OwnLog::default())) };
    let open = |name: &str| {
        let path = logs.folder.join(name);
        LineFile::open(path.clone(), logs.file_max_bytes, logs.files_kept)
            .map_err(|source| EdgeError::File { path, source })
    };
    Ok((Some(Arc::new(open("access.jsonl")?)), OwnLog::to(open("edge.jsonl")?)))
}
