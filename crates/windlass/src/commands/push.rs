//! `windlass push`: an image of the store into registries. Needs no server.

use super::At;
use crate::app_of_folder::app_name;
use crate::args::{Push, TagSource};
use crate::error::{CliError, ImageError};
use crate::facts::Facts;
use crate::git;
use crate::image_tags::Origin;
use crate::registry_settings::registry_settings;
use crate::render::transfer::Transfers;
use std::process::ExitCode;
use windlass_model::{AppName, Digest};
use windlass_oci::ImageStore;
use windlass_oci::registry::{PushRequest, Pushed, Reference, Registry};

/// Pushes an image to every reference.
pub(super) fn push(at: &At, wanted: &Push, facts: &Facts) -> Result<ExitCode, CliError> {
    let (named, references) = split(&wanted.words)?;
    let store = ImageStore::open(at.settings.layout.images())?;
    let _held = store.hold()?;
    let image = image(at, named, &store)?;
    let from_git = tags_from_git(at, wanted, facts, &references)?;
    let listed: Vec<&Reference> = references.iter().collect();
    let registry = Registry::new(registry_settings(facts, &listed, wanted.plain_http));
    let mut done = Vec::new();
    for to in &references {
        let tags = tags(to, wanted, &from_git)?;
        at.output.note(&format!(
            "pushing {} to {} as {}",
            image.short(),
            to.name(),
            tags.join(", ")
        ));
        let notes = at.settings.layout.cache.join("registries");
        let request =
            PushRequest { store: &store, image: &image, to, tags: &tags, notes: Some(&notes) };
        let transfers = Transfers::new(at.output, "push");
        let ended = registry.push(&request, &|transfer| transfers.show(transfer));
        transfers.end();
        let pushed = ended?;
        if !at.output.show().json {
            at.output.line(&format!("{}@{}", to.name(), pushed.digest))?;
        }
        done.push(report(to, &tags, &pushed));
    }
    if at.output.show().json {
        at.output.document(&serde_json::json!({ "image": image, "pushed": done }))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn report(to: &Reference, tags: &[String], pushed: &Pushed) -> serde_json::Value {
    serde_json::json!({
        "repository": to.name(),
        "tags": tags,
        "digest": pushed.digest,
        "reference": to.at(pushed.digest),
        "blobs": pushed.blobs,
        "attached": pushed.attached,
    })
}

/// What is pushed, if that was said, and where to. A name without a slash is no place.
fn split(words: &[String]) -> Result<(Option<&str>, Vec<Reference>), CliError> {
    let (named, places) = match words {
        [first, rest @ ..] if !first.contains('/') => (Some(first.as_str()), rest),
        all => (None, all),
    };
    if places.is_empty() {
        return Err(ImageError::NowhereToPush.into());
    }
    let mut references = Vec::new();
    for place in places {
        let reference: Reference = place.parse()?;
        if reference.digest.is_some() {
            return Err(ImageError::PushToDigest { reference }.into());
        }
        references.push(reference);
    }
    Ok((named, references))
}

/// The image that is meant: a digest, a name in the store, or the app of the current folder.
fn image(at: &At, named: Option<&str>, store: &ImageStore) -> Result<Digest, CliError> {
    if let Some(image) = named {
        let no_image =
            || ImageError::NoImage { image: image.to_owned(), store: at.settings.layout.images() };
        if let Ok(digest) = image.parse::<Digest>() {
            return store
                .blob_path(&digest)
                .exists()
                .then_some(digest)
                .ok_or_else(|| no_image().into());
        }
        return store.resolve(image)?.ok_or_else(|| no_image().into());
    }
    let app: AppName = match &at.settings.app {
        Some(app) => app.clone(),
        None => app_name(&at.settings.folder)?,
    };
    store.resolve(app.as_str())?.ok_or(ImageError::NotBuilt { app }.into())
}

/// The tags that git and the pipeline suggest, where any reference needs them.
fn tags_from_git(
    at: &At,
    wanted: &Push,
    facts: &Facts,
    references: &[Reference],
) -> Result<Vec<String>, CliError> {
    let asked = wanted.tags == Some(TagSource::Git);
    let bare = references.iter().any(|reference| reference.tag.is_none());
    if !asked && (!wanted.tag.is_empty() || !bare) {
        return Ok(Vec::new());
    }
    let folder = &at.settings.folder;
    let checkout = git::origin(folder)?;
    let origin = match Origin::of_pipeline(&facts.environment) {
        Some(pipeline) => Some(pipeline.over(checkout)),
        None => checkout,
    };
    let tags = origin.map(|origin| origin.image_tags()).unwrap_or_default();
    if tags.is_empty() && asked {
        return Err(ImageError::NoTags { folder: folder.clone() }.into());
    }
    Ok(tags)
}

/// The tags at one place: its own, those given, those of git; `latest` where there are none.
fn tags(to: &Reference, wanted: &Push, from_git: &[String]) -> Result<Vec<String>, CliError> {
    let mut tags: Vec<String> = to.tag.iter().cloned().collect();
    for tag in &wanted.tag {
        tags.extend(to.with_tag(tag)?.tag);
    }
    if tags.is_empty() || wanted.tags.is_some() {
        tags.extend(from_git.iter().cloned());
    }
    if tags.is_empty() {
        tags.push(Reference::LATEST.to_owned());
    }
    let mut unique = Vec::new();
    tags.retain(|tag| {
        let fresh = !unique.contains(tag);
        unique.push(tag.clone());
        fresh
    });
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(words: &[&str], tag: &[&str], git: bool) -> Push {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let tags = git.then_some(TagSource::Git);
        Push { words: owned(words), tag: owned(tag), tags, plain_http: false }
    }

    #[test]
    fn the_first_word_is_an_image_when_it_is_no_place() {
        for (words, named, places) in [
            (&["r.example/a"][..], None, 1),
            (&["shop", "r.example/a", "team/a"], Some("shop"), 2),
            (&["team/a", "r.example/a"], None, 2),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let (found, references) = split(&words).expect("valid");
            assert_eq!((found, references.len()), (named, places), "{words:?}");
        }
        assert!(matches!(
            split(&["shop".to_owned()]),
            Err(CliError::Image(ImageError::NowhereToPush))
        ));
        let digest = format!("r.example/a@sha256:{}", "0".repeat(64));
        assert!(matches!(split(&[digest]), Err(CliError::Image(ImageError::PushToDigest { .. }))));
        assert!(matches!(
            split(&["r.example/A".to_owned()]),
            Err(CliError::Image(ImageError::Reference(_)))
        ));
    }

    #[test]
    fn given_tags_win_and_git_fills_in() {
        let git = ["main".to_owned(), "sha-1".to_owned()];
        for (place, tag, asked, known, wanted) in [
            ("r.example/a", &[][..], false, &git[..], "main sha-1"),
            ("r.example/a", &[], false, &[], "latest"),
            ("r.example/a:1", &[], false, &git, "1"),
            ("r.example/a:1", &["2", "1"], false, &git, "1 2"),
            ("r.example/a", &["2"], true, &git, "2 main sha-1"),
        ] {
            let to: Reference = place.parse().expect(place);
            let found = tags(&to, &push(&[place], tag, asked), known).expect("valid");
            assert_eq!(found.join(" "), wanted, "{place} {tag:?}");
        }
        let to: Reference = "r.example/a".parse().expect("valid");
        assert!(tags(&to, &push(&[], &["a b"], false), &[]).is_err());
    }
}
