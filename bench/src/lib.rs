//! What the benchmark's two programs share.
//!
//! `standin` plays a model vendor that answers at once, `load` sends requests and times the answers; the
//! script `bench/overhead` starts both with a server between them. All three share two cores, so the
//! programs here do as little as HTTP/1.1 allows: one thread, one read and one write per message.

pub mod latencies;
pub mod wire;
