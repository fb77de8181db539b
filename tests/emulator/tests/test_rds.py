"""Instances, groups, parameters, snapshots."""

from __future__ import annotations

import json

import pytest
from scene import Network, refused, slow
from strict import mutate


@pytest.fixture
def clock(world):
    return slow(world)


@pytest.fixture
def rds(aws):
    return aws("rds")


@pytest.fixture
def ec2(aws):
    return aws("ec2")


@pytest.fixture
def net(clock, ec2):
    return Network(ec2)


@pytest.fixture
def key(aws, clock):
    return aws("kms").create_key()["KeyMetadata"]


@pytest.fixture
def group(rds, net):
    rds.create_db_subnet_group(
        DBSubnetGroupName="Private",
        DBSubnetGroupDescription="d",
        SubnetIds=net.subnets,
        Tags=[{"Key": "Stack", "Value": "one"}],
    )
    return "private"


@pytest.fixture
def parameters(rds):
    rds.create_db_parameter_group(
        DBParameterGroupName="Params",
        DBParameterGroupFamily="postgres16",
        Description="d",
    )
    return "params"


@pytest.fixture
def make(rds, net, group, parameters, key):
    firewall = net.group("db")

    def instance(name="main", **more):
        order = {
            "DBInstanceIdentifier": name,
            "Engine": "postgres",
            "EngineVersion": "16.8",
            "DBInstanceClass": "db.t3.xlarge",
            "AllocatedStorage": 100,
            "MasterUsername": "ppm",
            "ManageMasterUserPassword": True,
            "MultiAZ": True,
            "DBSubnetGroupName": group,
            "VpcSecurityGroupIds": [firewall],
            "DBParameterGroupName": parameters,
            "StorageEncrypted": True,
            "KmsKeyId": key["KeyId"],
            "BackupRetentionPeriod": 7,
            "Tags": [{"Key": "Stack", "Value": "one"}],
            **more,
        }
        order = {name: value for name, value in order.items() if value is not None}
        return rds.create_db_instance(**order)["DBInstance"]

    return instance


@pytest.fixture
def look(rds):
    def instance(name="main"):
        (found,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        return found

    return instance


@pytest.fixture
def ready(make, clock):
    """A Multi-AZ instance that is available."""
    made = make()
    clock.advance(1000)
    return made


@pytest.fixture
def change(rds):
    def modify(name="main", **more):
        return rds.modify_db_instance(DBInstanceIdentifier=name, **more)["DBInstance"]

    return modify


def states(look, clock, step=10, upto=2000):
    """The states an instance passes through, without repeats."""
    seen = []
    for _ in range(0, upto, step):
        status = look()["DBInstanceStatus"]
        if not seen or seen[-1] != status:
            seen.append(status)
        clock.advance(step)
    return seen


# ---- creation


def test_a_multi_az_instance_is_born_in_stages(make, look, clock, key):
    made = make("Main")
    assert made["DBInstanceIdentifier"] == "main"
    assert made["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in made
    assert made["KmsKeyId"] == key["Arn"]
    assert made["DbiResourceId"].startswith("db-")
    assert made["MasterUserSecret"]["SecretStatus"] == "creating"
    assert states(look, clock, 4, 1000) == [
        "creating",
        "available",
        "modifying",
        "backing-up",
        "available",
    ]
    shown = look("MAIN")
    assert shown["Endpoint"]["Port"] == 5432
    assert shown["AvailabilityZone"] != shown["SecondaryAvailabilityZone"]
    assert shown["MasterUserSecret"]["SecretStatus"] == "active"
    assert shown["PreferredMaintenanceWindow"].islower()
    assert (shown["Iops"], shown["StorageThroughput"]) == (3000, 125)
    assert shown["TagList"] == [{"Key": "Stack", "Value": "one"}]
    assert "MaxAllocatedStorage" not in shown


def test_a_single_zone_takes_less(make, look, clock):
    make(MultiAZ=False)
    assert states(look, clock, 10, 600) == ["creating", "backing-up", "available"]
    assert "SecondaryAvailabilityZone" not in look()


def test_instances_have_ids_of_their_own(make):
    first, second = make("one"), make("two")
    assert first["DbiResourceId"] != second["DbiResourceId"]


def test_names_are_taken_in_any_case(make):
    make()
    with refused("DBInstanceAlreadyExists"):
        make("MAIN")
    for name in ("1a", "a--b", "a-", "a_b"):
        with refused("InvalidParameterValue"):
            make(name)


def test_versions_become_minor_ones(make):
    assert make("one", EngineVersion="16")["EngineVersion"].startswith("16.")
    with refused("InvalidParameterCombination", "Cannot find version"):
        make("two", EngineVersion="16.99")
    with refused("InvalidParameterCombination"):
        make("two", DBInstanceClass="db.m4.large")
    with refused("InvalidParameterValue"):
        make("two", DBInstanceClass="db.x.huge")


def test_what_an_instance_needs(aws, ec2, rds, make, net, key):
    with refused("DBSubnetGroupNotFoundFault"):
        make(DBSubnetGroupName="nobody")
    with refused("DBParameterGroupNotFound"):
        make(DBParameterGroupName="nobody")
    with refused("InvalidParameterValue", "Invalid security group"):
        make(VpcSecurityGroupIds=["sg-1"])
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    foreign = ec2.create_security_group(GroupName="x", Description="d", VpcId=other)
    with refused("InvalidVPCNetworkStateFault", "different VPCs"):
        make(VpcSecurityGroupIds=[foreign["GroupId"]])
    rds.create_db_parameter_group(
        DBParameterGroupName="old", DBParameterGroupFamily="postgres15", Description="d"
    )
    with refused("InvalidParameterCombination", "postgres15"):
        make(DBParameterGroupName="old")
    with refused("InvalidParameterCombination", "Multi-AZ"):
        make(AvailabilityZone="us-east-1a")
    with refused("InvalidParameterCombination", "MasterUserPassword"):
        make(MasterUserPassword="longenough")
    with refused("InvalidParameterValue", "reserved"):
        make(MasterUsername="admin")
    with refused("InvalidParameterCombination", "IOPS"):
        make(Iops=4000)
    with refused("InvalidParameterCombination", "10 percent"):
        make(MaxAllocatedStorage=105)
    with refused("InvalidParameterValue"):
        make(
            PreferredBackupWindow="03:00-04:00",
            PreferredMaintenanceWindow="sun:03:30-sun:04:30",
        )
    kms = aws("kms")
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    with refused("KMSKeyNotAccessibleFault"):
        make()
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    with refused("KMSKeyNotAccessibleFault"):
        make()
    kms.enable_key(KeyId=key["KeyId"])
    make()


def test_the_managed_secret(aws, ready, look):
    secret = look()["MasterUserSecret"]["SecretArn"]
    secrets = aws("secretsmanager")
    value = json.loads(secrets.get_secret_value(SecretId=secret)["SecretString"])
    assert value["username"] == "ppm"
    with refused("InvalidRequestException", "managed by rds"):
        secrets.delete_secret(SecretId=secret)


def test_interfaces_hold_the_network(ec2, net, ready):
    enis = ec2.describe_network_interfaces(
        Filters=[{"Name": "description", "Values": ["RDSNetworkInterface"]}]
    )["NetworkInterfaces"]
    assert {eni["SubnetId"] for eni in enis} == set(net.subnets)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=net.subnets[0])


# ---- modification


def test_protection_changes_at_once(rds, ready, look, change):
    assert change(DeletionProtection=True)["DBInstanceStatus"] == "available"
    assert look()["DeletionProtection"] is True
    with refused("InvalidParameterCombination", "disable deletion protection"):
        rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    change(DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)


def test_pending_changes_wait_for_the_window(ready, look, clock, change):
    change(DBInstanceClass="db.t3.2xlarge")
    clock.advance(3600)
    shown = look()
    assert shown["DBInstanceStatus"] == "available"
    assert shown["DBInstanceClass"] == "db.t3.xlarge"
    assert shown["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.2xlarge"}
    change(DBInstanceClass="db.t3.xlarge")
    assert look()["PendingModifiedValues"] == {}
    change(DBInstanceClass="db.t3.2xlarge")
    change(BackupRetentionPeriod=7, ApplyImmediately=True)
    assert states(look, clock, 3, 600) == ["available", "modifying", "available"]
    shown = look()
    assert shown["DBInstanceClass"] == "db.t3.2xlarge"
    assert shown["PendingModifiedValues"] == {}


def test_changes_show_after_a_moment(ready, look, clock, change):
    made = change(DBInstanceClass="db.t3.2xlarge", ApplyImmediately=True)
    assert made["DBInstanceStatus"] == "available"
    assert made["PendingModifiedValues"]["DBInstanceClass"] == "db.t3.2xlarge"
    clock.advance(6)
    assert look()["DBInstanceStatus"] == "modifying"
    with refused("InvalidDBInstanceState"):
        change(DeletionProtection=True)
    clock.advance(480)
    assert look()["DBInstanceStatus"] == "modifying"
    clock.advance(30)
    assert look()["DBInstanceClass"] == "db.t3.2xlarge"


def test_nothing_to_do(ready, change):
    change(BackupRetentionPeriod=7, ApplyImmediately=True)
    with refused("InvalidParameterCombination", "No modifications were requested"):
        change(AllowMajorVersionUpgrade=True, ApplyImmediately=True)


def test_security_groups_move(ec2, net, ready, look, clock, change):
    other = net.group("other")
    old = look()["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
    change(VpcSecurityGroupIds=[other])
    assert states(look, clock, 2, 60) == ["available", "modifying", "available"]
    ec2.delete_security_group(GroupId=old)
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=other)


def test_storage_grows_and_is_locked(ready, look, clock, change):
    with refused("InvalidParameterCombination", "cannot be less"):
        change(AllocatedStorage=50, ApplyImmediately=True)
    with refused("InvalidParameterCombination", "10 percent"):
        change(AllocatedStorage=105, ApplyImmediately=True)
    change(AllocatedStorage=200, ApplyImmediately=True)
    assert states(look, clock, 4, 1000) == [
        "available",
        "modifying",
        "storage-optimization",
        "available",
    ]
    assert look()["AllocatedStorage"] == 200
    with refused("InvalidParameterCombination", "previous storage change"):
        change(AllocatedStorage=300, ApplyImmediately=True)
    change(BackupRetentionPeriod=8, ApplyImmediately=True)
    clock.advance(6 * 3600)
    with refused("InvalidParameterCombination", "IOPS"):
        change(AllocatedStorage=500, ApplyImmediately=True)
    change(AllocatedStorage=300, ApplyImmediately=True)


def test_versions_only_rise(rds, ready, look, clock, change):
    with refused("InvalidParameterCombination", "Cannot upgrade postgres from 16.8"):
        change(EngineVersion="16.6", ApplyImmediately=True)
    with refused("InvalidParameterCombination", "AllowMajorVersionUpgrade"):
        change(EngineVersion="17.9", ApplyImmediately=True)
    with refused("InvalidParameterCombination", "upgrade path"):
        change(
            EngineVersion="17.2", AllowMajorVersionUpgrade=True, ApplyImmediately=True
        )
    with refused("InvalidParameterCombination", "postgres16"):
        change(
            EngineVersion="17.9", AllowMajorVersionUpgrade=True, ApplyImmediately=True
        )
    rds.create_db_parameter_group(
        DBParameterGroupName="new", DBParameterGroupFamily="postgres17", Description="d"
    )
    change(
        EngineVersion="17.9",
        AllowMajorVersionUpgrade=True,
        DBParameterGroupName="new",
        ApplyImmediately=True,
    )
    assert states(look, clock, 4, 600) == ["available", "upgrading", "available"]
    assert look()["EngineVersion"] == "17.9"
    assert look()["DBParameterGroups"][0]["DBParameterGroupName"] == "new"


def test_one_zone_becomes_two(ec2, make, look, clock, change):
    make(MultiAZ=False)
    clock.advance(1000)
    change(MultiAZ=True, ApplyImmediately=True)
    assert look()["PendingModifiedValues"] == {"MultiAZ": True}
    clock.advance(410)
    shown = look()
    assert shown["MultiAZ"] is True
    assert "SecondaryAvailabilityZone" in shown


def test_password_management(aws, ready, look, clock, change):
    with refused("InvalidParameterCombination", "apply immediately"):
        change(RotateMasterUserPassword=True)
    with refused("InvalidParameterCombination", "MasterUserPassword"):
        change(ManageMasterUserPassword=False)
    old = look()["MasterUserSecret"]["SecretArn"]
    change(ManageMasterUserPassword=False, MasterUserPassword="longenough")
    clock.advance(100)
    assert "MasterUserSecret" not in look()
    with refused("ResourceNotFoundException"):
        aws("secretsmanager").describe_secret(SecretId=old)
    change(ManageMasterUserPassword=True)
    assert look()["MasterUserSecret"]["SecretArn"] != old


def test_only_available_instances_change(make, change):
    make()
    with refused("InvalidDBInstanceState"):
        change(DeletionProtection=True)
    with refused("DBInstanceNotFound"):
        change("nobody", DeletionProtection=True)


# ---- deletion


def test_deletion_takes_a_while(aws, rds, ec2, net, group, parameters, ready, clock):
    with refused("InvalidParameterCombination", "FinalDBSnapshotIdentifier"):
        rds.delete_db_instance(DBInstanceIdentifier="main")
    secret = rds.describe_db_instances()["DBInstances"][0]["MasterUserSecret"]
    gone = {"DBInstanceIdentifier": "main", "SkipFinalSnapshot": True}
    assert (
        rds.delete_db_instance(**gone)["DBInstance"]["DBInstanceStatus"] == "deleting"
    )
    with refused("InvalidDBInstanceState", "is already being deleted"):
        rds.delete_db_instance(**gone)
    with refused("InvalidDBSubnetGroupStateFault"):
        rds.delete_db_subnet_group(DBSubnetGroupName=group)
    clock.advance(250)
    with refused("DBInstanceNotFound"):
        rds.describe_db_instances(DBInstanceIdentifier="main")
    with refused("DBInstanceNotFound"):
        rds.delete_db_instance(**gone)
    with refused("ResourceNotFoundException"):
        aws("secretsmanager").describe_secret(SecretId=secret["SecretArn"])
    rds.delete_db_subnet_group(DBSubnetGroupName=group)
    with refused("InvalidDBParameterGroupState"):
        rds.delete_db_parameter_group(DBParameterGroupName=parameters)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=net.subnets[0])
    clock.advance(70)
    rds.delete_db_parameter_group(DBParameterGroupName=parameters)
    ec2.delete_subnet(SubnetId=net.subnets[0])


def test_final_snapshots(rds, make, ready, clock):
    rds.create_db_snapshot(DBInstanceIdentifier="main", DBSnapshotIdentifier="taken")
    clock.advance(130)

    def delete(name):
        rds.delete_db_instance(
            DBInstanceIdentifier="main", FinalDBSnapshotIdentifier=name
        )

    with refused("DBSnapshotAlreadyExists"):
        delete("Taken")
    with refused("InvalidParameterValue"):
        delete("bad--name")
    delete("last")
    clock.advance(400)
    (kept,) = rds.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"]
    assert kept["Status"] == "available"
    assert kept["Encrypted"] is True
    make("second")
    with refused("InvalidDBInstanceState", "not currently in the available state"):
        rds.delete_db_instance(
            DBInstanceIdentifier="second", FinalDBSnapshotIdentifier="other"
        )
    rds.delete_db_instance(DBInstanceIdentifier="second", SkipFinalSnapshot=True)


def test_large_storage_has_iops_of_its_own(rds, make, look, clock):
    make(AllocatedStorage=390)
    clock.advance(1200)
    assert (look()["Iops"], look()["StorageThroughput"]) == (3000, 125)

    def grow(size, **more):
        rds.modify_db_instance(
            DBInstanceIdentifier="main",
            AllocatedStorage=size,
            ApplyImmediately=True,
            **more,
        )
        clock.advance(24 * 3600)
        return look()

    with refused("InvalidParameterCombination", "must specify IOPS"):
        grow(600)
    assert grow(600, Iops=13000)["Iops"] == 13000
    shown = grow(700)
    assert (shown["AllocatedStorage"], shown["Iops"]) == (700, 13000)
    assert shown["StorageThroughput"] == 500
    assert grow(800, Iops=14000)["Iops"] == 14000


# ---- snapshots


def test_snapshots(aws, rds, ready, look, clock):
    made = rds.create_db_snapshot(
        DBInstanceIdentifier="main",
        DBSnapshotIdentifier="One",
        Tags=[{"Key": "a", "Value": "b"}],
    )["DBSnapshot"]
    assert (made["DBSnapshotIdentifier"], made["Status"]) == ("one", "creating")
    assert look()["DBInstanceStatus"] == "backing-up"
    copy = {"SourceDBSnapshotIdentifier": "one", "TargetDBSnapshotIdentifier": "two"}
    with refused("InvalidDBSnapshotState"):
        rds.copy_db_snapshot(**copy)
    clock.advance(130)
    assert look()["DBInstanceStatus"] == "available"
    with refused("DBSnapshotAlreadyExists"):
        rds.create_db_snapshot(DBInstanceIdentifier="main", DBSnapshotIdentifier="one")
    other = aws("kms").create_key()["KeyMetadata"]
    copied = rds.copy_db_snapshot(**copy, KmsKeyId=other["KeyId"], CopyTags=True)
    assert copied["DBSnapshot"]["KmsKeyId"] == other["Arn"]
    with refused("KMSKeyNotAccessibleFault"):
        rds.copy_db_snapshot(
            SourceDBSnapshotIdentifier="one",
            TargetDBSnapshotIdentifier="three",
            KmsKeyId="11111111-1111-1111-1111-111111111111",
        )
    clock.advance(130)
    arn = copied["DBSnapshot"]["DBSnapshotArn"]
    assert rds.list_tags_for_resource(ResourceName=arn)["TagList"] == [
        {"Key": "a", "Value": "b"}
    ]
    manual = rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    assert {each["DBSnapshotIdentifier"] for each in manual} == {"one", "two"}
    (auto,) = rds.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"]
    with refused("InvalidDBSnapshotState"):
        rds.delete_db_snapshot(DBSnapshotIdentifier=auto["DBSnapshotIdentifier"])
    rds.delete_db_snapshot(DBSnapshotIdentifier="two")
    with refused("DBSnapshotNotFound"):
        rds.describe_db_snapshots(DBSnapshotIdentifier="two")


# ---- groups


def test_subnet_groups(rds, ec2, net, group):
    (shown,) = rds.describe_db_subnet_groups(DBSubnetGroupName="PRIVATE")[
        "DBSubnetGroups"
    ]
    assert shown["DBSubnetGroupName"] == "private"
    order = {"DBSubnetGroupDescription": "d", "SubnetIds": net.subnets}
    with refused("DBSubnetGroupAlreadyExists"):
        rds.create_db_subnet_group(DBSubnetGroupName="private", **order)
    with refused("DBSubnetGroupDoesNotCoverEnoughAZs"):
        rds.create_db_subnet_group(
            DBSubnetGroupName="two",
            DBSubnetGroupDescription="d",
            SubnetIds=net.subnets[:1],
        )
    with refused("InvalidSubnet"):
        rds.create_db_subnet_group(
            DBSubnetGroupName="two",
            DBSubnetGroupDescription="d",
            SubnetIds=[*net.subnets, "subnet-1"],
        )
    third = net.subnet("10.0.7.0/24", "us-east-1c")
    rds.modify_db_subnet_group(
        DBSubnetGroupName="private", SubnetIds=[*net.subnets, third]
    )
    (shown,) = rds.describe_db_subnet_groups(DBSubnetGroupName="private")[
        "DBSubnetGroups"
    ]
    assert len(shown["Subnets"]) == 3
    arn = shown["DBSubnetGroupArn"]
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "x", "Value": "y"}])
    rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["Stack"])
    assert rds.list_tags_for_resource(ResourceName=arn)["TagList"] == [
        {"Key": "x", "Value": "y"}
    ]
    rds.delete_db_subnet_group(DBSubnetGroupName="private")
    with refused("DBSubnetGroupNotFoundFault"):
        rds.describe_db_subnet_groups(DBSubnetGroupName="private")
    with refused("DBSubnetGroupNotFoundFault"):
        rds.list_tags_for_resource(ResourceName=arn)


def test_zones_in_use_stay_covered(rds, net, group, ready):
    third = net.subnet("10.0.7.0/24", "us-east-1c")
    with refused("SubnetAlreadyInUse"):
        rds.modify_db_subnet_group(
            DBSubnetGroupName=group, SubnetIds=[net.subnets[0], third]
        )
    with refused("InvalidDBSubnetGroupStateFault"):
        rds.delete_db_subnet_group(DBSubnetGroupName=group)


def test_parameter_groups(rds, parameters):
    with refused("DBParameterGroupAlreadyExists"):
        rds.create_db_parameter_group(
            DBParameterGroupName="PARAMS",
            DBParameterGroupFamily="postgres16",
            Description="d",
        )
    with refused("InvalidParameterValue", "family"):
        rds.create_db_parameter_group(
            DBParameterGroupName="x",
            DBParameterGroupFamily="postgres9",
            Description="d",
        )
    with refused("DBParameterGroupNotFound"):
        rds.describe_db_parameter_groups(DBParameterGroupName="nobody")
    rds.delete_db_parameter_group(DBParameterGroupName="params")
    with refused("DBParameterGroupNotFound"):
        rds.delete_db_parameter_group(DBParameterGroupName="params")


def test_parameters(rds, parameters):
    def change(name, value, method="immediate"):
        rds.modify_db_parameter_group(
            DBParameterGroupName=parameters,
            Parameters=[
                {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
            ],
        )

    def user():
        found = rds.describe_db_parameters(
            DBParameterGroupName=parameters, Source="user"
        )["Parameters"]
        return {each["ParameterName"]: each["ParameterValue"] for each in found}

    assert user() == {}
    change("log_connections", "on")
    with refused("InvalidParameterCombination", "static parameter"):
        change("max_connections", "200")
    change("max_connections", "200", "pending-reboot")
    change("log_statement", "none")  # the default already
    assert user() == {"log_connections": "1", "max_connections": "200"}
    with refused("InvalidParameterValue", "Could not find parameter"):
        change("nonsense", "1")
    with refused("InvalidParameterValue", "allowed values"):
        change("log_connections", "maybe")
    with refused("InvalidParameterValue", "20"):
        rds.modify_db_parameter_group(
            DBParameterGroupName=parameters,
            Parameters=[
                {
                    "ParameterName": "work_mem",
                    "ParameterValue": "1",
                    "ApplyMethod": "immediate",
                }
            ]
            * 21,
        )
    pages = list(
        rds.get_paginator("describe_db_parameters").paginate(
            DBParameterGroupName=parameters, PaginationConfig={"PageSize": 20}
        )
    )
    assert len(pages) > 2
    rds.reset_db_parameter_group(
        DBParameterGroupName=parameters, ResetAllParameters=True
    )
    assert user() == {}


def test_parameter_groups_in_use(rds, parameters, ready, look, clock, change):
    with refused("InvalidDBParameterGroupState"):
        rds.delete_db_parameter_group(DBParameterGroupName=parameters)
    rds.modify_db_parameter_group(
        DBParameterGroupName=parameters,
        Parameters=[
            {
                "ParameterName": "max_connections",
                "ParameterValue": "300",
                "ApplyMethod": "pending-reboot",
            }
        ],
    )

    def status():
        return look()["DBParameterGroups"][0]["ParameterApplyStatus"]

    assert status() == "pending-reboot"
    rds.reboot_db_instance(DBInstanceIdentifier="main")
    assert look()["DBInstanceStatus"] == "rebooting"
    clock.advance(70)
    assert (look()["DBInstanceStatus"], status()) == ("available", "in-sync")


def test_tags_on_instances(rds, ready, look):
    arn = look()["DBInstanceArn"]
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "x", "Value": "y"}])
    assert {"Key": "x", "Value": "y"} in look()["TagList"]
    with refused("DBInstanceNotFound"):
        rds.list_tags_for_resource(ResourceName=arn + "x")


def test_instances_by_resource_id(rds, ready, look):
    wanted = look()["DbiResourceId"]
    (found,) = rds.describe_db_instances(
        Filters=[{"Name": "dbi-resource-id", "Values": [wanted]}]
    )["DBInstances"]
    assert found["DBInstanceIdentifier"] == "main"


def test_instant_world(emulator, aws, rds, ec2):
    net = Network(ec2)
    rds.create_db_subnet_group(
        DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=net.subnets
    )
    rds.create_db_instance(
        DBInstanceIdentifier="main",
        Engine="postgres",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        MasterUsername="ppm",
        MasterUserPassword="longenough",
        DBSubnetGroupName="g",
    )
    (shown,) = rds.describe_db_instances()["DBInstances"]
    assert shown["DBInstanceStatus"] == "available"
    rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    assert rds.describe_db_instances()["DBInstances"] == []
    rds.delete_db_subnet_group(DBSubnetGroupName="g")


def test_maintenance_awaits_an_instance(world, rds, make, look, clock):
    make()
    clock.advance(1000)
    shown = look()
    assert shown["CertificateDetails"]["CAIdentifier"] == "rds-ca-rsa2048-g1"
    arn = shown["DBInstanceArn"]

    def awaits(**which):
        found = rds.describe_pending_maintenance_actions(**which)
        return found["PendingMaintenanceActions"]

    assert awaits() == [] == awaits(ResourceIdentifier=arn)
    order = {"kind": "db_instance", "id": "main", "action": "maintenance", "days": 10}
    mutate.perform(world, order)
    print(world.book("rds_maintenance"), arn, awaits())
    (found,) = awaits(ResourceIdentifier=arn)
    (action,) = found["PendingMaintenanceActionDetails"]
    assert found["ResourceIdentifier"] == arn and action["Action"] == "system-update"
    assert action["ForcedApplyDate"] > shown["InstanceCreateTime"]
    with refused("ResourceNotFoundFault"):
        awaits(ResourceIdentifier=arn + "x")


# ---- restored, and what RDS does not keep


def test_an_instance_is_restored_under_a_name_that_is_free(
    rds, make, ready, look, clock, change, group
):
    change(NewDBInstanceIdentifier="old", ApplyImmediately=True)
    clock.advance(1000)
    rds.create_db_snapshot(
        DBInstanceIdentifier="old",
        DBSnapshotIdentifier="taken",
        Tags=[{"Key": "Stack", "Value": "one"}],
    )
    again = {"DBSnapshotIdentifier": "taken", "DBSubnetGroupName": group}
    with refused("InvalidDBSnapshotState"):
        rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="main", **again)
    clock.advance(1000)
    with refused("DBInstanceAlreadyExists"):
        rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="old", **again)
    with refused("DBSnapshotNotFound"):
        rds.restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier="main", DBSnapshotIdentifier="nobody"
        )
    made = rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="main", **again
    )["DBInstance"]
    assert made["DBInstanceStatus"] == "creating" and "Endpoint" not in made
    clock.advance(1000)
    old, new = look("old"), look("main")
    assert new["DBInstanceStatus"] == "available"
    assert new["DbiResourceId"] != old["DbiResourceId"]
    for same in ("AllocatedStorage", "EngineVersion", "KmsKeyId", "MasterUsername"):
        assert new[same] == old[same], same
    assert new["TagList"] == [{"Key": "Stack", "Value": "one"}]
    assert (new["MultiAZ"], new["DeletionProtection"]) == (False, False)
    group_name = new["DBParameterGroups"][0]["DBParameterGroupName"]
    assert group_name == "default.postgres16"
    rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="third", **again, Tags=[{"Key": "x", "Value": "y"}]
    )
    assert look("third")["TagList"] == [{"Key": "x", "Value": "y"}]


def test_a_standby_that_rds_does_not_keep(world, make, look, clock, change):
    def keeps(value):
        order = {"kind": "db_instance", "id": "main", "action": "no_standby"}
        mutate.perform(world, {**order, "value": not value})

    keeps(False)
    make()
    clock.advance(2000)
    assert look()["DBInstanceStatus"] == "available" and not look()["MultiAZ"]
    change(MultiAZ=True, ApplyImmediately=True)
    assert look()["PendingModifiedValues"] == {"MultiAZ": True}
    clock.advance(2000)
    shown = look()
    assert (shown["MultiAZ"], shown["PendingModifiedValues"]) == (False, {})
    assert "SecondaryAvailabilityZone" not in shown
    keeps(True)
    change(MultiAZ=True, ApplyImmediately=True)
    clock.advance(2000)
    assert look()["MultiAZ"] and look()["SecondaryAvailabilityZone"]


def test_who_connects_with_which_password(world, make, look, clock, change):
    make(ManageMasterUserPassword=None, MasterUserPassword="longenough")
    clock.advance(2000)
    assert look()["DBInstanceStatus"] == "available"

    def takes(password):
        order = {"kind": "db_instance", "id": "main", "action": "login"}
        return mutate.perform(world, {**order, "value": password})["taken"]

    assert takes("longenough") and not takes("another1")
    order = {"kind": "db_instance", "id": "main", "action": "status"}
    for status in ("backing-up", "modifying", "configuring-enhanced-monitoring"):
        mutate.perform(world, {**order, "value": status})
        with refused("InvalidDBInstanceState", "not in available state"):
            change(MasterUserPassword="another1", ApplyImmediately=True)
    mutate.perform(world, {**order, "value": "storage-optimization"})
    change(MasterUserPassword="another1", ApplyImmediately=True)
    assert takes("another1") and not takes("longenough")


def test_a_change_that_ends_well_and_changes_nothing(world, ready, look, clock, change):
    world.settings.extra["idle_changes"] = True
    change(DBInstanceClass="db.t3.large", MultiAZ=False, ApplyImmediately=True)
    clock.advance(2000)
    shown = look()
    assert (shown["DBInstanceStatus"], shown["PendingModifiedValues"]) == ("available", {})
    assert (shown["DBInstanceClass"], shown["MultiAZ"]) == ("db.t3.xlarge", True)


def test_roles_by_feature(rds, ready, look):
    name = ready["DBInstanceIdentifier"]
    one, two = (f"arn:aws:iam::123456789012:role/{each}" for each in ("one", "two"))
    at = {"DBInstanceIdentifier": name}
    with refused("InvalidParameterValue", "isn't supported"):
        rds.add_role_to_db_instance(**at, RoleArn=one, FeatureName="S3_INTEGRATION")
    rds.add_role_to_db_instance(**at, RoleArn=one, FeatureName="s3Export")
    for arn, feature in ((one, "s3Import"), (two, "s3Export")):
        with refused("DBInstanceRoleAlreadyExists"):
            rds.add_role_to_db_instance(**at, RoleArn=arn, FeatureName=feature)
    (shown,) = look(name)["AssociatedRoles"]
    assert shown == {"RoleArn": one, "FeatureName": "s3Export", "Status": "ACTIVE"}
    with refused("DBInstanceRoleNotFound"):
        rds.remove_role_from_db_instance(**at, RoleArn=two, FeatureName="s3Export")
    rds.remove_role_from_db_instance(**at, RoleArn=one, FeatureName="s3Export")
    assert look(name)["AssociatedRoles"] == []
