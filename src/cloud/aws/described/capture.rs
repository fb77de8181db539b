//! Keeps what AWS answers while somebody looks: of the calls that the tables of drift name and of no other, so no secret
//! ever.
//!
//! Whoever looks does so in a scope of its own: calls made elsewhere at the same time are not kept, and without a scope
//! nothing is.

use std::collections::BTreeSet;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use serde_json::Value;

use super::request::Parameters;
use super::wire::{RawAnswer, WireNames};
use crate::cloud::CloudError;
use crate::cloud::aws::error;

tokio::task_local! {
    static LOOK: Arc<Look>;
}

/// A call that was made.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Which, such as `ec2:DescribeSubnets`.
    pub(super) call: String,
    /// What the request asked for.
    pub(super) asked: Parameters,
    /// What was answered, in the names of the service model.
    pub(super) told: Result<Value, CloudError>,
}

/// A look whose answers are kept.
#[derive(Debug)]
pub(super) struct Look {
    wanted: BTreeSet<String>,
    kept: Mutex<Vec<Kept>>,
}

impl Look {
    /// A look that keeps the answers of these calls.
    pub(super) fn at(wanted: BTreeSet<String>) -> Arc<Self> {
        Arc::new(Self { wanted, kept: Mutex::default() })
    }

    /// Does something whose calls count.
    pub(super) async fn during<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        LOOK.scope(Arc::clone(self), work).await
    }

    /// What was kept since this was asked last, in the order of the answers.
    pub(super) fn take(&self) -> Vec<Kept> {
        mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, one: Kept) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(one);
    }
}

/// Keeps the answers of a [`Look`].
#[derive(Clone, Copy, Debug)]
pub(in crate::cloud::aws) struct Capture;

/// What the request of a call that counts asks for.
#[derive(Debug)]
struct Asked(Parameters);

impl Storable for Asked {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Capture {
    fn name(&self) -> &'static str {
        "Capture"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let wanted = |call: &String| LOOK.try_with(|look| look.wanted.contains(call)).unwrap_or(false);
        let Some((service, operation, _)) = named(bag).filter(|(_, _, call)| wanted(call)) else { return Ok(()) };
        let request = context.request();
        let mut asked = Parameters::read(request.uri(), request.body().bytes().unwrap_or_default(), service, operation);
        // Where the name of a bucket stands depends on the endpoint.
        let endpoint = bag.load::<EndpointResolverParams>();
        let bucket = endpoint.and_then(|of| of.get::<aws_sdk_s3::config::endpoint::Params>()?.bucket());
        asked.extend(bucket.map(|name| ("Bucket", name)));
        bag.interceptor_state().store_put(Asked(asked));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some((service, operation, call)), Some(Asked(asked))) = (named(bag), bag.load::<Asked>()) else {
            return Ok(());
        };
        let told = match (context.response(), context.output_or_error()) {
            (Some(response), _) => WireNames::of_aws().read(
                service,
                operation,
                &RawAnswer {
                    status: response.status().as_u16(),
                    header: &|name| response.headers().get(name),
                    body: response.body().bytes().unwrap_or_default(),
                },
            ),
            (None, Some(Err(failure))) => Err(error::unanswered(failure, false, &format!("ask {call}"))),
            // It ended before anything was sent.
            (None, Some(Ok(_)) | None) => return Ok(()),
        };
        // Outside a scope nothing was asked for.
        let _ = LOOK.try_with(|look| look.keep(Kept { call, asked: asked.clone(), told }));
        Ok(())
    }
}

/// Service and operation of a call, by the names of the tables, and both together.
fn named(bag: &ConfigBag) -> Option<(&'static str, &str, String)> {
    let call = bag.load::<Metadata>()?;
    let service = service(call.service())?;
    Some((service, call.name(), format!("{service}:{}", call.name())))
}

/// A service by the name it signs with, from the one it has in the SDK.
fn service(sdk: &str) -> Option<&'static str> {
    Some(match sdk {
        "ACM" => "acm",
        "Auto Scaling" => "autoscaling",
        "EC2" => "ec2",
        "EKS" => "eks",
        "Elastic Load Balancing v2" => "elasticloadbalancing",
        "IAM" => "iam",
        "KMS" => "kms",
        "RDS" => "rds",
        "S3" => "s3",
        "Secrets Manager" => "secretsmanager",
        _ => return None,
    })
}
