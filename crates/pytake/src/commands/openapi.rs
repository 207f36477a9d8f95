//! `pytake openapi`: prints the OpenAPI document.

use std::process::ExitCode;

#[expect(clippy::unnecessary_wraps, reason = "all commands have one shape")]
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    println!("{}", pytake_server::openapi());
    Ok(ExitCode::SUCCESS)
}
