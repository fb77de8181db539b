//! Where objects stand: what their ARNs and host names are made of.

use super::partition::Partition;

/// A region of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The second part of every ARN, such as `aws` or `aws-cn`.
    pub partition: &'static str,
    /// What host names of AWS end with, such as `amazonaws.com`.
    pub dns_suffix: &'static str,
    /// The region.
    pub region: String,
    /// Account number, twelve digits.
    pub account: String,
}

impl Site {
    /// The site of `account` in `region`.
    pub fn new(region: &str, account: &str) -> Self {
        let Partition { name: partition, dns_suffix, .. } = Partition::of_region(region);
        Self { partition, dns_suffix, region: region.to_owned(), account: account.to_owned() }
    }

    /// The ARN of an object in the region, such as `site.arn("rds", "db:main")`.
    pub fn arn(&self, service: &str, object: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{object}", self.partition, self.region, self.account)
    }

    /// The ARN of an object of a service without regions, such as IAM.
    pub fn global_arn(&self, service: &str, object: &str) -> String {
        format!("arn:{}:{service}::{}:{object}", self.partition, self.account)
    }

    /// A host name of the region: `site.host("gr7", "eks")` is `gr7.us-east-1.eks.amazonaws.com`.
    pub fn host(&self, name: &str, service: &str) -> String {
        format!("{name}.{}.{service}.{}", self.region, self.dns_suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_tells_the_partition() {
        for (region, partition, suffix) in [
            ("us-east-1", "aws", "amazonaws.com"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
        ] {
            let site = Site::new(region, "444455556666");
            assert_eq!((site.partition, site.dns_suffix), (partition, suffix), "{region}");
            assert_eq!(site.arn("rds", "db:x"), format!("arn:{partition}:rds:{region}:444455556666:db:x"));
        }
    }
}
