//! How the AWS SDK is held: clients, errors, and what every kind must provide.
//!
//! Every client is the real one with explicit defaults; there is no trait per service. Calls that would make a second
//! object when repeated go through [`Clients::no_retry`], which never retries by itself.

pub mod answer;
pub mod bucket_lifecycle;
mod calls;
mod census;
pub mod cloudtrail;
pub mod described;
pub mod ec2;
pub mod eks;
pub mod eks_token;
pub mod elb;
mod error;
mod guarded;
pub mod heartbeat;
pub mod iam;
pub mod kms;
mod pace;
mod provision;
pub mod rds;
pub mod secrets;
pub mod settling;
pub mod strangers;
pub mod tags;
pub mod takeover;
pub mod words;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};

use crate::model::send_guard::SendGuard;
use described::Capture;
use guarded::Guarded;

pub use calls::Calls;
pub use census::{Census, Listed};
pub use error::{During, code_is};
pub use pace::{Pace, Paced};
pub use provision::{
    AskedOnce, HealthOf, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing, one_by_one,
};

/// The clients of every service we call, for one region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Certificates.
    pub acm: aws_sdk_acm::Client,
    /// Who did what.
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    /// Networks.
    pub ec2: aws_sdk_ec2::Client,
    /// Kubernetes.
    pub eks: aws_sdk_eks::Client,
    /// Databases.
    pub rds: aws_sdk_rds::Client,
    /// Roles and policies; global.
    pub iam: aws_sdk_iam::Client,
    /// Buckets.
    pub s3: aws_sdk_s3::Client,
    /// Load balancers.
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    /// Keys.
    pub kms: aws_sdk_kms::Client,
    /// Secrets.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// What the account may have.
    pub service_quotas: aws_sdk_servicequotas::Client,
    /// The groups that hold the nodes.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// Who we are.
    pub sts: aws_sdk_sts::Client,
    /// For calls that make a second object when repeated.
    pub no_retry: NoRetryClients,
    /// How fast some calls may follow each other.
    pub pace: Pace,
    /// The region.
    pub region: String,
}

/// Clients that never retry by themselves: after a lost answer only looking tells whether the object was made.
#[derive(Clone, Debug)]
pub struct NoRetryClients {
    /// For `CreateVpc`, `CreateInternetGateway` and `AllocateAddress`.
    pub ec2: aws_sdk_ec2::Client,
    /// For `CreateKey`.
    pub kms: aws_sdk_kms::Client,
}

/// A client of a service that is only looked at. From a network without internet there may be no way to it: then that is to
/// be told soon.
macro_rules! only_looked_at {
    ($service:ident, $config:expr, $guarded:expr) => {{
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(10))
            .operation_timeout(Duration::from_secs(20))
            .build();
        let config = $service::config::Builder::from($config).timeout_config(timeouts);
        let config = config.interceptor($guarded.clone()).interceptor(Calls).interceptor(Capture);
        $service::Client::from_conf(config.build())
    }};
}

impl Clients {
    /// Clients for `region`, with credentials and endpoint from the environment and the shared configuration files, as
    /// every AWS tool finds them. Nothing is sent that `guard` does not allow.
    pub async fn connect(region: &str, guard: &SendGuard) -> Self {
        // The SDK gives up after three attempts and waits for an answer without limit: both too little for a run of
        // twenty minutes with eighty objects that shares its rate limits with the rest of the account.
        let retries = RetryConfig::standard().with_max_attempts(8).with_max_backoff(Duration::from_secs(20));
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(30))
            .operation_timeout(Duration::from_secs(180))
            .build();
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.to_owned()))
            .retry_config(retries)
            .timeout_config(timeouts)
            .load()
            .await;
        // Who reads the logs of AWS sees in the user agent what called, unless the environment names something else.
        let config = match config.app_name() {
            Some(_) => config,
            None => config.into_builder().app_name(AppName::new("ppm-infra").expect("a name of letters")).build(),
        };
        Self::guarded(guard, &config, region)
    }

    /// Clients with a configuration made elsewhere, for `region`.
    pub fn of(config: &SdkConfig, region: &str) -> Self {
        Self::guarded(&SendGuard::always(), config, region)
    }

    /// The same; nothing is sent that `guard` does not allow.
    pub fn guarded(guard: &SendGuard, config: &SdkConfig, region: &str) -> Self {
        let guarded = Guarded(guard.clone());
        macro_rules! client {
            ($service:ident, $config:expr) => {
                $service::Client::from_conf(
                    $service::config::Builder::from($config)
                        .interceptor(guarded.clone())
                        .interceptor(Calls)
                        .interceptor(Capture)
                        .build(),
                )
            };
        }
        let no_retry = config.to_builder().retry_config(RetryConfig::disabled()).build();
        Self {
            acm: only_looked_at!(aws_sdk_acm, config, &guarded),
            cloudtrail: cloudtrail::client(config, &guarded),
            ec2: client!(aws_sdk_ec2, config),
            eks: client!(aws_sdk_eks, config),
            rds: client!(aws_sdk_rds, config),
            iam: iam::client(config, &guarded),
            s3: client!(aws_sdk_s3, config),
            elb: client!(aws_sdk_elasticloadbalancingv2, config),
            kms: client!(aws_sdk_kms, config),
            secrets: client!(aws_sdk_secretsmanager, config),
            service_quotas: only_looked_at!(aws_sdk_servicequotas, config, &guarded),
            autoscaling: client!(aws_sdk_autoscaling, config),
            sts: client!(aws_sdk_sts, config),
            no_retry: NoRetryClients { ec2: client!(aws_sdk_ec2, &no_retry), kms: client!(aws_sdk_kms, &no_retry) },
            pace: Pace::default(),
            region: region.to_owned(),
        }
    }
}
