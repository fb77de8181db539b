"""How long things take, in AWS seconds, each with the observation behind it.

The clock of :mod:`strict.clock` scales all of them together.  A duration of
something a client waits for lies within the range seen in the field; a
visibility window is short, because it is there to show that a client copes.
"""

from __future__ import annotations

HOUR = 3600.0

# Visibility of new objects (field: seconds, worst case minutes).
EC2_VISIBLE = 2.0
IAM_VISIBLE = 2.0
KMS_VISIBLE = 2.0
ELB_VISIBLE = 2.0
S3_VISIBLE = 1.0

# VPC family.
NAT_CREATE = 110.0  # pending for 1.5 to 2.5 minutes
NAT_FAIL = 20.0  # until a NAT gateway that cannot work says so
NAT_DELETE = 75.0  # deleting for 1 to 2 minutes
NAT_LISTED = HOUR  # deleted and failed ones stay listed about an hour
ADDRESS_HELD = 15.0  # an address stays refused after its NAT gateway is gone
ENDPOINT_CREATE = 10.0  # pending for seconds
ENDPOINT_DELETE = 10.0  # deleting for seconds
INTERFACE_ENDPOINT_CREATE = 90.0  # until the interfaces answer
INTERFACE_ENDPOINT_DELETE = 60.0  # until the interfaces are gone

# Load balancers.
BALANCER_CREATE = 130.0  # provisioning for 1.5 to 3 minutes
BALANCER_UPDATE = 30.0  # provisioning again after a change of subnets
BALANCER_INTERFACES = 90.0  # interfaces outlive it by 1 to 5 minutes
TARGET_GROUP_HELD = 5.0  # "in use" for seconds after the listener is gone
TARGET_INITIAL = 15.0  # a new target is "initial" until its first checks

# RDS.
DB_CREATE = 400.0  # single zone: creating
DB_CREATE_MULTI_AZ = 600.0  # two zones: creating
DB_CREATE_PAUSE = 8.0  # two zones: "available" for a moment after creating
DB_CREATE_MODIFYING = 60.0  # two zones: modifying, after creating
DB_BACKUP = 60.0  # single zone: backing-up, after creating
DB_BACKUP_MULTI_AZ = 120.0  # two zones: backing-up, after modifying
DB_MODIFY_LAG = 5.0  # still "available" before a modification shows
DB_MODIFY_CLASS = 500.0  # 8 to 15 minutes
DB_MODIFY_MULTI_AZ = 400.0
DB_MODIFY_STORAGE = 60.0  # modifying, then optimising
DB_OPTIMISE_STORAGE = 600.0
DB_MODIFY_ENGINE = 500.0
DB_MODIFY_OTHER = 30.0
DB_STORAGE_LOCK = 6 * HOUR  # no second storage change before
DB_DELETE = 240.0  # 4 to 10 minutes
DB_FINAL_SNAPSHOT = 120.0  # what a final snapshot adds to it
DB_REBOOT = 60.0
DB_INTERFACES = 60.0  # interfaces outlive the instance
DB_GROUP_HELD = 60.0  # a parameter group stays "in use" after the instance
DB_SNAPSHOT = 120.0
DB_SECRET = 60.0  # the managed secret may lag behind "available"

# S3.
BUCKET_NAME_HELD = 10.0  # OperationAborted after a deletion

# EKS.
CLUSTER_CREATE = 520.0  # 8 to 12 minutes
CLUSTER_UPDATE = 180.0  # configuration: 2 to 10 minutes
IDENTITY_PROVIDER = 600.0  # an issuer of other people: several minutes
CLUSTER_VERSION = 600.0  # 8 to 25 minutes per minor version
CLUSTER_DELETE = 300.0  # 2 to 10 minutes
CLUSTER_INTERFACES = 45.0  # interfaces and security group outlive the cluster
CLUSTER_NAME_HELD = 20.0  # "already exists" after the first NotFound
CLUSTER_SETTLING = 5.0  # add-ons are refused right after ACTIVE
CLUSTER_ROLE = 10.0  # until EKS can see and assume a new role
NODEGROUP_CREATE = 150.0  # 2 to 4 minutes
NODEGROUP_FAIL = 1200.0  # nodes that cannot join: 15 to 25 minutes
NODEGROUP_CHECK = 15.0  # how often waiting nodes try again
NODEGROUP_UPDATE = 60.0
NODEGROUP_VERSION = 900.0  # 15 to 30 minutes
NODEGROUP_DELETE = 240.0  # 3 to 10 minutes
ADDON_CREATE = 30.0
ADDON_UPDATE = 30.0
ADDON_DELETE = 20.0

# Auto Scaling.
TARGET_REGISTER = 20.0  # an attached target group goes from Adding to Added
