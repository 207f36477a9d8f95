//! The commands, one file each.

mod access;
pub(crate) mod chat;
pub(crate) mod customers;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod keys;
pub(crate) mod openapi;
pub(crate) mod operators;
pub(crate) mod secrets;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod tenants;
