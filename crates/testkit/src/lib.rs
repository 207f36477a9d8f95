//! For tests: the whole app in process, and on loopback a vendor's server and a Meta that do what they are told.

mod app;
mod meta;
mod vendor;

pub use app::{Answer, TestApp, TestAppBuilder};
pub use meta::{APP_SECRET, MetaApp, VERIFY_TOKEN};
pub use vendor::{Act, FakeVendor, Tokens, Wire};
