"""Load balancers, target groups, listeners."""

from __future__ import annotations

import pytest
from scene import Network, refused, slow
from strict import mutate

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
TLS13 = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@pytest.fixture
def clock(world):
    return slow(world)


@pytest.fixture
def elb(world, aws):
    world.settings.extra["certificates"] = [CERTIFICATE]
    return aws("elbv2")


@pytest.fixture
def ec2(aws):
    return aws("ec2")


@pytest.fixture
def net(clock, ec2):
    return Network(ec2)


@pytest.fixture
def group(net):
    return net.group("alb")


@pytest.fixture
def make(elb, net, group):
    def balancer(**more):
        order = {
            "Name": "alb",
            "Subnets": net.subnets,
            "SecurityGroups": [group],
            "Scheme": "internet-facing",
            "Type": "application",
            "Tags": [{"Key": "Stack", "Value": "one"}],
            **more,
        }
        return elb.create_load_balancer(**order)["LoadBalancers"][0]

    return balancer


@pytest.fixture
def targets(elb, net):
    def target_group(name="one", **more):
        order = {
            "Name": name,
            "Protocol": "HTTP",
            "Port": 4242,
            "VpcId": net.vpc,
            "TargetType": "ip",
            "HealthCheckPath": "/__ping__",
            **more,
        }
        return elb.create_target_group(**order)["TargetGroups"][0]["TargetGroupArn"]

    return target_group


def forward(arn):
    return [{"Type": "forward", "TargetGroupArn": arn}]


def interfaces(ec2, name="alb"):
    return ec2.describe_network_interfaces(
        Filters=[{"Name": "description", "Values": [f"ELB app/{name}/*"]}]
    )["NetworkInterfaces"]


# ---- load balancer


def test_a_balancer_lives(elb, ec2, net, group, clock, make):
    made = make()
    arn = made["LoadBalancerArn"]
    assert made["State"]["Code"] == "provisioning"
    assert made["DNSName"].endswith(".us-east-1.elb.amazonaws.com")
    assert made["Scheme"] == "internet-facing"
    shown = elb.describe_load_balancers(Names=["alb"])["LoadBalancers"][0]
    assert shown["State"]["Code"] == "provisioning"
    clock.advance(140)
    shown = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    assert shown["State"]["Code"] == "active"
    (tags,) = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert tags["Tags"] == [{"Key": "Stack", "Value": "one"}]

    enis = interfaces(ec2)
    assert {eni["SubnetId"] for eni in enis} == set(net.subnets)
    assert {eni["RequesterId"] for eni in enis} == {"amazon-elb"}
    assert all(eni["Groups"][0]["GroupId"] == group for eni in enis)
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=net.subnets[0])
    with refused("DependencyViolation", "mapped public"):
        ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)

    elb.delete_load_balancer(LoadBalancerArn=arn)
    with refused("LoadBalancerNotFound"):
        elb.describe_load_balancers(LoadBalancerArns=[arn])
    with refused("LoadBalancerNotFound"):
        elb.describe_load_balancers(Names=["alb"])
    elb.delete_load_balancer(LoadBalancerArn=arn)
    assert len(interfaces(ec2)) == 2
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    with refused("DependencyViolation"):
        ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    clock.advance(100)
    assert interfaces(ec2) == []
    ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=net.subnets[0])


def test_creates_are_idempotent_by_content(elb, net, make):
    first = make()
    assert (
        make(Tags=[{"Key": "x", "Value": "y"}])["LoadBalancerArn"]
        == first["LoadBalancerArn"]
    )
    with refused("DuplicateLoadBalancerName"):
        make(Scheme="internal")
    with refused("DuplicateLoadBalancerName"):
        make(SecurityGroups=[net.group("other")])
    assert len(elb.describe_load_balancers()["LoadBalancers"]) == 1


def test_what_a_balancer_needs(ec2, net, clock, make):
    with refused("ValidationError", "two different Availability Zones"):
        make(Subnets=net.subnets[:1])
    twin = net.subnet("10.0.9.0/24", "us-east-1a")
    with refused("InvalidConfigurationRequest", "same Availability Zone"):
        make(Subnets=[net.subnets[0], twin])
    with refused("SubnetNotFound"):
        make(Subnets=[net.subnets[0], "subnet-1"])
    with refused("InvalidSecurityGroup"):
        make(SecurityGroups=["sg-1"])
    small = net.subnet("10.0.8.0/28", "us-east-1c")
    for _ in range(4):
        ec2.create_network_interface(SubnetId=small)
    with refused("InvalidSubnet", "8 free IP"):
        make(Subnets=[net.subnets[0], small])
    for name in ("-a", "a-", "internal-a", "a" * 33, "a_b"):
        with refused("ValidationError"):
            make(Name=name)


def test_an_internet_facing_balancer_needs_a_gateway(ec2, elb, clock):
    net = Network(ec2, attach=False)
    order = {"Name": "alb", "Subnets": net.subnets}
    with refused("InvalidSubnet", "no internet gateway"):
        elb.create_load_balancer(**order)
    elb.create_load_balancer(**order, Scheme="internal")
    ec2.attach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)


def test_attributes_are_all_or_nothing(elb, make):
    arn = make()["LoadBalancerArn"]

    def shown():
        found = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)
        return {each["Key"]: each["Value"] for each in found["Attributes"]}

    def change(**pairs):
        elb.modify_load_balancer_attributes(
            LoadBalancerArn=arn,
            Attributes=[
                {"Key": key.replace("__", "."), "Value": value}
                for key, value in pairs.items()
            ],
        )

    assert shown()["idle_timeout.timeout_seconds"] == "60"
    assert shown()["load_balancing.cross_zone.enabled"] == "true"
    with refused("ValidationError", "is not recognized"):
        change(idle_timeout__timeout_seconds="300", nonsense="1")
    with refused("ValidationError"):
        change(idle_timeout__timeout_seconds="5000")
    assert shown()["idle_timeout.timeout_seconds"] == "60"
    change(idle_timeout__timeout_seconds="300", deletion_protection__enabled="true")
    assert shown()["idle_timeout.timeout_seconds"] == "300"
    with refused("OperationNotPermitted", "deletion protection is enabled"):
        elb.delete_load_balancer(LoadBalancerArn=arn)
    change(deletion_protection__enabled="false")
    elb.delete_load_balancer(LoadBalancerArn=arn)


def test_subnets_and_groups_change_in_place(elb, ec2, net, clock, make):
    arn = make()["LoadBalancerArn"]
    clock.advance(140)
    third = net.subnet("10.0.7.0/24", "us-east-1c")
    with refused("ValidationError"):
        elb.set_subnets(LoadBalancerArn=arn, Subnets=[third])
    elb.set_subnets(LoadBalancerArn=arn, Subnets=[net.subnets[0], third])
    (shown,) = elb.describe_load_balancers(Names=["alb"])["LoadBalancers"]
    assert {zone["SubnetId"] for zone in shown["AvailabilityZones"]} == {
        net.subnets[0],
        third,
    }
    assert shown["State"]["Code"] == "provisioning"
    clock.advance(100)
    (shown,) = elb.describe_load_balancers(Names=["alb"])["LoadBalancers"]
    assert shown["State"]["Code"] == "active"
    ec2.delete_subnet(SubnetId=net.subnets[1])
    other = net.group("other")
    elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[other])
    assert {eni["Groups"][0]["GroupId"] for eni in interfaces(ec2)} == {other}
    with refused("InvalidSecurityGroup"):
        elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=["sg-1"])


def test_tags(elb, make, targets):
    arn, group = make()["LoadBalancerArn"], targets()
    many = [{"Key": f"k{index}", "Value": "v"} for index in range(20)]
    elb.add_tags(ResourceArns=[arn, group], Tags=many)
    (shown,) = elb.describe_tags(ResourceArns=[group])["TagDescriptions"]
    assert len(shown["Tags"]) == 20
    elb.remove_tags(ResourceArns=[group], TagKeys=["k1"])
    with refused("ValidationError", "20"):
        elb.describe_tags(ResourceArns=[arn] * 21)
    with refused("TargetGroupNotFound"):
        elb.describe_tags(ResourceArns=[group + "x"])
    with refused("LoadBalancerNotFound"):
        elb.describe_tags(ResourceArns=[arn + "x"])


# ---- target group


def test_target_groups(elb, net, targets):
    arn = targets(Tags=[{"Key": "a", "Value": "b"}])
    assert targets() == arn
    with refused("DuplicateTargetGroupName"):
        targets(Port=80)
    (shown,) = elb.describe_target_groups(Names=["one"])["TargetGroups"]
    assert (shown["HealthCheckPath"], shown["HealthCheckTimeoutSeconds"]) == (
        "/__ping__",
        5,
    )
    assert shown["Matcher"] == {"HttpCode": "200"}
    (changed,) = elb.modify_target_group(
        TargetGroupArn=arn,
        HealthCheckIntervalSeconds=10,
        Matcher={"HttpCode": "200-399"},
    )["TargetGroups"]
    assert changed["HealthCheckIntervalSeconds"] == 10
    assert changed["Matcher"] == {"HttpCode": "200-399"}
    assert changed["HealthCheckPath"] == "/__ping__"
    with refused("DuplicateTargetGroupName"):
        targets()
    with refused("ValidationError", "VPC ID"):
        targets("two", VpcId="vpc-1")
    with refused("TargetGroupNotFound"):
        elb.describe_target_groups(Names=["two"])
    elb.delete_target_group(TargetGroupArn=arn)
    elb.delete_target_group(TargetGroupArn=arn)
    with refused("TargetGroupNotFound"):
        elb.describe_target_groups(TargetGroupArns=[arn])


def test_target_group_attributes(elb, targets):
    arn = targets()

    def change(key, value):
        return elb.modify_target_group_attributes(
            TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value}]
        )["Attributes"]

    shown = elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    values = {each["Key"]: each["Value"] for each in shown}
    assert values["deregistration_delay.timeout_seconds"] == "300"
    assert values["stickiness.enabled"] == "false"
    change("deregistration_delay.timeout_seconds", "3600")
    with refused("ValidationError"):
        change("deregistration_delay.timeout_seconds", "3601")
    with refused("ValidationError", "is not recognized"):
        change("nonsense", "1")


def test_new_target_groups_are_not_seen_at_once(world, elb, ec2):
    net = Network(ec2)
    clock = slow(world, elbv2=2)
    arn = elb.create_target_group(Name="one", Protocol="HTTP", Port=80, VpcId=net.vpc)[
        "TargetGroups"
    ][0]["TargetGroupArn"]
    with refused("TargetGroupNotFound"):
        elb.describe_target_groups(TargetGroupArns=[arn])
    clock.advance(3)
    elb.describe_target_groups(TargetGroupArns=[arn])


# ---- listener


def test_a_listener_lives(elb, clock, make, targets):
    balancer, group = make()["LoadBalancerArn"], targets()
    order = {
        "LoadBalancerArn": balancer,
        "Port": 443,
        "Protocol": "HTTPS",
        "SslPolicy": TLS13,
        "Certificates": [{"CertificateArn": CERTIFICATE}],
        "DefaultActions": forward(group),
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    (made,) = elb.create_listener(**order)["Listeners"]
    arn = made["ListenerArn"]
    (action,) = made["DefaultActions"]
    assert action["TargetGroupArn"] == group
    assert action["ForwardConfig"]["TargetGroups"] == [
        {"TargetGroupArn": group, "Weight": 1}
    ]
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"]["Enabled"] is False
    (again,) = elb.create_listener(**order)["Listeners"]
    assert again["ListenerArn"] == arn
    with refused("DuplicateListener"):
        elb.create_listener(**{**order, "SslPolicy": "ELBSecurityPolicy-2016-08"})
    (shown,) = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    assert shown["Certificates"] == [{"CertificateArn": CERTIFICATE}]
    assert shown["SslPolicy"] == TLS13
    (tags,) = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert tags["Tags"] == [{"Key": "a", "Value": "b"}]
    (used,) = elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"]
    assert used["LoadBalancerArns"] == [balancer]

    with refused("ResourceInUse", "in use by a listener or a rule"):
        elb.delete_target_group(TargetGroupArn=group)
    elb.delete_listener(ListenerArn=arn)
    with refused("ListenerNotFound"):
        elb.delete_listener(ListenerArn=arn)
    with refused("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=group)
    clock.advance(6)
    elb.delete_target_group(TargetGroupArn=group)


def test_what_a_listener_needs(aws, elb, make, targets):
    balancer, group = make()["LoadBalancerArn"], targets()

    def listener(**more):
        order = {
            "LoadBalancerArn": balancer,
            "Port": 443,
            "Protocol": "HTTPS",
            "Certificates": [{"CertificateArn": CERTIFICATE}],
            "DefaultActions": forward(group),
            **more,
        }
        return elb.create_listener(**order)["Listeners"][0]

    far = CERTIFICATE.replace("us-east-1", "eu-west-1")
    with refused("CertificateNotFound", far):
        listener(Certificates=[{"CertificateArn": far}])
    absent = CERTIFICATE.replace("1111", "9999")
    with refused("CertificateNotFound", absent):
        listener(Certificates=[{"CertificateArn": absent}])
    server = "arn:aws:iam::123456789012:server-certificate/one"
    with refused("CertificateNotFound", server):
        listener(Certificates=[{"CertificateArn": server}])
    pending = aws("acm").request_certificate(DomainName="a.example.com")
    asked = {"CertificateArn": pending["CertificateArn"]}
    with refused("UnsupportedCertificate", asked["CertificateArn"]):
        listener(Certificates=[asked])
    made = listener()["ListenerArn"]
    with refused("CertificateNotFound", absent):
        elb.modify_listener(ListenerArn=made, Certificates=[{"CertificateArn": absent}])
    with refused("CertificateNotFound", absent):
        elb.add_listener_certificates(
            ListenerArn=made, Certificates=[{"CertificateArn": absent}]
        )
    elb.delete_listener(ListenerArn=made)
    with refused("ValidationError", "certificate"):
        listener(Certificates=[])
    with refused("SSLPolicyNotFound"):
        listener(SslPolicy="nonsense")
    with refused("TargetGroupNotFound"):
        listener(DefaultActions=forward(group + "x"))
    with refused("LoadBalancerNotFound"):
        listener(LoadBalancerArn=balancer + "x")
    assert listener()["SslPolicy"] == "ELBSecurityPolicy-2016-08"
    second = make(Name="second")["LoadBalancerArn"]
    with refused("TargetGroupAssociationLimit"):
        listener(LoadBalancerArn=second)


def test_redirects_and_changes(elb, clock, make, targets):
    balancer, group, other = make()["LoadBalancerArn"], targets(), targets("two")
    redirect = [
        {
            "Type": "redirect",
            "RedirectConfig": {
                "Protocol": "HTTPS",
                "Port": "443",
                "StatusCode": "HTTP_301",
            },
        }
    ]
    (made,) = elb.create_listener(
        LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=redirect
    )["Listeners"]
    arn = made["ListenerArn"]
    assert "SslPolicy" not in made
    assert made["DefaultActions"][0]["RedirectConfig"] == {
        "Protocol": "HTTPS",
        "Port": "443",
        "Host": "#{host}",
        "Path": "/#{path}",
        "Query": "#{query}",
        "StatusCode": "HTTP_301",
    }
    elb.modify_listener(ListenerArn=arn, DefaultActions=forward(group))
    elb.modify_listener(ListenerArn=arn, DefaultActions=forward(other))
    with refused("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=group)
    clock.advance(6)
    elb.delete_target_group(TargetGroupArn=group)
    with refused("ValidationError", "certificate"):
        elb.modify_listener(ListenerArn=arn, Protocol="HTTPS")
    (now,) = elb.modify_listener(
        ListenerArn=arn,
        Port=443,
        Protocol="HTTPS",
        SslPolicy=TLS13,
        Certificates=[{"CertificateArn": CERTIFICATE}],
    )["Listeners"]
    assert (now["Port"], now["Protocol"]) == (443, "HTTPS")
    assert now["DefaultActions"][0]["TargetGroupArn"] == other
    (now,) = elb.modify_listener(ListenerArn=arn, Protocol="HTTP")["Listeners"]
    assert "SslPolicy" not in now
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    with refused("ListenerNotFound"):
        elb.describe_listeners(ListenerArns=[arn])
    clock.advance(6)
    elb.delete_target_group(TargetGroupArn=other)


def test_target_health(world, elb, ec2, net, clock, make, targets):
    balancer, group = make()["LoadBalancerArn"], targets()
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9"}])

    def all_health():
        found = elb.describe_target_health(TargetGroupArn=group)
        return [each["TargetHealth"] for each in found["TargetHealthDescriptions"]]

    def health():
        (found,) = all_health()
        return found

    def answers(value):
        order = {"kind": "target_group", "id": group, "action": "answers"}
        mutate.perform(world, {**order, "value": value})

    assert health()["Reason"] == "Target.NotInUse"
    elb.create_listener(
        LoadBalancerArn=balancer,
        Port=80,
        Protocol="HTTP",
        DefaultActions=forward(group),
    )
    assert health()["State"] == "initial"
    clock.advance(20)
    assert health()["Reason"] == "Target.FailedHealthChecks"
    # five checks of thirty seconds, and two
    answers(True)
    clock.advance(140)
    assert health()["State"] == "unhealthy"
    clock.advance(20)
    assert health() == {"State": "healthy"}
    answers(False)
    clock.advance(50)
    assert health()["State"] == "healthy"
    clock.advance(20)
    assert health()["State"] == "unhealthy"
    answers(True)
    clock.advance(160)
    # another one begins anew
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.10"}])
    assert sorted(each["State"] for each in all_health()) == ["healthy", "initial"]
    clock.advance(160)
    assert [each["State"] for each in all_health()] == ["healthy", "healthy"]

    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9"}])
    states = [(each["State"], each.get("Reason")) for each in all_health()]
    assert states == [
        ("healthy", None),
        ("draining", "Target.DeregistrationInProgress"),
    ]
    clock.advance(301)
    assert health() == {"State": "healthy"}
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9"}])
    assert sorted(each["State"] for each in all_health()) == ["healthy", "initial"]
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9"}])
    assert sorted(each["State"] for each in all_health()) == ["draining", "healthy"]


def test_a_certificate_in_use_stays(world, aws, elb, clock, make, targets):
    acm = aws("acm")
    arn = acm.request_certificate(DomainName="packages.example.com")["CertificateArn"]
    order = {"kind": "certificate", "id": arn, "action": "issue"}
    mutate.perform(world, order)
    balancer = make()["LoadBalancerArn"]
    listener = elb.create_listener(
        LoadBalancerArn=balancer,
        Port=443,
        Protocol="HTTPS",
        Certificates=[{"CertificateArn": arn}],
        SslPolicy=TLS13,
        DefaultActions=forward(targets()),
    )["Listeners"][0]["ListenerArn"]
    found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert found["InUseBy"] == [balancer]
    assert found["RenewalEligibility"] == "ELIGIBLE"
    with refused("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=arn)
    elb.delete_listener(ListenerArn=listener)
    acm.delete_certificate(CertificateArn=arn)
