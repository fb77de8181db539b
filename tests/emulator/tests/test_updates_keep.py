"""An update changes what it names and keeps the rest."""

from __future__ import annotations

import json

from landscape import Platform, trust
from scene import Network

POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})


def test_a_role(aws):
    iam = aws("iam")
    iam.create_role(
        RoleName="one",
        AssumeRolePolicyDocument=trust("ec2.amazonaws.com"),
        Description="ours",
        MaxSessionDuration=7200,
        Tags=[{"Key": "a", "Value": "b"}],
    )

    def told():
        role = iam.get_role(RoleName="one")["Role"]
        return role.get("Description"), role["MaxSessionDuration"], role["Tags"]

    tags = [{"Key": "a", "Value": "b"}]
    iam.update_role(RoleName="one", MaxSessionDuration=3600)
    assert told() == ("ours", 3600, tags)
    iam.update_role(RoleName="one", MaxSessionDuration=10800)
    iam.update_role(RoleName="one", Description="theirs")
    assert told() == ("theirs", 10800, tags)
    iam.update_role(RoleName="one", Description="")
    assert told()[0] in (None, "")
    iam.update_assume_role_policy(
        RoleName="one", PolicyDocument=trust("eks.amazonaws.com")
    )
    assert told()[1:] == (10800, tags)


def test_a_secret(aws):
    secrets, key = aws("secretsmanager"), aws("kms").create_key()["KeyMetadata"]["Arn"]
    secrets.create_secret(
        Name="one",
        SecretString="1",
        Description="ours",
        KmsKeyId=key,
        Tags=[{"Key": "a", "Value": "b"}],
    )

    def told():
        found = secrets.describe_secret(SecretId="one")
        value = secrets.get_secret_value(SecretId="one")["SecretString"]
        tags = [{"Key": "a", "Value": "b"}]
        assert found["Tags"] == tags
        return found["Description"], found["KmsKeyId"], value

    secrets.update_secret(SecretId="one", Description="theirs")
    assert told() == ("theirs", key, "1")
    secrets.update_secret(SecretId="one", SecretString="2")
    assert told() == ("theirs", key, "2")
    secrets.put_secret_value(SecretId="one", SecretString="3")
    assert told() == ("theirs", key, "3")
    other = aws("kms").create_key()["KeyMetadata"]["Arn"]
    secrets.update_secret(SecretId="one", KmsKeyId=other)
    assert told() == ("theirs", other, "3")
    versions = secrets.describe_secret(SecretId="one")["VersionIdsToStages"]
    assert sorted(sum(versions.values(), [])) == ["AWSCURRENT", "AWSPREVIOUS"]


def test_a_key(aws):
    kms = aws("kms")
    key = kms.create_key(Description="ours", Tags=[{"TagKey": "a", "TagValue": "b"}])
    key = key["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    kms.update_key_description(KeyId=key, Description="theirs")
    kms.put_key_policy(
        KeyId=key,
        PolicyName="default",
        Policy=POLICY.replace(
            "[]",
            json.dumps(
                [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                        "Action": "kms:*",
                        "Resource": "*",
                    }
                ]
            ),
        ),
    )
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "c", "TagValue": "d"}])
    shown = kms.get_key_rotation_status(KeyId=key)
    assert (shown["KeyRotationEnabled"], shown["RotationPeriodInDays"]) == (True, 180)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "theirs"
    tags = kms.list_resource_tags(KeyId=key)["Tags"]
    assert sorted(tag["TagKey"] for tag in tags) == ["a", "c"]
    kms.disable_key(KeyId=key)
    kms.enable_key(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180


def test_a_network(aws, world):
    ec2 = aws("ec2")
    net = Network(ec2)
    ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": True})
    ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsSupport={"Value": True})
    shown = ec2.describe_vpc_attribute(VpcId=net.vpc, Attribute="enableDnsHostnames")
    assert shown["EnableDnsHostnames"]["Value"] is True
    subnet = net.subnets[0]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    ec2.modify_subnet_attribute(
        SubnetId=subnet, EnableResourceNameDnsARecordOnLaunch={"Value": True}
    )
    (found,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    assert found["MapPublicIpOnLaunch"] is True


def test_an_endpoint(aws):
    ec2 = aws("ec2")
    net = Network(ec2)
    table, other = net.table(), net.table()
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "*",
                    "Resource": "*",
                    "Sid": "ours",
                }
            ],
        }
    )
    made = ec2.create_vpc_endpoint(
        VpcId=net.vpc,
        ServiceName="com.amazonaws.us-east-1.s3",
        RouteTableIds=[table],
        PolicyDocument=policy,
        TagSpecifications=[
            {"ResourceType": "vpc-endpoint", "Tags": [{"Key": "a", "Value": "b"}]}
        ],
    )["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=made, AddRouteTableIds=[other])
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
    assert json.loads(found["PolicyDocument"]) == json.loads(policy)
    assert sorted(found["RouteTableIds"]) == sorted([table, other])
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=made, PolicyDocument=policy.replace("ours", "theirs")
    )
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
    assert sorted(found["RouteTableIds"]) == sorted([table, other])


def test_a_rule_of_a_security_group(aws):
    ec2 = aws("ec2")
    net = Network(ec2)
    group = net.group("one")
    made = ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 1,
                "ToPort": 2,
                "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "ours"}],
            }
        ],
        TagSpecifications=[
            {
                "ResourceType": "security-group-rule",
                "Tags": [{"Key": "a", "Value": "b"}],
            }
        ],
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    ec2.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": made,
                "SecurityGroupRule": {
                    "IpProtocol": "tcp",
                    "FromPort": 1,
                    "ToPort": 3,
                    "CidrIpv4": "10.0.0.0/8",
                    "Description": "theirs",
                },
            }
        ],
    )
    (rule,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[made])[
        "SecurityGroupRules"
    ]
    assert (rule["ToPort"], rule["Description"], rule["Tags"]) == (
        3,
        "theirs",
        [{"Key": "a", "Value": "b"}],
    )


def test_an_oidc_provider_and_a_policy(aws):
    iam = aws("iam")
    made = iam.create_open_id_connect_provider(
        Url="https://a.example.com",
        ClientIDList=["a"],
        ThumbprintList=["0" * 40],
        Tags=[{"Key": "a", "Value": "b"}],
    )["OpenIDConnectProviderArn"]
    iam.add_client_id_to_open_id_connect_provider(
        OpenIDConnectProviderArn=made, ClientID="b"
    )
    iam.update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=made, ThumbprintList=["1" * 40]
    )
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=made)
    assert sorted(found["ClientIDList"]) == ["a", "b"]
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
        }
    )
    policy = iam.create_policy(
        PolicyName="p",
        PolicyDocument=document,
        Description="ours",
        Tags=[{"Key": "a", "Value": "b"}],
    )["Policy"]["Arn"]
    iam.create_policy_version(
        PolicyArn=policy, PolicyDocument=document, SetAsDefault=True
    )
    found = iam.get_policy(PolicyArn=policy)["Policy"]
    assert (found["Description"], found["Tags"], found["DefaultVersionId"]) == (
        "ours",
        [{"Key": "a", "Value": "b"}],
        "v2",
    )


def test_load_balancer(aws, world):
    ec2, elb = aws("ec2"), aws("elbv2")
    net = Network(ec2)
    group = net.group("one")
    world.clock.advance(10)
    balancer = elb.create_load_balancer(
        Name="one",
        Subnets=net.subnets,
        SecurityGroups=[group],
        Scheme="internal",
        Tags=[{"Key": "a", "Value": "b"}],
    )["LoadBalancers"][0]["LoadBalancerArn"]
    targets = elb.create_target_group(
        Name="one",
        Protocol="HTTP",
        Port=80,
        VpcId=net.vpc,
        HealthCheckPath="/a",
        Matcher={"HttpCode": "200-299"},
        UnhealthyThresholdCount=5,
    )["TargetGroups"][0]["TargetGroupArn"]
    world.clock.advance(10)
    elb.modify_target_group_attributes(
        TargetGroupArn=targets,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
    )
    elb.modify_target_group_attributes(
        TargetGroupArn=targets,
        Attributes=[{"Key": "stickiness.enabled", "Value": "true"}],
    )
    attributes = {
        each["Key"]: each["Value"]
        for each in elb.describe_target_group_attributes(TargetGroupArn=targets)[
            "Attributes"
        ]
    }
    assert attributes["deregistration_delay.timeout_seconds"] == "30"
    elb.modify_target_group(TargetGroupArn=targets, HealthCheckIntervalSeconds=60)
    (found,) = elb.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"]
    assert (
        found["HealthCheckPath"],
        found["Matcher"],
        found["UnhealthyThresholdCount"],
    ) == ("/a", {"HttpCode": "200-299"}, 5)
    listener = elb.create_listener(
        LoadBalancerArn=balancer,
        Port=80,
        Protocol="HTTP",
        DefaultActions=[{"Type": "forward", "TargetGroupArn": targets}],
        Tags=[{"Key": "a", "Value": "b"}],
    )["Listeners"][0]["ListenerArn"]
    elb.modify_listener(ListenerArn=listener, Port=81)
    (found,) = elb.describe_listeners(ListenerArns=[listener])["Listeners"]
    assert (
        found["Port"],
        found["Protocol"],
        found["DefaultActions"][0]["TargetGroupArn"],
    ) == (81, "HTTP", targets)
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=balancer,
        Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "70"}],
    )
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=balancer,
        Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}],
    )
    elb.set_subnets(LoadBalancerArn=balancer, Subnets=net.subnets)
    elb.set_security_groups(LoadBalancerArn=balancer, SecurityGroups=[group])
    attributes = {
        each["Key"]: each["Value"]
        for each in elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)[
            "Attributes"
        ]
    }
    assert attributes["idle_timeout.timeout_seconds"] == "70"
    (found,) = elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"]
    assert (found["Scheme"], found["SecurityGroups"]) == ("internal", [group])


def test_database_things(aws, world):
    ec2, rds = aws("ec2"), aws("rds")
    net = Network(ec2)
    rds.create_db_subnet_group(
        DBSubnetGroupName="one",
        DBSubnetGroupDescription="ours",
        SubnetIds=net.subnets,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    rds.modify_db_subnet_group(DBSubnetGroupName="one", SubnetIds=net.subnets)
    (found,) = rds.describe_db_subnet_groups(DBSubnetGroupName="one")["DBSubnetGroups"]
    assert found["DBSubnetGroupDescription"] == "ours"
    assert rds.list_tags_for_resource(ResourceName=found["DBSubnetGroupArn"])[
        "TagList"
    ] == [{"Key": "a", "Value": "b"}]
    rds.create_db_parameter_group(
        DBParameterGroupName="one", DBParameterGroupFamily="postgres17", Description="d"
    )
    for name in ("log_min_duration_statement", "work_mem"):
        rds.modify_db_parameter_group(
            DBParameterGroupName="one",
            Parameters=[
                {
                    "ParameterName": name,
                    "ParameterValue": "100",
                    "ApplyMethod": "immediate",
                }
            ],
        )
    found = rds.describe_db_parameters(DBParameterGroupName="one", Source="user")[
        "Parameters"
    ]
    assert sorted(each["ParameterName"] for each in found) == [
        "log_min_duration_statement",
        "work_mem",
    ]


def test_a_cluster_and_its_parts(emulator, world):
    platform = Platform(emulator)
    platform.active(
        resourcesVpcConfig={
            "publicAccessCidrs": ["198.51.100.0/24"],
            "endpointPublicAccess": True,
        }
    )
    eks = platform.eks
    eks.update_cluster_config(
        name="one", resourcesVpcConfig={"publicAccessCidrs": ["203.0.113.0/24"]}
    )
    world.clock.advance(600)
    found = platform.cluster()["resourcesVpcConfig"]
    assert found["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert found["endpointPublicAccess"] is found["endpointPrivateAccess"] is True
    platform.addon("vpc-cni")
    platform.nodegroup(
        labels={"a": "b"},
        updateConfig={"maxUnavailable": 2},
        taints=[{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}],
    )
    world.clock.advance(1200)
    eks.update_nodegroup_config(
        clusterName="one", nodegroupName="workers", scalingConfig={"maxSize": 9}
    )
    world.clock.advance(600)
    group = platform.group()
    assert group["scalingConfig"] == {"minSize": 3, "maxSize": 9, "desiredSize": 3}
    assert (group["labels"], group["updateConfig"]) == (
        {"a": "b"},
        {"maxUnavailable": 2},
    )
    assert group["taints"] == [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]


AB, CD = {"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}


def pairs(tags):
    return sorted(tuple(tag.values()) for tag in tags)


def test_tags(aws, world):
    """Another tag leaves those that are there."""
    ec2, elb, rds, iam, kms = (
        aws(each) for each in ("ec2", "elbv2", "rds", "iam", "kms")
    )
    both = [("a", "b"), ("c", "d")]
    net = Network(ec2)
    ec2.create_tags(Resources=[net.vpc], Tags=[AB])
    ec2.create_tags(Resources=[net.vpc], Tags=[CD])
    assert pairs(ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]["Tags"]) == both
    ec2.delete_tags(Resources=[net.vpc], Tags=[{"Key": "c"}])
    assert pairs(ec2.describe_vpcs(VpcIds=[net.vpc])["Vpcs"][0]["Tags"]) == both[:1]
    targets = elb.create_target_group(
        Name="one", Protocol="HTTP", Port=80, VpcId=net.vpc, Tags=[AB]
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.add_tags(ResourceArns=[targets], Tags=[CD])
    assert (
        pairs(elb.describe_tags(ResourceArns=[targets])["TagDescriptions"][0]["Tags"])
        == both
    )
    group = rds.create_db_parameter_group(
        DBParameterGroupName="one",
        DBParameterGroupFamily="postgres17",
        Description="d",
        Tags=[AB],
    )["DBParameterGroup"]["DBParameterGroupArn"]
    rds.add_tags_to_resource(ResourceName=group, Tags=[CD])
    assert pairs(rds.list_tags_for_resource(ResourceName=group)["TagList"]) == both
    iam.create_role(
        RoleName="one", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"), Tags=[AB]
    )
    iam.tag_role(RoleName="one", Tags=[CD])
    assert pairs(iam.list_role_tags(RoleName="one")["Tags"]) == both
    secrets = aws("secretsmanager")
    secrets.create_secret(Name="one", SecretString="1", Tags=[AB])
    secrets.tag_resource(SecretId="one", Tags=[CD])
    assert pairs(secrets.describe_secret(SecretId="one")["Tags"]) == both
    secrets.update_secret(SecretId="one", SecretString="2")
    assert pairs(secrets.describe_secret(SecretId="one")["Tags"]) == both
    s3 = aws("s3")
    s3.create_bucket(Bucket="one")
    for versioning in ("Enabled", "Suspended"):
        s3.put_bucket_tagging(Bucket="one", Tagging={"TagSet": [AB]})
        s3.put_bucket_versioning(
            Bucket="one", VersioningConfiguration={"Status": versioning}
        )
        s3.put_bucket_lifecycle_configuration(
            Bucket="one",
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": "a",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    }
                ]
            },
        )
        assert pairs(s3.get_bucket_tagging(Bucket="one")["TagSet"]) == both[:1]
    s3.create_bucket(Bucket="one")
    assert pairs(s3.get_bucket_tagging(Bucket="one")["TagSet"]) == both[:1]


def test_a_listener_with_a_certificate(emulator, aws):
    ec2, elb, acm = aws("ec2"), aws("elbv2"), aws("acm")
    net = Network(ec2)
    arns = []
    for name in ("one.example.com", "two.example.com"):
        arns.append(
            acm.request_certificate(DomainName=name, ValidationMethod="DNS")[
                "CertificateArn"
            ]
        )
    for arn in arns:
        emulator.control(
            "/strict/mutate", {"kind": "certificate", "id": arn, "action": "issue"}
        )
    balancer = elb.create_load_balancer(Name="one", Subnets=net.subnets)[
        "LoadBalancers"
    ][0]["LoadBalancerArn"]
    listener = elb.create_listener(
        LoadBalancerArn=balancer,
        Port=443,
        Protocol="HTTPS",
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        Certificates=[{"CertificateArn": arns[0]}],
        DefaultActions=[
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        ],
    )["Listeners"][0]["ListenerArn"]
    elb.add_listener_certificates(
        ListenerArn=listener, Certificates=[{"CertificateArn": arns[1]}]
    )
    elb.modify_listener_attributes(
        ListenerArn=listener,
        Attributes=[{"Key": "routing.http.response.server.enabled", "Value": "false"}],
    )
    elb.modify_listener(ListenerArn=listener, Port=444)
    (found,) = elb.describe_listeners(ListenerArns=[listener])["Listeners"]
    assert found["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert found["Certificates"] == [{"CertificateArn": arns[0]}]
    assert found["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"] == "404"
    listed = elb.describe_listener_certificates(ListenerArn=listener)["Certificates"]
    assert sorted(each["CertificateArn"] for each in listed) == sorted(arns)
    attributes = elb.describe_listener_attributes(ListenerArn=listener)["Attributes"]
    assert {
        "Key": "routing.http.response.server.enabled",
        "Value": "false",
    } in attributes
