//! One worker: a thread with a reactor, its clients, its view of the table and its connections.

use crate::claim::{self, Word};
use crate::connection::{self, Client};
use crate::fault::Fault;
use crate::lease::Claim;
use crate::lines::{LineBuffer, LineFile};
use crate::request_id::RequestIds;
use crate::seats::Seats;
use crate::shared::{Shared, WorkerCounts};
use crate::upstream::Upstream;
use crate::view::{PoolView, View};
use crate::{ClientLimits, EdgeConfig, sweep};
use http::{HeaderMap, Uri};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::LocalOptions;
use tokio::sync::mpsc::UnboundedReceiver;

/// What a worker is told from outside.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    /// A new table is in use.
    Refresh,
    /// Close what is open to this target; what has no end of its own only if told so.
    Cut { target: String, long_lived: bool },
    /// Accept no more, and end when every client is gone.
    Finish,
    /// End now.
    Abort,
}

/// What a worker works with, on its own thread.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    pub(crate) config: Arc<EdgeConfig>,
    pub(crate) counts: Arc<WorkerCounts>,
    pub(crate) ids: RequestIds,
    view: RefCell<Rc<View>>,
    pub(crate) upstreams: RefCell<Vec<Rc<Upstream>>>,
    pub(crate) clients: RefCell<HashMap<u64, Rc<Client>>>,
    pub(crate) seats: Arc<Seats>,
    next_client: Cell<u64>,
    access: Option<(Arc<LineFile>, LineBuffer)>,
}

/// What a worker's thread is given.
pub(crate) struct WorkerSeed {
    pub(crate) shared: Arc<Shared>,
    pub(crate) config: Arc<EdgeConfig>,
    pub(crate) counts: Arc<WorkerCounts>,
    pub(crate) listener: std::net::TcpListener,
    pub(crate) commands: UnboundedReceiver<Command>,
    pub(crate) access: Option<Arc<LineFile>>,
}

/// Runs a worker until it is told to end. Blocks the thread.
pub(crate) fn run(seed: WorkerSeed) -> std::io::Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(LocalOptions::default())?;
    // Tunnels and whatever the grace period did not suffice for end with the runtime.
    runtime.block_on(async move {
        let WorkerSeed { shared, config, counts, listener, commands, access } = seed;
        let listener = TcpListener::from_std(listener)?;
        let seats = Seats::of_worker(shared.workers.len(), config.limits.connections_max);
        let worker = Rc::new(Worker {
            seats,
            shared,
            config,
            counts,
            ids: RequestIds::new(),
            view: RefCell::default(),
            upstreams: RefCell::default(),
            clients: RefCell::default(),
            next_client: Cell::new(0),
            access: access.map(|file| (file, LineBuffer::new())),
        });
        serve(&worker, listener, commands).await;
        worker.flush_logs();
        Ok(())
    })
}

async fn serve(
    worker: &Rc<Worker>,
    listener: TcpListener,
    mut commands: UnboundedReceiver<Command>,
) {
    let mut listener = Some(listener);
    let mut tick = tokio::time::interval(sweep::EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        if listener.is_none() && worker.clients.borrow().is_empty() {
            return;
        }
        tokio::select! {
            command = commands.recv() => match command {
                Some(Command::Refresh) => { worker.refresh(); }
                Some(Command::Cut { target, long_lived }) => worker.cut(&target, long_lived),
                Some(Command::Finish) => {
                    listener = None;
                    sweep::finish(worker);
                }
                Some(Command::Abort) | None => return,
            },
            accepted = accept(listener.as_ref(), &worker.seats) => match accepted {
                Ok((stream, peer)) => {
                    connection::spawn(worker, stream, peer);
                    sweep::make_room(worker);
                }
                // Out of descriptors, most likely: some will be free again in a moment.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            _ = tick.tick() => {
                sweep::look(worker);
                worker.flush_logs();
            }
        }
    }
}

async fn accept(
    listener: Option<&TcpListener>,
    seats: &Seats,
) -> std::io::Result<(tokio::net::TcpStream, std::net::SocketAddr)> {
    match listener {
        Some(listener) => {
            seats.one_free().await;
            listener.accept().await
        }
        None => std::future::pending().await,
    }
}

impl Worker {
    /// Claims a target for a request: the least busy one not yet tried.
    pub(crate) fn claim(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
        tried: &[Rc<Upstream>],
    ) -> Result<(Rc<PoolView>, Claim), Fault> {
        loop {
            let mut view = self.view.borrow().clone();
            if view.epoch != self.shared.epoch().get() {
                view = self.refresh();
            }
            let pool = view.pool(headers, uri).ok_or(Fault::NoRoute)?;
            let upstream = pool.pick(tried).ok_or(Fault::NoTarget)?;
            if claim::claim(self.shared.epoch(), view.epoch, &upstream.state.in_flight) {
                return Ok((pool.clone(), Claim::of(upstream)));
            }
        }
    }

    /// Takes up the table in use; idle connections to what left it are closed.
    fn refresh(&self) -> Rc<View> {
        let (epoch, published) = self.shared.current();
        let mut upstreams = self.upstreams.borrow_mut();
        let view = Rc::new(View::build(epoch, &published, &mut upstreams));
        let now = std::time::Instant::now();
        for upstream in upstreams.iter() {
            upstream.retire(now);
        }
        self.view.borrow_mut().clone_from(&view);
        view
    }

    fn cut(&self, target: &str, long_lived: bool) {
        for upstream in self.upstreams.borrow().iter() {
            if upstream.state.id == target && upstream.state.is_cut() {
                upstream.cut(long_lived);
            }
        }
    }

    pub(crate) fn limits(&self) -> &ClientLimits {
        &self.config.limits
    }

    pub(crate) fn listen_port(&self) -> u16 {
        self.shared.listen.port()
    }

    pub(crate) fn access_log(&self) -> Option<(&LineFile, &LineBuffer)> {
        self.access.as_ref().map(|(file, buffer)| (&**file, buffer))
    }

    fn flush_logs(&self) {
        if let Some((file, buffer)) = self.access_log() {
            buffer.flush(file);
        }
    }

    /// Takes a client in, under a number of its own.
    pub(crate) fn admit(&self, client: &Rc<Client>) -> u64 {
        let number = self.next_client.get();
        self.next_client.set(number + 1);
        self.clients.borrow_mut().insert(number, client.clone());
        self.counts.connections.fetch_add(1, Ordering::Relaxed);
        number
    }

    /// Forgets a client.
    pub(crate) fn dismiss(&self, number: u64) {
        if self.clients.borrow_mut().remove(&number).is_some() {
            self.counts.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
