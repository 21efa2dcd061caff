//! Manifests, indexes and configs of foreign images, and names of images: what is read is written
//! the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_oci::registry::Reference;
use windlass_oci::{Document, ImageConfig, Index, Manifest};

fuzz_target!(|bytes: &[u8]| {
    again::<Manifest>(bytes);
    again::<Index>(bytes);
    again::<ImageConfig>(bytes);
    if let Ok(document) = Document::parse(bytes, None) {
        assert!(Document::parse(bytes, Some(document.media_type())).is_ok(), "one meaning");
    }
    if let Some(name) = str::from_utf8(bytes).ok().and_then(|text| text.parse::<Reference>().ok()) {
        assert_eq!(name.to_string().parse::<Reference>().as_ref(), Ok(&name));
    }
});

/// What was understood once is understood alike once it is written.
fn again<T>(bytes: &[u8])
where
    T: serde::de::DeserializeOwned + serde::Serialize + PartialEq + std::fmt::Debug,
{
    let Ok(value) = serde_json::from_slice::<T>(bytes) else { return };
    let text = serde_json::to_vec(&value).expect("writable");
    assert_eq!(serde_json::from_slice::<T>(&text).expect("readable"), value);
}
