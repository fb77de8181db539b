//! IAM, Certificate Manager, CloudTrail and Service Quotas.

use super::{
    ALL, APPLY, APPLY_DESTROY, APPLY_DRIFT_DESTROY, DRIFT, DRIFT_FIX, PLAN_APPLY, PLAN_APPLY_DESTROY, PLAN_APPLY_DRIFT,
};
use crate::permissions::Target::{
    AttachedElsewhere, Everything, InstanceProfiles, OidcProviders, PassedRoles, Policies, PoliciesOfRoles, Roles,
    RolesOfRds, ServiceLinkedRoles,
};
use crate::permissions::permission::When::{Administrators, Certificate};
use crate::permissions::permission::{Permission, row};

pub(super) const ROWS: &[Permission] = &[
    row("acm:DescribeCertificate", PLAN_APPLY_DRIFT, &[Everything]).when(Certificate),
    row("cloudtrail:LookupEvents", DRIFT, &[Everything]),
    row("iam:GetAccountSummary", PLAN_APPLY, &[Everything]),
    row("iam:GetOpenIDConnectProvider", ALL, &[Everything]),
    row("iam:GetPolicy", ALL, &[Everything]),
    row("iam:GetPolicyVersion", ALL, &[Everything]),
    row("iam:GetRole", ALL, &[Everything]),
    row("iam:GetRolePolicy", DRIFT, &[Everything]),
    row("iam:GetUser", PLAN_APPLY_DESTROY, &[Everything]).when(Administrators),
    row("iam:ListAttachedRolePolicies", ALL, &[Everything]),
    row("iam:ListEntitiesForPolicy", APPLY_DRIFT_DESTROY, &[Everything]),
    row("iam:ListOpenIDConnectProviders", PLAN_APPLY_DESTROY, &[Everything]),
    row("iam:ListPolicies", APPLY_DESTROY, &[Everything]),
    row("iam:ListRolePolicies", APPLY_DRIFT_DESTROY, &[Everything]),
    row("iam:ListRoles", APPLY_DESTROY, &[Everything]),
    // Of the caller: any role or user.
    row("iam:SimulatePrincipalPolicy", APPLY, &[Everything]),
    row("servicequotas:GetAWSDefaultServiceQuota", PLAN_APPLY, &[Everything]),
    row("servicequotas:GetServiceQuota", PLAN_APPLY, &[Everything]),
    row("iam:CreateRole", APPLY, &[Roles]),
    row("iam:TagRole", APPLY, &[Roles]),
    row("iam:UntagRole", APPLY, &[Roles]),
    row("iam:UpdateAssumeRolePolicy", APPLY, &[Roles]),
    row("iam:UpdateRole", APPLY, &[Roles]),
    row("iam:AttachRolePolicy", APPLY, &[PoliciesOfRoles]),
    // Whatever somebody attached goes with the role.
    row("iam:DetachRolePolicy", APPLY_DESTROY, &[Roles, AttachedElsewhere]),
    row("iam:DeleteRolePolicy", APPLY_DESTROY, &[Roles]),
    row("iam:ListInstanceProfilesForRole", APPLY_DESTROY, &[Roles]),
    row("iam:RemoveRoleFromInstanceProfile", APPLY_DESTROY, &[InstanceProfiles]),
    row("iam:DeleteRole", APPLY_DESTROY, &[Roles]),
    row("iam:CreatePolicy", APPLY, &[Policies]),
    row("iam:CreatePolicyVersion", APPLY, &[Policies]),
    row("iam:TagPolicy", APPLY, &[Policies]),
    row("iam:UntagPolicy", APPLY, &[Policies]),
    row("iam:ListPolicyVersions", APPLY_DESTROY, &[Policies]),
    row("iam:DeletePolicyVersion", APPLY_DESTROY, &[Policies]),
    row("iam:DeletePolicy", APPLY_DESTROY, &[Policies]),
    row("iam:DetachGroupPolicy", APPLY_DESTROY, &[AttachedElsewhere]),
    row("iam:DetachUserPolicy", APPLY_DESTROY, &[AttachedElsewhere]),
    row("iam:CreateOpenIDConnectProvider", APPLY, &[OidcProviders]),
    row("iam:AddClientIDToOpenIDConnectProvider", APPLY, &[OidcProviders]),
    row("iam:RemoveClientIDFromOpenIDConnectProvider", APPLY, &[OidcProviders]),
    row("iam:TagOpenIDConnectProvider", APPLY, &[OidcProviders]),
    row("iam:UntagOpenIDConnectProvider", APPLY, &[OidcProviders]),
    row("iam:DeleteOpenIDConnectProvider", APPLY_DESTROY, &[OidcProviders]),
    // EKS, for the roles of control plane and nodes.
    row("iam:PassRole", APPLY, &[PassedRoles]).on_behalf(),
    // RDS, when a role is taken from the database.
    row("iam:PassRole", DRIFT_FIX, &[RolesOfRds]).on_behalf(),
    // EKS, its node groups, Auto Scaling, load balancing and RDS, on their first use in an account.
    row("iam:CreateServiceLinkedRole", APPLY, &[ServiceLinkedRoles]).on_behalf(),
];
