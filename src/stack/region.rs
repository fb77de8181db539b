//! Whether a region can be built in.
//!
//! A region that is not known here may be newer than this program, and refusing it would leave no way on. It is let
//! through when its name is made of the words that AWS makes such names of; everything else is a misspelling.

use crate::model::partition::{Partition, is_known, is_plausible, regions};
use crate::model::values::{Region, ValueError};
use crate::text::nearest;

/// Refuses a region in which nothing can be built: one that cannot be, or one of a partition that this program does not
/// know its way in.
///
/// # Errors
/// What is wrong, and which region may have been meant.
pub(super) fn check(region: &Region) -> Result<(), ValueError> {
    let name = region.as_str();
    let partition = Partition::of_region(name);
    if partition.is_isolated {
        return Err(ValueError::new(
            format!(
                "{name} is in {}, a partition apart from the internet with services and names of its own, in which this \
                 version does not build",
                partition.name
            ),
            "choose a region of aws, aws-cn, aws-us-gov or aws-eusc, such as us-gov-west-1",
        ));
    }
    if is_known(name) || is_plausible(name) {
        return Ok(());
    }
    Err(ValueError::new(format!("there is no region {name}"), meant(name)))
}

fn meant(name: &str) -> String {
    nearest(name, regions()).map_or_else(
        || "`aws ec2 describe-regions --region us-east-1 --all-regions --query 'Regions[].RegionName'` lists those there are; us-east-1 and eu-central-1 are two".to_owned(),
        |region| format!("did you mean {region}?"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(text: &str) -> Region {
        text.parse().unwrap()
    }

    #[test]
    fn a_misspelt_region_is_refused_with_the_right_one() {
        for (text, remedy) in [
            ("us-esat-1", "did you mean us-east-1?"),
            ("eu-centrl-1", "did you mean eu-central-1?"),
            ("ap-notheast-1", "did you mean ap-northeast-1?"),
            ("us-eats-1", "did you mean us-east-1?"),
            ("moon-dark-1", "describe-regions"),
        ] {
            let error = check(&region(text)).unwrap_err();
            assert_eq!(error.problem(), format!("there is no region {text}"));
            assert!(error.remedy().contains(remedy), "{text}: {}", error.remedy());
        }
    }

    #[test]
    fn a_region_that_may_have_come_since_is_let_through() {
        for text in ["us-east-3", "eu-north-2", "nz-south-1", "cn-south-1", "us-gov-central-1", "eusc-fr-west-1"] {
            check(&region(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        for text in regions() {
            assert!(check(&region(text)).is_ok(), "{text}");
        }
    }

    #[test]
    fn isolated_partitions_are_refused_with_the_reason() {
        for text in ["us-iso-east-1", "us-isob-west-1", "eu-isoe-west-1", "us-isof-south-1"] {
            let error = check(&region(text)).unwrap_err();
            assert!(error.problem().contains("apart from the internet"), "{text}: {error}");
        }
    }
}
