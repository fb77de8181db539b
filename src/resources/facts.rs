//! Facts on AWS: what a plan has to know of things that are not the stack's own, each read by itself. Nothing is written.
//!
//! Promises: everything is asked at once; whatever goes wrong with one question is told as its answer.

mod account;
mod certificate;
mod database;
mod kms;
mod network;
mod principal;
mod quota;
mod removal;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{OptionFuture, join, join_all};

pub(super) use certificate::certificate;
pub(super) use network::{dns_of, endpoints, route_tables, zones_of_type};

use crate::cloud::aws::Clients;
use crate::cloud::{CloudError, ErrorKind};
use crate::model::facts::{Fact, FactQuery, Facts};
use crate::model::surroundings::Surroundings;

/// An answer to everything asked.
pub(super) async fn facts(aws: &Clients, ask: &FactQuery, place: &Surroundings) -> Facts {
    let services = (!ask.endpoint_services.is_empty()).then_some(&ask.endpoint_services);
    let things = async {
        tokio::join!(
            each(&ask.keys, |arn| kms::key(aws, arn, place)),
            each(&ask.certificates, |arn| certificate(aws, arn)),
            each(&ask.principals, |arn| principal::principal(aws, arn)),
            each(&ask.service_roles, |name| principal::service_role(aws, name)),
            OptionFuture::from(ask.network.as_ref().map(|ask| network::network(aws, ask))),
            OptionFuture::from(ask.database.as_ref().map(|ask| database::offers(aws, ask))),
            OptionFuture::from(ask.zones_of_type.as_ref().map(|it| async { fact(zones_of_type(aws, it).await) })),
            OptionFuture::from(ask.removal.as_ref().map(|ask| removal::removal(aws, ask))),
        )
    };
    let account = async {
        tokio::join!(
            quota::quotas(aws, &ask.quotas),
            OptionFuture::from(ask.simulation.as_ref().map(|ask| account::permits(aws, ask, place))),
            OptionFuture::from(
                ask.disk_encryption.then_some(async { fact(account::disk_encryption(aws, place).await) })
            ),
            OptionFuture::from(services.map(|names| async { fact(account::endpoint_services(aws, names).await) })),
            OptionFuture::from(ask.state_bucket.as_ref().map(|name| account::state_bucket(aws, name))),
        )
    };
    let (
        (keys, certificates, principals, service_roles, network, database, zones_of_type, removal),
        (quotas, permits, disk_encryption, endpoint_services, state_bucket),
    ) = join(things, account).await;
    Facts {
        keys,
        certificates,
        principals,
        network,
        database,
        zones_of_type,
        removal,
        quotas,
        permits,
        service_roles,
        disk_encryption,
        endpoint_services,
        state_bucket,
    }
}

/// Reads each of them side by side.
async fn each<'a, T, F: Future<Output = Result<T, CloudError>>>(
    asked: &'a BTreeSet<String>,
    read: impl Fn(&'a str) -> F,
) -> BTreeMap<String, Fact<T>> {
    let readings: Vec<F> = asked.iter().map(|one| read(one)).collect();
    let answers = join_all(readings).await.into_iter().map(fact);
    asked.iter().cloned().zip(answers).collect()
}

/// What an answer of AWS tells.
fn fact<T>(answer: Result<T, CloudError>) -> Fact<T> {
    match answer {
        Ok(it) => Fact::There(it),
        Err(error) if error.kind == ErrorKind::NotFound => Fact::Missing,
        Err(error) => Fact::Unread { error },
    }
}
