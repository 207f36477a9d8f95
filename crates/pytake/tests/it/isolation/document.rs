//! The operations of the OpenAPI document.

use serde_json::Value;

/// One operation under `/api/`.
pub(super) struct Operation {
    pub(super) id: String,
    /// In capitals.
    pub(super) method: String,
    /// With its places in braces.
    pub(super) path: String,
    pub(super) has_body: bool,
    /// Its body has the field `tenant_id`, which only an admin may use.
    pub(super) names_a_tenant: bool,
    pub(super) needs_key: bool,
}

/// Every operation under `/api/`.
pub(super) fn operations() -> impl Iterator<Item = Operation> {
    let document: Value = serde_json::from_str(&pytake_server::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/") {
            continue;
        }
        for method in ["get", "put", "post", "delete", "patch"] {
            let Some(operation) = item.get(method) else { continue };
            found.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                has_body: operation.get("requestBody").is_some(),
                names_a_tenant: names_a_tenant(&document, operation),
                needs_key: operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty()),
            });
        }
    }
    found.into_iter()
}

fn names_a_tenant(document: &Value, operation: &Value) -> bool {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let named = schema["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
    named.unwrap_or(schema)["properties"].get("tenant_id").is_some()
}
