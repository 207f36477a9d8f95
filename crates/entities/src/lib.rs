//! Finds what a message names: dates, money, documents, addresses, people, codes.
//!
//! [`find`] asks every extractor and keeps, where findings overlap, the one with the better reason.
//! Nothing here is learnt: rules, public numbering plans, check digits and word lists. A new
//! extractor is one file and one line in `find.rs`.

mod addresses;
mod cards;
mod catalogue;
mod clues;
mod codes;
mod confidence;
mod country;
pub mod dates;
mod documents;
mod entity;
mod find;
mod links;
mod lists;
mod money;
mod names;
pub mod numbers;
mod orders;
mod organizations;
mod phones;
mod pix;
mod places;
mod postal;
mod products;
mod quantities;
mod reading;
mod scan;
mod tracking;
mod wordlist;

pub use catalogue::Catalogue;
pub use country::Country;
pub use entity::{Entity, EntityKind, Language};
pub use find::{Context, find};
