//! EC2 and Route 53.

use super::{ALL, APPLY, APPLY_DESTROY, DRIFT, DRIFT_FIX, PLAN_APPLY, PLAN_APPLY_DESTROY};
use crate::permissions::Target::{
    AnyInEc2, ClusterSecurityGroup, Everything, ExistingNetwork, HostedZones, Interfaces, NewInEc2, NewRules,
    OfStackInEc2, Rules, TagsOfNewInEc2, TakenOverRules,
};
use crate::permissions::permission::When::{AirGapped, Connected, ExistingNetwork as InExistingNetwork, OwnNetwork};
use crate::permissions::permission::{Permission, row};

pub(super) const ROWS: &[Permission] = &[
    // EC2 limits no reading to objects.
    row("ec2:DescribeVpcs", ALL, &[Everything]),
    row("ec2:DescribeVpcAttribute", ALL, &[Everything]),
    row("ec2:DescribeSubnets", ALL, &[Everything]),
    row("ec2:DescribeInternetGateways", ALL, &[Everything]),
    row("ec2:DescribeAddresses", ALL, &[Everything]),
    row("ec2:DescribeNatGateways", ALL, &[Everything]),
    row("ec2:DescribeRouteTables", ALL, &[Everything]),
    row("ec2:DescribeVpcEndpoints", ALL, &[Everything]),
    row("ec2:DescribeSecurityGroups", ALL, &[Everything]),
    row("ec2:DescribeSecurityGroupRules", ALL, &[Everything]),
    row("ec2:DescribeNetworkAcls", DRIFT, &[Everything]),
    row("ec2:DescribeNetworkInterfaces", PLAN_APPLY_DESTROY, &[Everything]),
    row("ec2:DescribeAvailabilityZones", PLAN_APPLY, &[Everything]),
    row("ec2:DescribeInstanceTypeOfferings", PLAN_APPLY, &[Everything]),
    row("ec2:DescribeInstances", PLAN_APPLY, &[Everything]),
    row("ec2:DescribeVpcEndpointServices", PLAN_APPLY, &[Everything]).when(AirGapped),
    row("ec2:GetEbsDefaultKmsKeyId", PLAN_APPLY, &[Everything]),
    row("ec2:GetEbsEncryptionByDefault", PLAN_APPLY, &[Everything]),
    // Elastic Load Balancing and RDS ask for it when they create.
    row("ec2:DescribeAccountAttributes", APPLY, &[Everything]).on_behalf(),
    // The network.
    row("ec2:CreateVpc", APPLY, &[NewInEc2]).when(OwnNetwork),
    row("ec2:ModifyVpcAttribute", APPLY, &[OfStackInEc2]).when(OwnNetwork),
    row("ec2:DeleteVpc", APPLY_DESTROY, &[OfStackInEc2]).when(OwnNetwork),
    row("ec2:CreateSubnet", APPLY, &[NewInEc2, OfStackInEc2]).when(OwnNetwork),
    row("ec2:ModifySubnetAttribute", APPLY, &[OfStackInEc2]).when(OwnNetwork),
    row("ec2:DeleteSubnet", APPLY_DESTROY, &[OfStackInEc2]).when(OwnNetwork),
    row("ec2:CreateInternetGateway", APPLY, &[NewInEc2]).when(Connected),
    row("ec2:AttachInternetGateway", APPLY, &[OfStackInEc2]).when(Connected),
    row("ec2:DetachInternetGateway", APPLY_DESTROY, &[OfStackInEc2]).when(Connected),
    row("ec2:DeleteInternetGateway", APPLY_DESTROY, &[OfStackInEc2]).when(Connected),
    row("ec2:AllocateAddress", APPLY, &[NewInEc2]).when(Connected),
    row("ec2:ReleaseAddress", APPLY_DESTROY, &[OfStackInEc2]).when(Connected),
    row("ec2:CreateNatGateway", APPLY, &[NewInEc2, OfStackInEc2]).when(Connected),
    row("ec2:DeleteNatGateway", APPLY_DESTROY, &[OfStackInEc2]).when(Connected),
    row("ec2:CreateRouteTable", APPLY, &[NewInEc2, OfStackInEc2]).when(OwnNetwork),
    row("ec2:CreateRoute", APPLY, &[OfStackInEc2]).when(Connected),
    row("ec2:ReplaceRoute", APPLY, &[OfStackInEc2]).when(Connected),
    row("ec2:DeleteRoute", APPLY, &[OfStackInEc2]).when(OwnNetwork),
    row("ec2:AssociateRouteTable", APPLY, &[OfStackInEc2]).when(OwnNetwork),
    row("ec2:ReplaceRouteTableAssociation", APPLY, &[OfStackInEc2]).when(OwnNetwork),
    row("ec2:DisassociateRouteTable", APPLY_DESTROY, &[OfStackInEc2]).when(OwnNetwork),
    row("ec2:DeleteRouteTable", APPLY_DESTROY, &[OfStackInEc2]).when(OwnNetwork),
    row("ec2:CreateVpcEndpoint", APPLY, &[NewInEc2, OfStackInEc2]).when(OwnNetwork),
    row("ec2:ModifyVpcEndpoint", APPLY, &[OfStackInEc2]).when(OwnNetwork),
    row("ec2:DeleteVpcEndpoints", APPLY_DESTROY, &[OfStackInEc2]).when(OwnNetwork),
    // EC2, for endpoints that answer to the usual name of a service.
    row("route53:AssociateVPCWithHostedZone", APPLY, &[HostedZones]).on_behalf().when(AirGapped),
    // Firewalls. One rule of ours is in the group that EKS makes.
    row("ec2:CreateSecurityGroup", APPLY, &[NewInEc2, OfStackInEc2]),
    row("ec2:CreateSecurityGroup", APPLY, &[ExistingNetwork]).when(InExistingNetwork),
    row("ec2:DeleteSecurityGroup", APPLY_DESTROY, &[OfStackInEc2, ClusterSecurityGroup]),
    row("ec2:AuthorizeSecurityGroupIngress", APPLY, &[OfStackInEc2, ClusterSecurityGroup, NewRules]),
    row("ec2:AuthorizeSecurityGroupEgress", APPLY, &[OfStackInEc2, NewRules]),
    row("ec2:ModifySecurityGroupRules", APPLY, &[OfStackInEc2, ClusterSecurityGroup, Rules]),
    row("ec2:RevokeSecurityGroupIngress", APPLY_DESTROY, &[OfStackInEc2, ClusterSecurityGroup]),
    row("ec2:RevokeSecurityGroupEgress", APPLY, &[OfStackInEc2]),
    row("ec2:DeleteNetworkInterface", APPLY_DESTROY, &[Interfaces]),
    row("ec2:CreateTags", APPLY, &[TagsOfNewInEc2, OfStackInEc2, TakenOverRules]),
    row("ec2:DeleteTags", APPLY, &[OfStackInEc2]),
    // What somebody added.
    row("ec2:DeleteRouteTable", DRIFT_FIX, &[AnyInEc2]),
    row("ec2:DeleteSecurityGroup", DRIFT_FIX, &[AnyInEc2]),
    row("ec2:DeleteSubnet", DRIFT_FIX, &[AnyInEc2]),
    row("ec2:RevokeSecurityGroupEgress", DRIFT_FIX, &[ClusterSecurityGroup]),
    row("ec2:DisableVgwRoutePropagation", DRIFT_FIX, &[OfStackInEc2]),
    row("ec2:DisassociateRouteTable", DRIFT_FIX, &[AnyInEc2]),
    row("ec2:DisassociateVpcCidrBlock", DRIFT_FIX, &[OfStackInEc2]),
];
