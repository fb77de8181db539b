//! The guard before every call: asked when a request is signed and about to leave.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::model::send_guard::SendGuard;

/// Sends nothing that its guard does not allow.
#[derive(Clone, Debug)]
pub struct Guarded(pub SendGuard);

impl Intercept for Guarded {
    fn name(&self) -> &'static str {
        "Guarded"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.0.allows() { Ok(()) } else { Err(SendGuard::REFUSAL.into()) }
    }
}
