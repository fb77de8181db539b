//! Rules of regions and partitions.

use super::super::region;
use super::Rules;
use crate::model::partition::Partition;
use crate::model::values::{Arn, ImageRepository, Region, shown};

impl Rules<'_> {
    pub(super) fn region(&mut self) {
        let path = "region";
        if let Some(region) = self.values.text::<Region>(path)
            && let Err(error) = region::check(&region)
        {
            self.refuse(&[path], error.problem(), error.remedy());
        }
    }

    /// Partitions share nothing: neither accounts nor roles, keys or certificates.
    pub(super) fn partitions(&mut self) {
        let Some(region) = self.values.text::<Region>("region") else { return };
        let home = Partition::of_region(region.as_str());
        let mut arns = Vec::new();
        for path in ["storage.kms", "load_balancer.certificate", "drift.state_key"] {
            // A key or certificate of another region is refused as such.
            let arn = self.values.text::<Arn>(path).filter(|arn| arn.parts().region == region.as_str());
            arns.extend(arn.map(|arn| (path, arn, self.values.place(path))));
        }
        let path = "kubernetes.admins";
        let admins = self.values.items(path, |item| item.parse::<Arn>().ok()).unwrap_or_default();
        arns.extend(admins.into_iter().map(|(arn, place)| (path, arn, place)));
        for (path, arn, place) in arns {
            let partition = arn.parts().partition;
            if partition != home.name {
                let right = arn.as_str().replacen(&format!("arn:{partition}:"), &format!("arn:{}:", home.name), 1);
                self.refuse_at(
                    place,
                    path,
                    format!(
                        "{} is in the partition {partition}, and {region} in {}, which share nothing",
                        shown(arn.as_str()),
                        home.name
                    ),
                    format!("write one of {}, such as {}", home.name, shown(&right)),
                );
            }
        }
    }

    /// A registry of ECR whose host does not end as its region has it: pulling would fail with "no such host".
    pub(super) fn registry(&mut self) {
        let path = "package_manager.image.repository";
        let Some(repository) = self.values.text::<ImageRepository>(path) else { return };
        let (host, rest) = repository.as_str().split_once('/').unwrap_or((repository.as_str(), ""));
        let mut labels = host.splitn(5, '.');
        let (Some(account), Some("dkr"), Some("ecr"), Some(region), Some(suffix)) =
            (labels.next(), labels.next(), labels.next(), labels.next(), labels.next())
        else {
            return;
        };
        let partition = Partition::of_region(region);
        if suffix != partition.dns_suffix {
            let right = partition.host(&format!("{account}.dkr.ecr"), region);
            self.refuse(
                &[path],
                format!("the registry of {region} ends in {}, not in {}", partition.dns_suffix, shown(suffix)),
                format!("write {right}/{rest}"),
            );
        }
    }
}
