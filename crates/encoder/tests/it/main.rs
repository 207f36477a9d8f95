//! Public behaviour of the crate, one module an area.

mod fidelity;
mod laws;
mod model;
