//! Taking names from images.
//!
//! A name is what keeps an image that no release has; without one it goes with the next prune. An
//! image that a release has stays whatever its names are.

use super::{At, find, known};
use crate::commands::done;
use crate::error::{CliError, ImageError};
use std::collections::BTreeSet;
use std::process::ExitCode;
use windlass_oci::explain::explain_store;

/// Removes the names that the words stand for: all of them, or none where one stands for nothing.
pub(super) async fn remove(at: &At, words: &[String]) -> Result<ExitCode, CliError> {
    let (store, images) = known(at).await?;
    let mut names = BTreeSet::new();
    for word in words {
        let digest = find(&store, word, &images)?;
        let image = images.iter().find(|image| image.summary.digest == digest);
        let found = image.map_or(&[][..], |image| &image.summary.names);
        if found.is_empty() {
            return Err(ImageError::NoName { image: word.clone() }.into());
        }
        let one = found.contains(word);
        names.extend(found.iter().filter(|name| !one || *name == word).map(String::as_str));
    }
    let names: Vec<&str> = names.into_iter().collect();
    store.untag(&names).map_err(|error| explain_store(&error))?;
    done(if at.output.show().json {
        at.output.document(&serde_json::json!({ "removed": names }))
    } else {
        let mut lines: Vec<String> = names.iter().map(|name| format!("removed {name}")).collect();
        lines.push("windlass image prune frees the disk of what nothing needs now".to_owned());
        at.output.lines(&lines)
    })
}
