//! Bodies as Meta sends them, written by us, and the samples beside the checkout.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The business number of these bodies.
pub(crate) const NUMBER: &str = "106540352242922";

/// One change with a value of the given field, in its envelope.
pub(crate) fn body(field: &str, value: &Value) -> Value {
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": field, "value": value }] }],
    })
}

/// The value of a change of `messages`, with the contact of Ana.
pub(crate) fn value(rest: &Value) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "551140028922", "phone_number_id": NUMBER },
        "contacts": [{ "profile": { "name": "Ana", "username": "@ana.lima" }, "wa_id": "5511987654321", "user_id": "BR.1502576394655843" }],
    });
    for (name, part) in rest.as_object().unwrap() {
        value[name] = part.clone();
    }
    value
}

/// A message of Ana.
pub(crate) fn message(rest: &Value) -> Value {
    let mut message = json!({
        "from": "5511987654321",
        "from_user_id": "BR.1502576394655843",
        "id": "wamid.HBgNNTUxMTk4NzY1NDMyMQ==",
        "timestamp": "1767225600",
    });
    for (name, part) in rest.as_object().unwrap() {
        message[name] = part.clone();
    }
    message
}

/// A folder with data that is shared beside the checkout and no part of it.
pub(crate) fn shared_folder(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/whatsapp").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: no whatsapp/{name} beside the checkout");
    None
}

/// The JSON files of a folder by name, in order.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "json") && name != "index.json" {
            files.push((name, fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

/// The sample bodies. One has a placeholder that cannot be a number's id.
pub(crate) fn samples(folder: &Path) -> Vec<(String, String)> {
    let mut samples = Vec::new();
    for (name, bytes) in files(folder) {
        let body = String::from_utf8(bytes).unwrap();
        samples.push((name, body.replace("<BUSINESS_PHONE_NUMBER_ID>", NUMBER)));
    }
    samples
}
