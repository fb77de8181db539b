//! A line in the log for each call: which operation, which attempt, what came back and after how
//! long. Of requests and answers nothing but the id: they may hold secrets.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use tokio::time::Instant;

/// Headers in which services give the id of a request: most of them, S3, and the older ones.
pub(super) const REQUEST_ID: [&str; 3] = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];

/// Tells of every attempt of every call.
#[derive(Clone, Copy, Debug)]
pub struct Calls;

#[derive(Debug)]
struct Begun(Instant);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(Begun(Instant::now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = bag.load::<Metadata>().map_or(("", ""), |call| (call.service(), call.name()));
        let attempt = bag.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
        let ms = bag.load::<Begun>().map_or(0, |begun| begun.0.elapsed().as_millis());
        let answer = context.response();
        let header = |name: &str| answer.and_then(|answer| answer.headers().get(name)).map(str::to_owned);
        let request_id = REQUEST_ID.iter().find_map(|name| header(name)).unwrap_or_default();
        let status = answer.map_or_else(|| "none".to_owned(), |answer| answer.status().as_u16().to_string());
        tracing::trace!(service, operation, attempt, status, request_id, ms = u64::try_from(ms).ok(), "call");
        Ok(())
    }
}
