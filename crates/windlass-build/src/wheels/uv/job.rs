//! What somebody else needs to build a wheel by the uv of this machine.

use super::Uv;
use crate::wheels::compile::WheelJob;
use std::path::Path;

impl Uv {
    /// A wheel to build by this uv elsewhere, with its name and version, and its normalised name.
    pub(in crate::wheels) fn job<'a>(
        &'a self,
        (package, name): (&'a str, &'a str),
        source: &'a Path,
        out: &'a Path,
    ) -> WheelJob<'a> {
        WheelJob {
            package,
            name,
            source,
            out,
            uv: &self.binary,
            environment: &self.settings.environment,
            find_links: &self.settings.find_links,
            no_index: self.settings.no_index,
        }
    }
}
