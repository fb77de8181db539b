//! Values that are wrong by AWS's rules, or together.

use super::{check, check_all};
use crate::stack::tests::HEAD;

#[test]
#[rustfmt::skip]
fn names_and_places() {
    check("stack: package-manager-production\nregion: us-east-1a\n",
            &[
            (1, 8, "stack", "limit of 32 for load balancers", "shorten it to 20 characters; try package-manager-prod"),
            (2, 9, "region", "availability zone", "write us-east-1"),
        ],
    );
    check(
        "stack: Ppm_Prod\nregion: eu\n",
        &[
            (1, 8, "stack", "lowercase letter", "try ppm-prod"),
            (2, 9, "region", "not an AWS region", "us-east-1"),
        ],
    );
    check_all(&[
        ("kubernetes: {version: '1.99'}\ndatabase: {engine_version: '42'}\n",
            &[
                (3, 23, "kubernetes.version", "there is no Kubernetes 1.99: the newest that is known here is 1.36", "\"1.35\", \"1.36\""),
                (4, 28, "database.engine_version", "there is no PostgreSQL 42: the newest that is known here is 18", "\"17\", \"18\""),
            ]),
        ("database: {engine_version: '9.6'}\n",
            &[(3, 28, "database.engine_version", "RDS does not run PostgreSQL 9.6 any more: 11 is the oldest", "\"17\"")]),
        ("database: {engine_version: '10'}\n",
            &[(3, 28, "database.engine_version", "RDS does not run PostgreSQL 10 any more", "\"17\"")]),
        ("account: \"1234\"\n",
            &[(3, 10, "account", "12 digits", "in quotes")]),
        ("storage: {bucket: My.Bucket}\n",
            &[(3, 19, "storage.bucket", "TLS", "ppm-prod-packages")]),
        ("load_balancer: {domain: \"https://packages.example.com/\"}\n",
            &[(3, 25, "load_balancer.domain", "with a scheme", "host name alone: packages.example.com")]),
        ("package_manager: {namespace: kube-system, release: PPM, chart_version: 0.5.42}\n",
            &[
                (3, 30, "package_manager.namespace", "`kube-`", "write ppm"),
                (3, 52, "package_manager.release", "not the name of a Helm release", "like ppm"),
                (3, 72, "package_manager.chart_version", "from 0.5.43", "\"0.20.4\""),
            ]),
        ("package_manager: {namespace: \"1e3\", release: \"on\", license: {secret: \"123\"}}\n",
            &[
                (3, 30, "package_manager.namespace", "`1e3` cannot be the name of a namespace: the chart prints it without quotes, and Helm reads the number 1000", "ppm-1e3"),
                (3, 46, "package_manager.release", "reads the boolean true", "ppm-on"),
                (3, 70, "package_manager.license.secret", "reads the number 123", "ppm-123"),
            ]),
        ("package_manager: {namespace: \"0x1f\", release: null-1, license: {secret: '1.50'}}\n",
            &[
                (3, 30, "package_manager.namespace", "reads the number 31", "ppm-0x1f"),
                (3, 73, "package_manager.license.secret", "reads the number 1.5", "ppm-1.50"),
            ]),
        ("database: {instance_class: t3.xlarge}\n",
            &[(3, 28, "database.instance_class", "`db.`", "write db.t3.xlarge")]),
        ("kubernetes: {version: v1.34, nodes: {instance_type: c6a}}\n",
            &[
                (3, 23, "kubernetes.version", "1.NN", "write \"1.34\""),
                (3, 53, "kubernetes.nodes.instance_type", "a family, a dot and a size", "c6a.4xlarge"),
            ]),
    ]);
}

#[test]
#[rustfmt::skip]
fn regions_and_what_is_not_of_their_partition() {
    check("stack: ppm\nregion: us-esat-1\n", &[(2, 9, "region", "there is no region us-esat-1", "did you mean us-east-1?")]);
    check("stack: ppm\nregion: us-iso-east-1\n", &[(2, 9, "region", "apart from the internet", "us-gov-west-1")]);
    let china = "stack: ppm\nregion: cn-north-1\n";
    let admins = "kubernetes: {admins: ['arn:aws-cn:iam::111122223333:role/a', 'arn:aws:iam::111122223333:role/b']}\n";
    check(&format!("{china}{admins}"),
        &[(3, 62, "kubernetes.admins", "in the partition aws, and cn-north-1 in aws-cn", "arn:aws-cn:iam::111122223333:role/b")]);
    check(&format!("{china}storage: {{kms: 'arn:aws:kms:cn-north-1:111122223333:key/1'}}\n"),
        &[(3, 16, "storage.kms", "in the partition aws, and cn-north-1 in aws-cn", "arn:aws-cn:kms")]);
    check(&format!("{china}state: s3://bkt\ndrift: {{job: kubernetes, state_key: 'arn:aws:kms:cn-north-1:111122223333:key/1'}}\n"),
        &[(4, 37, "drift.state_key", "in the partition aws, and cn-north-1 in aws-cn", "arn:aws-cn:kms")]);
    let image = "package_manager: {image: {tag: '1', repository: 111122223333.dkr.ecr.cn-north-1.amazonaws.com/ppm}}\n";
    check(&format!("{china}{image}"),
        &[(3, 49, "package_manager.image.repository", "the registry of cn-north-1 ends in amazonaws.com.cn", "write 111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/ppm")]);
}

#[test]
#[rustfmt::skip]
fn networks_that_cannot_be() {
    check_all(&[
        ("network: {cidr: 10.0.3.7/16}\n",
            &[(3, 17, "network.cidr", "has host bits set: the network of 16 bits is 10.0.0.0/16", "write 10.0.0.0/16")]),
        ("network: {connectivity: air_gapped, nat: single}\nload_balancer: {scheme: internet_facing}\n",
            &[
                (3, 25, "network.connectivity", "the image of Package Manager cannot be pulled", "a registry inside"),
                (3, 42, "network.nat", "no NAT gateways", "set network.connectivity to internet"),
                (4, 25, "load_balancer.scheme", "no internet gateway", "the load balancer is internal then"),
            ]),
        ("network: {cidr: 10.0.0.0}\n",
            &[(3, 17, "network.cidr", "is an address", "prefix length")]),
        ("network: {cidr: 10.0.0.0/24}\n",
            &[(3, 17, "network.cidr", "too small", "write 10.0.0.0/20")]),
        ("network: {cidr: 10.0.0.0/8}\n",
            &[(3, 17, "network.cidr", "larger than a VPC can be", "write 10.0.0.0/16")]),
        ("network: {cidr: 8.8.0.0/16}\n",
            &[(3, 17, "network.cidr", "not in a private range", "10.0.0.0/8")]),
        ("network: {cidr: 172.17.0.0/20}\n",
            &[(3, 17, "network.cidr", "container runtimes", "another range")]),
        ("kubernetes: {service_cidr: 10.0.128.0/20}\n",
            &[(3, 28, "kubernetes.service_cidr", "overlap", "set kubernetes.service_cidr to 172.20.0.0/16")]),
        ("network: {cidr: 172.20.0.0/18}\n",
            &[(3, 17, "network.cidr", "services (172.20.0.0/16) and network (172.20.0.0/18) overlap", "10.100.0.0/16")]),
        ("kubernetes: {service_cidr: 172.16.0.0/28}\n",
            &[(3, 28, "kubernetes.service_cidr", "/12 to /24", "172.20.0.0/16")]),
        ("kubernetes: {service_cidr: 100.64.0.0/16}\n",
            &[(3, 28, "kubernetes.service_cidr", "not in a private range", "172.16.0.0/12")]),
        ("kubernetes: {public_cidrs: [203.0.113.0/24, 10.0.0.0/8]}\n",
            &[(3, 45, "kubernetes.public_cidrs", "10.0.0.0/8 is a private range", "public ranges")]),
    ]);
}

#[test]
#[rustfmt::skip]
fn existing_networks_that_cannot_be() {
    check_all(&[
        ("network:\n  zones: 3\n  existing:\n    vpc: vpc-0a1b2c3d\n    private_subnets: [subnet-00000001]\n",
            &[
                (4, 10, "network.zones", "an existing network (line 5)", "delete this key"),
                (5, 3, "network.existing.public_subnets", "internet_facing and has no public subnets", "scheme to internal"),
                (7, 5, "network.existing.private_subnets", "the list has 1, and at least 2", "add to it"),
            ]),
        ("network:\n  existing:\n    private_subnets: [subnet-00000001, subnet-00000002]\n    public_subnets: [subnet-00000002, subnet-3]\n",
            &[
                (4, 3, "network.existing.vpc", "`vpc` is missing", "vpc: vpc-0a1b2c3d4e5f67890"),
                (6, 39, "network.existing.public_subnets[1]", "not the id of a subnet", "as EC2 shows it"),
            ]),
        ("network:\n  existing:\n    vpc: vpc-0a1b2c3d\n    private_subnets: [subnet-00000001, subnet-00000002]\n    public_subnets: [subnet-00000002, subnet-00000003]\n",
            &[(7, 22, "network.existing.public_subnets", "among the private subnets too", "route table")]),
    ]);
}

#[test]
#[rustfmt::skip]
fn things_that_do_not_fit_together() {
    check_all(&[
        ("load_balancer:\n  certificate: arn:aws:acm:eu-west-1:111122223333:certificate/a\n",
            &[(4, 16, "load_balancer.certificate", "in eu-west-1, and the stack in us-east-1", "use one in us-east-1")]),
        ("load_balancer:\n  certificate: arn:aws:iam::111122223333:server-certificate/a\n",
            &[(4, 16, "load_balancer.certificate", "not a certificate of ACM", "arn:aws:acm")]),
        ("load_balancer: {certificate: my-certificate}\n",
            &[(3, 30, "load_balancer.certificate", "not an ARN", "arn:aws:SERVICE")]),
        ("account: '999999999999'\nload_balancer:\n  certificate: arn:aws:acm:us-east-1:111122223333:certificate/a\n",
            &[(5, 16, "load_balancer.certificate", "of account 111122223333", "in account 999999999999")]),
        ("storage: {kms: 'arn:aws:kms:us-east-1:111122223333:alias/a'}\n",
            &[(3, 16, "storage.kms", "this is an alias", "the key itself")]),
        ("storage: {kms: 'arn:aws:kms:us-west-2:111122223333:key/a'}\n",
            &[(3, 16, "storage.kms", "the key is in us-west-2", "use one in us-east-1")]),
        ("state: s3://bkt\ndrift: {job: kubernetes, state_key: 'arn:aws:kms:us-east-1:111122223333:alias/a'}\n",
            &[(4, 37, "drift.state_key", "a policy that names an alias allows nothing", "the key itself")]),
        ("state: s3://bkt\ndrift: {job: kubernetes, state_key: 'arn:aws:kms:us-west-2:111122223333:key/a'}\n",
            &[(4, 37, "drift.state_key", "in us-west-2, and the stack in us-east-1: a bucket is", "use one in us-east-1")]),
        ("storage: {kms: 'arn:aws:s3:::a'}\n",
            &[(3, 16, "storage.kms", "not a KMS key", "arn:aws:kms")]),
        ("kubernetes:\n  admins: ['arn:aws:sts::111122223333:assumed-role/Admins/ada', 'arn:aws:iam::111122223333:root']\n",
            &[
                (4, 12, "kubernetes.admins", "neither an IAM role nor a user", "write arn:aws:iam::111122223333:role/Admins"),
                (4, 65, "kubernetes.admins", "neither an IAM role nor a user", "role/platform-admins"),
            ]),
        ("kubernetes: {nodes: {count: 4, max: 2}}\n",
            &[(3, 37, "kubernetes.nodes.max", "less than the 4", "write 4 or more")]),
        ("package_manager: {replicas: 6}\n",
            &[(3, 29, "package_manager.replicas", "6 replicas cannot each have a node of their own on 3", "kubernetes.nodes.count to 6 or more, or package_manager.replicas to 3")]),
        ("kubernetes: {nodes: {count: 1}}\n",
            &[(3, 29, "kubernetes.nodes.count", "3 replicas cannot each have a node of their own on 1", "to 3 or more")]),
        ("package_manager: {database_connections: 60}\ndatabase: {instance_class: db.t3.small}\n",
            &[(3, 41, "package_manager.database_connections", "want 240, and db.t3.small has room for about 173", "to 43 or less")]),
        ("load_balancer: {targets: target_group_binding, node_port: 30000}\n",
            &[(3, 59, "load_balancer.node_port", "no node port is opened", "delete this key")]),
        ("kubernetes: {version: '1.25'}\n",
            &[(3, 23, "kubernetes.version", "1.27 is the least", "1.35")]),
    ]);
}

#[test]
#[rustfmt::skip]
fn tags_that_cannot_be() {
    check_all(&[
        ("tags:\n  aws:owner: me\n  PPM-Infra:stack: x\n  kubernetes.io/cluster/a: owned\n  name: x\n",
            &[
                (4, 3, "tags.aws:owner", "`aws:`: AWS reserves it", "another key"),
                (5, 3, "tags.PPM-Infra:stack", "`ppm-infra:`", "another key"),
                (6, 3, "tags.kubernetes.io/cluster/a", "Kubernetes sets it", "another key"),
                (7, 3, "tags.name", "`Name` is set by this program", "application"),
            ]),
        ("tags:\n  team: a\n  Team: b\n  cost: 12\n  sum: a+b&c\n  none:\n  \"\": x\n",
            &[
                (5, 3, "tags.Team", "one key to IAM", "keep one"),
                (6, 9, "tags.cost", "the number 12", "put it in quotes: \"12\""),
                (7, 8, "tags.sum", "`&` may not stand", "letters, digits"),
                (8, 3, "tags.none", "found nothing", "\"\""),
                (9, 3, "tags.", "key is empty", "team"),
            ]),
    ]);
    let many = (0..41).map(|n| format!("  t{n}: x")).collect::<Vec<_>>().join("
");
    check(
        &format!("{HEAD}tags:\n{many}"),
        &[(44, 3, "tags", "there are 41 tags, and at most 40", "remove")],
    );
    let long = "k".repeat(129);
    check(
        &format!("{HEAD}tags:\n  {long}: x\n"),
        &[(4, 3, &format!("tags.{long}"), "at most 128", "shorten")],
    );
}

#[test]
#[rustfmt::skip]
fn a_state_in_the_bucket_of_the_stack() {
    check_all(&[
        ("state: s3://packages/ppm\nstorage: {bucket: packages}\n",
            &[(3, 8, "state", "packages is the stack's own bucket", "another bucket")]),
        ("state: s3://ppm-prod-111122223333\n",
            &[(3, 8, "state", "ppm-prod-111122223333 is the stack's own bucket", "another bucket")]),
        ("state: s3://ppm-prod-1111\nstorage: {bucket: x}\n",
            &[(4, 19, "storage.bucket", "", "")]),
    ]);
}

#[test]
#[rustfmt::skip]
fn a_job_that_cannot_be() {
    check_all(&[
        ("drift: {job: kubernetes}\n",
            &[(3, 14, "drift.job", "the state is in a folder, where it cannot read it", "add `state: s3://acme-ppm-state/ppm`, with a bucket of yours")]),
        // What is wrong with the state is said by itself.
        ("state: bucket\ndrift: {job: kubernetes}\n",
            &[(3, 8, "state", "s3://", "")]),
        ("state: s3://bkt\ndrift: {job: github}\n",
            &[(4, 14, "drift.job", "`github` (a workflow, with a role that the command drift schedule says how to make) is not supported", "write kubernetes")]),
        ("state: s3://bkt\ndrift: {job: lambda}\n",
            &[(4, 14, "drift.job", "`lambda` is not one of kubernetes", "write one of kubernetes")]),
        ("state: s3://bkt\ndrift: {job: kubernets}\n",
            &[(4, 14, "drift.job", "not one of kubernetes", "did you mean `kubernetes`?")]),
        ("state: s3://bkt\ndrift: {state_key: \"arn:aws:kms:us-east-1:111122223333:key/22222222-3333-4444-5555-666666666666\"}\n",
            &[(4, 20, "drift.state_key", "there is no role that could use it", "add `job: kubernetes`")]),
        ("drift:\n  put_right:\n",
            &[(4, 3, "drift.put_right", "nothing is written below", "its keys (changes, severities, window, at_most, cool_down_hours), or delete the line")]),
        ("drift: {put_right: {window: \"2:00-5:00\", at_most: 0, severities: [], changes: [replaced]}}\n",
            &[(3, 29, "drift.put_right.window", "is no part of a day", "such as 02:00-05:00"),
              (3, 51, "drift.put_right.at_most", "0", "1"),
              (3, 54, "drift.put_right.severities", "the list has 0", "the default is [low, medium]"),
              (3, 80, "drift.put_right.changes[0]", "`replaced` is not one of changed, missing", "")]),
    ]);
}
