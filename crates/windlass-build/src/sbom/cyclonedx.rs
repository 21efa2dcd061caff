//! CycloneDX 1.6 as JSON.

use super::component::{Component, ComponentKind};
use super::licence::Licence;
use super::{Subject, image_purl, is_url, uuid_of};
use serde_json::{Value, json};
use windlass_oci::ImageConfig;

/// The document of an image.
pub(super) fn document(subject: Subject<'_>, components: &[Component]) -> Value {
    let image = image_purl(subject);
    let names: Vec<&str> = components.iter().map(|component| component.purl.as_str()).collect();
    let mut dependencies = vec![json!({"ref": image, "dependsOn": names})];
    dependencies.extend(names.iter().map(|name| json!({"ref": name})));
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": ImageConfig::EPOCH,
            "tools": {"components": [{
                "type": "application",
                "name": "windlass",
                "version": env!("CARGO_PKG_VERSION"),
            }]},
            "component": {
                "type": "container",
                "bom-ref": image,
                "name": subject.name,
                "version": subject.manifest.to_string(),
                "purl": image,
                "hashes": [{"alg": "SHA-256", "content": subject.manifest.hex()}],
            },
        },
        "components": components.iter().map(self::component).collect::<Vec<_>>(),
        "dependencies": dependencies,
    });
    let id = format!("urn:uuid:{}", uuid_of(&document));
    document["serialNumber"] = id.into();
    document
}

fn component(component: &Component) -> Value {
    let mut value = json!({
        "type": kind(component.kind),
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
    });
    match &component.licence {
        Licence::Expression(expression) if expression.contains(' ') => {
            value["licenses"] = json!([{"expression": expression}]);
        }
        Licence::Expression(id) => value["licenses"] = json!([{"license": {"id": id}}]),
        Licence::Words(words) => value["licenses"] = json!([{"license": {"name": words}}]),
        Licence::Unknown => {}
    }
    if let Some(sha256) = component.sha256 {
        value["hashes"] = json!([{"alg": "SHA-256", "content": sha256.hex()}]);
    }
    if let Some(page) = component.homepage.as_deref().filter(|page| is_url(page)) {
        value["externalReferences"] = json!([{"type": "website", "url": page}]);
    }
    let property = |name: &str, text: &str| json!({"name": name, "value": text});
    let mut properties: Vec<Value> =
        component.paths.iter().map(|path| property("windlass:path", path)).collect();
    if let Some((name, version)) = &component.source {
        properties.push(property("windlass:source-package", name));
        properties.push(property("windlass:source-version", version));
    }
    if !properties.is_empty() {
        value["properties"] = properties.into();
    }
    value
}

fn kind(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::OperatingSystem => "operating-system",
        ComponentKind::Debian | ComponentKind::Python => "library",
        ComponentKind::Interpreter => "application",
    }
}
