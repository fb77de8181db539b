//! Health on AWS beside what the kinds tell themselves: what ACM, EKS and RDS say (`DescribeCertificate`,
//! `DescribeClusterVersions`, `DescribePendingMaintenanceActions`). Nothing is written.

use aws_sdk_rds::types::ResourcePendingMaintenanceActions;

use super::dispatch::Aws;
use super::facts;
use crate::cloud::aws::During;
use crate::cloud::aws::answer::{if_there, moment};
use crate::cloud::health::{Answer, Certificate, Health, Maintenance, Support};

impl Health for Aws {
    fn certificate<'a>(&'a self, arn: &'a str) -> Answer<'a, Certificate> {
        Box::pin(async move { if_there(facts::certificate(self.clients(), arn).await) })
    }

    fn support<'a>(&'a self, version: &'a str) -> Answer<'a, Support> {
        Box::pin(async move {
            // Without `include_all`, versions out of support are left out.
            let call = self.clients().eks.describe_cluster_versions().cluster_versions(version).include_all(true);
            let answer = call.send().await.during("read the support of this Kubernetes version")?;
            let mut all = answer.cluster_versions().iter();
            let found = all.find(|one| one.cluster_version() == Some(version));
            Ok(found.map(|one| Support {
                standard_until: one.end_of_standard_support_date().and_then(moment),
                extended_until: one.end_of_extended_support_date().and_then(moment),
            }))
        })
    }

    fn maintenance<'a>(&'a self, arn: &'a str) -> Answer<'a, Vec<Maintenance>> {
        Box::pin(async move {
            let call = self.clients().rds.describe_pending_maintenance_actions().resource_identifier(arn);
            let Some(found) = if_there(call.send().await.during("read what maintenance awaits the database"))? else {
                return Ok(None);
            };
            let actions = found.pending_maintenance_actions().iter();
            let actions = actions.flat_map(ResourcePendingMaintenanceActions::pending_maintenance_action_details);
            Ok(Some(
                actions
                    .map(|one| Maintenance {
                        action: one.action().unwrap_or("maintenance").to_owned(),
                        description: one.description().map(str::to_owned),
                        due: one.forced_apply_date().or(one.auto_applied_after_date()).and_then(moment),
                    })
                    .collect(),
            ))
        })
    }
}
