//! AWS's own English, where its codes do not tell one case from another: every sentence that anything here branches on.
//!
//! A sentence is no promise, and may be changed any day: so all of them stand here, with where they were seen. Unless
//! another source is named, that is the code of hashicorp/terraform-provider-aws, read in August 2026; the parts with a
//! second source were found again in public reports on 2026-11-30.

use crate::cloud::CloudError;

/// Sentences that mean one thing, perhaps only together with a code.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The code they come with; without one, whatever code does.
    code: Option<&'static str>,
    /// Parts of the sentences; one is enough.
    any: &'static [&'static str],
}

impl Words {
    const fn of(code: &'static str, any: &'static [&'static str]) -> Self {
        Self { code: Some(code), any }
    }

    const fn of_any_code(any: &'static [&'static str]) -> Self {
        Self { code: None, any }
    }

    /// Whether an error is told in these words.
    pub fn tell(&self, error: &CloudError) -> bool {
        self.code.is_none_or(|code| error.is(code)) && self.any.iter().any(|part| error.says(part))
    }

    /// Whether a text that is no error of a call has them.
    pub fn are_in(&self, text: &str) -> bool {
        self.any.iter().any(|part| text.contains(part))
    }
}

/// Of EC2.
pub mod ec2 {
    use super::Words;

    /// An address is in use still: AWS calls that a lack of permission.
    pub const ADDRESS_HELD: Words = Words::of("AuthFailure", &["access the specified resource"]);
    /// Another endpoint of the VPC answers for this name. Also: stack traces of aws-cdk, guides of `TiDB` Cloud.
    pub const NAME_TAKEN: Words = Words::of_any_code(&["conflicting DNS domain"]);
    /// An interface was attached at the last moment.
    pub const INTERFACE_IN_USE: Words = Words::of_any_code(&["in use"]);
    /// There is no rule for IPv6 to be revoked.
    pub const NO_IPV6_RULE: Words = Words::of("InvalidParameterValue", &["remote-ipv6-range"]);
    /// Wrong credentials, with the code that a lack of permission has as well.
    pub const CREDENTIALS: Words = Words::of("AuthFailure", &["validate the provided access credentials"]);
}

/// Of EKS.
pub mod eks {
    use super::Words;

    /// There is no such cluster, told as a mistake of the caller. Also: aws-k8s-tester.
    pub const NO_CLUSTER: Words = Words::of("ClientException", &["No cluster found"]);
    /// The name is taken; the code is that of a change that runs, too.
    pub const NAME_TAKEN: Words = Words::of("ResourceInUseException", &["already exists", "already in use"]);
    /// A change of the cluster runs.
    pub const IN_PROGRESS: Words = Words::of("ResourceInUseException", &["in progress"]);
    /// Node groups stand in the way of the removal. Also: reports of Terraform and Pulumi users.
    pub const HAS_NODE_GROUPS: Words = Words::of_any_code(&["nodegroups attached"]);
    /// The cluster knows no access entries: its mode is the old one.
    pub const NO_ENTRIES: Words = Words::of("InvalidRequestException", &["authentication mode must be set"]);
    /// The cluster is being made, changed or removed. Also: moto.
    pub const NOT_ACTIVE: Words = Words::of("InvalidRequestException", &["not in ACTIVE status"]);
    /// What is asked for is so already.
    pub const NO_CHANGE: Words = Words::of("InvalidParameterException", &["already at the desired", "No changes"]);
    /// A change begun a moment ago is not visible yet.
    pub const NO_UPDATE: Words = Words::of("ResourceNotFoundException", &["No update found"]);
    /// A cluster's role that EKS accepts once IAM has told everybody about it.
    pub const UNKNOWN_CLUSTER_ROLE: Words = Words::of(
        "InvalidParameterException",
        &[
            "does not exist",
            "Error in role params",
            "Role could not be assumed because the trusted entity is not correct",
            "The provided role doesn't have the Amazon EKS Managed Policies associated with it",
            "IAM role's policy must include",
        ],
    );
    /// The same of the nodes' role.
    pub const UNKNOWN_NODE_ROLE: Words = Words::of(
        "InvalidParameterException",
        &["cannot be found", "does not exist", "were not found in the trust relationships"],
    );
    /// The same of the role that EKS makes for itself at the first node group of an account.
    pub const UNKNOWN_SERVICE_ROLE: Words = Words::of_any_code(&["unable to assume the service-linked role"]);
    /// The same of a principal that is to have access to the cluster.
    pub const UNKNOWN_PRINCIPAL: Words =
        Words::of("InvalidParameterException", &["invalid principal", "does not exist", "not found"]);
    /// An add-on is asked for before its cluster or role is known everywhere.
    pub const ADDON_TOO_EARLY: Words = Words::of("InvalidParameterException", &["does not exist", "CREATE_FAILED"]);
}

/// Of RDS.
pub mod rds {
    use super::Words;

    /// What is asked for is so already. Also: ansible-collections/amazon.aws.
    pub const NO_CHANGE: Words = Words::of_any_code(&["No modifications were requested"]);
    /// A security group made a moment ago.
    pub const UNKNOWN_GROUP: Words = Words::of("InvalidParameterValue", &["Invalid security group"]);
    /// Deletion protection is on, or was a moment ago.
    pub const PROTECTED: Words = Words::of("InvalidParameterCombination", &["deletion pro"]);
    /// Somebody ordered the end before.
    pub const LEAVING: Words = Words::of_any_code(&["is already being deleted"]);
}

/// Of Elastic Load Balancing and Auto Scaling.
pub mod elb {
    use super::Words;

    /// Deletion protection is on.
    pub const PROTECTED: Words = Words::of("OperationNotPermitted", &["deletion protection"]);
    /// The role that the service makes for itself is not known yet. Also: the user guide of RDS, for its own.
    pub const UNKNOWN_SERVICE_ROLE: Words = Words::of_any_code(&["permission to create service linked role"]);
    /// An Auto Scaling group that is gone, or was never attached: there is one code for everything.
    pub const NOT_ATTACHED: Words =
        Words::of("ValidationError", &["not found", "not part of the group", "does not exist"]);
    /// Another change of the group runs, or the target group was made a moment ago.
    pub const NOT_YET: Words = Words::of("ValidationError", &["update too many", "Target Groups may not be valid"]);
}

/// Of Auto Scaling, about machines that it could not start ("Troubleshoot Amazon EC2 Auto Scaling", in its user guide).
pub mod launches {
    use super::Words;

    /// What another attempt does not mend. A lack of machines in a zone is not among it: that passes.
    pub const LASTING: Words = Words::of_any_code(&[
        "VcpuLimitExceeded",
        "InvalidKMSKey",
        "is not supported in your requested Availability Zone",
        "UnauthorizedOperation",
        "You are not authorized",
        "InvalidSubnetID",
    ]);
}

/// Of IAM, KMS and Secrets Manager.
pub mod access {
    use super::Words;

    /// A trust policy names what was made a moment ago. Also: public reports of many tools.
    pub const UNKNOWN_PRINCIPAL: Words = Words::of_any_code(&["Invalid principal in policy"]);
    /// A key is on its way out already.
    pub const KEY_LEAVING: Words = Words::of("KMSInvalidStateException", &["pending deletion"]);
    /// A key is on no way out.
    pub const KEY_STAYS: Words = Words::of("KMSInvalidStateException", &["not pending deletion"]);
    /// The name is that of a secret on its way out.
    pub const SECRET_LEAVING: Words = Words::of_any_code(&["scheduled for deletion"]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::ErrorKind;

    #[test]
    fn words_count_with_their_code_alone() {
        let error = |code: &str, message: &str| CloudError {
            code: Some(code.to_owned()),
            ..CloudError::new(ErrorKind::Refused, "do it", message)
        };
        let gone = "No cluster found for name: ppm.";
        assert!(eks::NO_CLUSTER.tell(&error("ClientException", gone)));
        assert!(!eks::NO_CLUSTER.tell(&error("ServerException", gone)));
        assert!(!eks::NO_CLUSTER.tell(&error("ClientException", "no")));
        assert!(rds::LEAVING.tell(&error("InvalidDBInstanceState", "DB is already being deleted.")));
        // A key that stays says so with the words of one that leaves in them.
        let stays = error("KMSInvalidStateException", "arn is not pending deletion.");
        assert!(access::KEY_STAYS.tell(&stays) && access::KEY_LEAVING.tell(&stays));
    }
}
