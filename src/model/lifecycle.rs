//! From when on an age, or an end that comes near, is told.

use serde::Serialize;

/// Days from which on what grows old by itself is told, as findings of class `lifecycle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LifecycleDays {
    /// The age of the image of the nodes.
    #[serde(rename = "image_days")]
    pub image: u16,
    /// The age of a password.
    #[serde(rename = "password_days")]
    pub password: u16,
    /// The time that a certificate has left.
    #[serde(rename = "certificate_days")]
    pub certificate: u16,
}

impl Default for LifecycleDays {
    fn default() -> Self {
        Self { image: 30, password: 365, certificate: 30 }
    }
}
