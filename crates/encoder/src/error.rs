//! Why a file of weights was refused.

/// Why bytes are not a model this version can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The bytes do not begin as a model does.
    #[error("not a model file")]
    NotAModel,
    /// The file is of another version of the format.
    #[error("model file of version {found}, this program reads version {expected}")]
    Version {
        /// The version in the file.
        found: u32,
        /// The version this program reads.
        expected: u32,
    },
    /// A section is absent, lies outside the file or has a wrong size.
    #[error("section {0} of the model file is absent or has a wrong size")]
    Section(&'static str),
}
