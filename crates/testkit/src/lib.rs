//! For tests: the whole app in process, and a vendor's server on loopback that does what it is told.

mod app;
mod vendor;

pub use app::{Answer, TestApp, TestAppBuilder};
pub use vendor::{Act, FakeVendor, Wire};
