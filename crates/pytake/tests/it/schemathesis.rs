//! The running server against requests that schemathesis makes from the OpenAPI document, see `docs/testing.md`.
//!
//! `./test` installs it and names its program in `PYTAKE_SCHEMATHESIS`; without that this test is skipped.

#[path = "../../../server/tests/it/strict.rs"]
mod strict;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::emulator::server::Server;

/// What every answer is held against: no 5xx, no undocumented status, type, header or field.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance";

/// The contract's `service_unavailable` is an answer, not a failure: who asks for a provider gets it from this server,
/// which has none. Every other 5xx is a failure.
const CONFIGURATION: &str =
    "[checks.not_a_server_error]\nexpected-statuses = [\"2xx\", \"3xx\", \"4xx\", 503]\n";

/// Requests an operation gets from arbitrary data; those made for each rule of its schema come on top.
const EXAMPLES: &str = "15";

#[test]
fn no_request_gets_an_answer_that_is_not_documented() {
    let Ok(program) = std::env::var("PYTAKE_SCHEMATHESIS") else {
        println!("SKIPPED: PYTAKE_SCHEMATHESIS is not set; ./test document installs it and sets it");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let key = admin_key(folder.path());
    let server = Server::in_folder(folder.path(), &[]);
    let document = folder.path().join("strict.json");
    let promised = without_tenants(strict::strict(server.get("/api-docs/openapi.json")));
    std::fs::write(&document, promised.to_string()).unwrap();

    std::fs::write(folder.path().join("schemathesis.toml"), CONFIGURATION).unwrap();
    let checked = Command::new(program)
        .current_dir(folder.path())
        .arg("run")
        .arg(&document)
        .args(["--url", &format!("http://{}", server.address())])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", EXAMPLES, "--generation-deterministic", "--workers", "2", "--no-color"])
        // How hard it is to make data for a schema says nothing about the server.
        .args(["--suppress-health-check", "all"])
        // An answer without an end.
        .args(["--exclude-operation-id", "followEvents"])
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}\n{}", String::from_utf8_lossy(&checked.stderr));
}

/// A key of a tenant that no example of the document names, so that no request takes it away.
fn admin_key(folder: &Path) -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_pytake"))
        .args(["keys", "create", "--tenant", "examiner", "--scope", "admin"])
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().lines().last().unwrap().to_owned()
}

/// The document without the parameter that names a tenant: an admin who always acts for one that does not exist would learn
/// little.
fn without_tenants(mut document: Value) -> Value {
    let is_tenant = |parameter: &Value| parameter["$ref"] == "#/components/parameters/tenant_id";
    for item in document["paths"].as_object_mut().unwrap().values_mut() {
        for operation in item.as_object_mut().unwrap().values_mut() {
            if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
                parameters.retain(|parameter| !is_tenant(parameter));
            }
        }
    }
    document
}
