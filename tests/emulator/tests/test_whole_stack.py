"""The reference stack, built and taken down: nothing may be left."""

from __future__ import annotations


import pytest
from landscape import Platform, code_of, until
from scene import refused

GONE = "ResourceNotFoundException"


class Stack(Platform):
    """A platform with database, bucket, key, load balancer, cluster."""

    def stores(self) -> None:
        """Key, bucket, secret."""
        client = self.emulator.client
        self.kms, self.s3 = client("kms"), client("s3")
        self.secrets = client("secretsmanager")
        self.key = self.kms.create_key()["KeyMetadata"]
        self.settle()
        self.kms.create_alias(AliasName="alias/one", TargetKeyId=self.key["KeyId"])
        self.s3.create_bucket(Bucket="packages-one")
        self.settle()
        self.s3.put_bucket_versioning(
            Bucket="packages-one", VersioningConfiguration={"Status": "Enabled"}
        )
        self.s3.put_object(Bucket="packages-one", Key="src/one", Body=b"x")
        self.secrets.create_secret(Name="one/database", SecretString="x")

    def database(self) -> None:
        """Subnet group, parameter group, security group, instance."""
        self.rds = self.emulator.client("rds")
        self.db_group = self.ec2.create_security_group(
            GroupName="database", Description="d", VpcId=self.vpc
        )["GroupId"]
        self.settle()
        self.rds.create_db_subnet_group(
            DBSubnetGroupName="one",
            DBSubnetGroupDescription="d",
            SubnetIds=self.private,
        )
        self.rds.create_db_parameter_group(
            DBParameterGroupName="one",
            DBParameterGroupFamily="postgres16",
            Description="d",
        )
        self.rds.create_db_instance(
            DBInstanceIdentifier="one",
            Engine="postgres",
            EngineVersion="16.13",
            DBInstanceClass="db.t3.xlarge",
            AllocatedStorage=100,
            StorageType="gp3",
            MasterUsername="packages",
            ManageMasterUserPassword=True,
            MultiAZ=True,
            DBSubnetGroupName="one",
            DBParameterGroupName="one",
            VpcSecurityGroupIds=[self.db_group],
            StorageEncrypted=True,
            KmsKeyId=self.key["Arn"],
            DeletionProtection=True,
        )

    def balancer(self) -> None:
        """Load balancer, target group, listener."""
        self.elb = self.emulator.client("elbv2")
        self.lb_group = self.ec2.create_security_group(
            GroupName="balancer", Description="d", VpcId=self.vpc
        )["GroupId"]
        self.settle()
        self.lb = self.elb.create_load_balancer(
            Name="one", Subnets=self.public, SecurityGroups=[self.lb_group]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.targets = self.elb.create_target_group(
            Name="one",
            Protocol="HTTP",
            Port=32080,
            VpcId=self.vpc,
            TargetType="instance",
        )["TargetGroups"][0]["TargetGroupArn"]
        self.settle()
        self.elb.create_listener(
            LoadBalancerArn=self.lb,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.targets}],
        )

    def kubernetes(self) -> None:
        """Cluster, identity, nodes, attachment, rules between the groups."""
        self.create()
        until(lambda: self.cluster()["status"] == "ACTIVE")
        cluster = self.cluster()
        self.own = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
        self.provider = self.iam.create_open_id_connect_provider(
            Url=cluster["identity"]["oidc"]["issuer"],
            ClientIDList=["sts.amazonaws.com"],
        )["OpenIDConnectProviderArn"]
        until(lambda: code_of(lambda: self.addon("vpc-cni")) == "")
        self.nodegroup()
        until(lambda: self.group()["status"] == "ACTIVE")
        self.asg = self.emulator.client("autoscaling")
        self.name = self.group()["resources"]["autoScalingGroups"][0]["name"]
        self.asg.attach_load_balancer_target_groups(
            AutoScalingGroupName=self.name, TargetGroupARNs=[self.targets]
        )
        self.allow(self.own, self.lb_group, 32080)
        self.allow(self.db_group, self.own, 5432)

    def permission(self, source: str, port: int) -> list[dict]:
        """One rule."""
        pairs = [{"GroupId": source}]
        return [
            {
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "UserIdGroupPairs": pairs,
            }
        ]

    def allow(self, group: str, source: str, port: int) -> None:
        """Let one group into another."""
        self.ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=self.permission(source, port)
        )

    def forbid(self, group: str, source: str, port: int) -> None:
        """Take it back."""
        self.ec2.revoke_security_group_ingress(
            GroupId=group, IpPermissions=self.permission(source, port)
        )

    # ---- the way down

    def take_down(self) -> None:
        """What holds others goes first."""
        self.rds.modify_db_instance(
            DBInstanceIdentifier="one", DeletionProtection=False
        )
        until(
            lambda: (
                code_of(
                    lambda: self.rds.delete_db_instance(
                        DBInstanceIdentifier="one", SkipFinalSnapshot=True
                    )
                )
                == ""
            )
        )
        self.forbid(self.own, self.lb_group, 32080)
        self.forbid(self.db_group, self.own, 5432)
        self.asg.detach_load_balancer_target_groups(
            AutoScalingGroupName=self.name, TargetGroupARNs=[self.targets]
        )
        self.elb.delete_load_balancer(LoadBalancerArn=self.lb)
        self.eks.delete_nodegroup(clusterName="one", nodegroupName="workers")
        until(lambda: code_of(self.group) == GONE)
        self.eks.delete_cluster(name="one")
        until(lambda: [code_of(self.cluster) for _ in range(3)] == [GONE] * 3)
        self.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=self.provider)
        for group in ("targets", "database", "network", "roles", "stores"):
            getattr(self, f"remove_{group}")()

    def remove_targets(self) -> None:
        until(
            lambda: (
                code_of(
                    lambda: self.elb.delete_target_group(TargetGroupArn=self.targets)
                )
                == ""
            )
        )

    def remove_database(self) -> None:
        gone = "DBInstanceNotFound"
        until(
            lambda: (
                code_of(
                    lambda: self.rds.describe_db_instances(DBInstanceIdentifier="one")
                )
                == gone
            )
        )
        for call in (
            lambda: self.rds.delete_db_subnet_group(DBSubnetGroupName="one"),
            lambda: self.rds.delete_db_parameter_group(DBParameterGroupName="one"),
        ):
            until(lambda call=call: code_of(call) == "")

    def remove_network(self) -> None:
        with refused("DependencyViolation"):
            self.ec2.delete_vpc(VpcId=self.vpc)
        self.ec2.delete_nat_gateway(NatGatewayId=self.nat)
        for address in self.ec2.describe_addresses()["Addresses"]:
            release = address["AllocationId"]
            until(
                lambda r=release: (
                    code_of(lambda: self.ec2.release_address(AllocationId=r))
                    in ("", "InvalidAllocationID.NotFound")
                )
            )
        filters = [{"Name": "vpc-id", "Values": [self.vpc]}]
        for table in self.ec2.describe_route_tables(Filters=filters)["RouteTables"]:
            if any(each["Main"] for each in table["Associations"]):
                continue
            for each in table["Associations"]:
                self.ec2.disassociate_route_table(
                    AssociationId=each["RouteTableAssociationId"]
                )
            self.ec2.delete_route_table(RouteTableId=table["RouteTableId"])
        gateway = {"InternetGatewayId": self.gateway}
        until(
            lambda: (
                code_of(
                    lambda: self.ec2.detach_internet_gateway(VpcId=self.vpc, **gateway)
                )
                == ""
            )
        )
        self.ec2.delete_internet_gateway(**gateway)
        for subnet in (*self.public, *self.private):
            until(
                lambda s=subnet: (
                    code_of(lambda: self.ec2.delete_subnet(SubnetId=s))
                    in ("", "InvalidSubnetID.NotFound")
                )
            )
        for group in (self.db_group, self.lb_group):
            until(
                lambda g=group: (
                    code_of(lambda: self.ec2.delete_security_group(GroupId=g))
                    in ("", "InvalidGroup.NotFound")
                )
            )
        until(lambda: code_of(lambda: self.ec2.delete_vpc(VpcId=self.vpc)) == "")

    def remove_roles(self) -> None:
        for role in ("cluster", "nodes"):
            found = self.iam.list_attached_role_policies(RoleName=role)
            for each in found["AttachedPolicies"]:
                self.iam.detach_role_policy(RoleName=role, PolicyArn=each["PolicyArn"])
            self.iam.delete_role(RoleName=role)

    def remove_stores(self) -> None:
        with refused("BucketNotEmpty"):
            self.s3.delete_bucket(Bucket="packages-one")
        for each in self.s3.list_object_versions(Bucket="packages-one")["Versions"]:
            self.s3.delete_object(
                Bucket="packages-one", Key=each["Key"], VersionId=each["VersionId"]
            )
        self.s3.delete_bucket(Bucket="packages-one")
        self.secrets.delete_secret(SecretId="one/database")
        self.kms.delete_alias(AliasName="alias/one")
        self.kms.schedule_key_deletion(KeyId=self.key["Arn"], PendingWindowInDays=7)


@pytest.mark.parametrize("scale", [0, 6000])
def test_nothing_is_left(emulator, scale):
    emulator.world.clock.scale = scale
    before = emulator.control("/strict/inventory")
    stack = Stack(emulator)
    for part in ("stores", "database", "balancer", "kubernetes"):
        getattr(stack, part)()
    standing = emulator.control("/strict/inventory")["counts"]
    for kind, least in (
        ("cluster", 1),
        ("nodegroup", 1),
        ("instance", 3),
        ("db_instance", 1),
        ("load_balancer", 1),
        ("listener", 1),
        ("secret", 2),
        ("oidc_provider", 1),
        ("network_interface", 10),
    ):
        assert standing[kind] >= least, kind
    stack.take_down()
    until(lambda: emulator.control("/strict/inventory")["counts"] == before["counts"])
    after = emulator.control("/strict/inventory")
    assert after["objects"] == before["objects"]
    assert set(after["lingering"]) == {
        "kms_key_pending_deletion",
        "secret_pending_deletion",
    }
