//! The one thread that writes.

use super::{Cut, Fuse, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce(&mut Connection, Option<&Fuse>) + Send>;

/// Hands transactions to the thread. When the last handle goes, what is queued is written, the
/// thread ends and the file is closed.
#[derive(Clone)]
pub(super) struct Writer {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

impl Writer {
    pub(super) fn spawn(mut connection: Connection, fuse: Option<Fuse>) -> Self {
        let (queue, work) = mpsc::channel::<Work>();
        let thread = std::thread::spawn(move || {
            for work in work {
                work(&mut connection, fuse.as_ref());
            }
        });
        Self { inner: Arc::new(Inner { queue: Some(queue), thread: Some(thread) }) }
    }

    /// Runs `work` in one immediate transaction and answers once it is durable. `journal` writes
    /// are those that a [`Fuse`] counts.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        journal: bool,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Cut> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.post(move |connection, fuse| {
            let fuse = fuse.filter(|_| journal);
            // A blown fuse stands for a dead process: whoever waits never hears of it.
            match transact(connection, fuse, work) {
                Some(result) => drop(answer.send(result.map_err(|cut| cut.explain(doing)))),
                None => std::mem::forget(answer),
            }
        })?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Queues `work` behind what is queued already, without waiting for it.
    pub(super) fn post(
        &self,
        work: impl FnOnce(&mut Connection, Option<&Fuse>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let queue = self.inner.queue.as_ref().ok_or(StoreError::Closed)?;
        queue
            .send(Box::new(move |connection, fuse| {
                if !fuse.is_some_and(Fuse::is_blown) {
                    work(connection, fuse);
                }
            }))
            .map_err(|_| StoreError::Closed)
    }
}

/// `None` when the fuse blew: nothing was committed, or nobody may know that it was.
fn transact<T>(
    connection: &mut Connection,
    fuse: Option<&Fuse>,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Cut>,
) -> Option<Result<T, Cut>> {
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let transaction = match begun {
        Ok(transaction) => transaction,
        Err(error) => return Some(Err(error.into())),
    };
    let value = match work(&transaction) {
        Ok(value) => value,
        // The transaction rolls back when it is dropped.
        Err(cut) => return Some(Err(cut)),
    };
    if fuse.is_some_and(Fuse::blows_here) {
        return None;
    }
    if let Err(error) = transaction.commit() {
        return Some(Err(error.into()));
    }
    if fuse.is_some_and(Fuse::blows_here) {
        return None;
    }
    Some(Ok(value))
}

impl Cut {
    pub(super) fn explain(self, doing: &'static str) -> StoreError {
        match self {
            Cut::Sqlite(source) => StoreError::Statement { doing, source },
            Cut::Json(source) => StoreError::Encode { doing, source },
            Cut::Store(error) => error,
        }
    }
}
