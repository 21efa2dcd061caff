//! An edge on its own: `edge <address> <workers> <control socket> <snapshot> [log folder]`.
//!
//! For the bench and for tests that kill it; users run `windlass edge`.

use std::process::ExitCode;
use windlass_proxy::{EdgeConfig, LogConfig, edge_main};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, workers, control, snapshot, rest @ ..] = arguments.as_slice() else {
        return ExitCode::from(2);
    };
    let (Ok(address), Ok(workers)) = (address.parse(), workers.parse()) else {
        return ExitCode::from(2);
    };
    let mut config = EdgeConfig::new(vec![address], control.into(), snapshot.into());
    config.workers = workers;
    config.logs = rest.first().map(|folder| LogConfig::in_folder(folder.into()));
    match edge_main(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
