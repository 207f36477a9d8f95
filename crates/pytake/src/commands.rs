//! The commands, one file each.

pub(crate) mod chat;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod keys;
pub(crate) mod openapi;
pub(crate) mod serve;
pub(crate) mod simulate;
