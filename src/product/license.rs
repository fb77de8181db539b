//! Where the license is.

use crate::model::values::{HostPort, SecretKey, SecretName};

/// Where the license is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum License {
    /// A file, which reaches the server as a Secret.
    File {
        /// The Secret.
        secret: SecretName,
        /// Key in it, which is the name of the file.
        key: SecretKey,
    },
    /// A floating license server.
    Server(HostPort),
}
