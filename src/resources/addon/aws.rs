//! The calls of this kind: not built yet; every one of them says so.

use super::{Addon, AddonComputed};
use crate::cloud::aws::{Provision, Reading, Sights, Sought, Writing};
use crate::cloud::{CloudError, ErrorKind};

fn missing() -> CloudError {
    CloudError::new(ErrorKind::Bug, "handle this kind on AWS", "not built yet")
}

impl Provision for Addon {
    async fn observe(sought: Vec<Sought<Self>>, _: &Reading<'_>) -> Sights<Self> {
        sought.into_iter().map(|one| (one.address, Err(missing()))).collect()
    }

    async fn create(&self, _: &Writing<'_>) -> Result<AddonComputed, CloudError> {
        Err(missing())
    }

    async fn update(&self, _: &Self, _: &AddonComputed, _: &Writing<'_>) -> Result<AddonComputed, CloudError> {
        Err(missing())
    }

    async fn delete(_: &Self, _: &AddonComputed, _: &Writing<'_>) -> Result<(), CloudError> {
        Err(missing())
    }
}
