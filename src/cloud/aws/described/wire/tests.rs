//! Answers as AWS's documentation shows them, one of each protocol and what is special in it.

use serde_json::json;

use super::*;

fn read(call: &str, body: &str) -> Value {
    with(call, &[], 200, body).unwrap()
}

fn with(call: &str, headers: &[(&str, &str)], status: u16, body: &str) -> Result<Value, CloudError> {
    let (service, operation) = call.split_once(':').unwrap();
    let header = |name: &str| headers.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
    WireNames::of_aws().read(service, operation, &RawAnswer { status, header: &header, body: body.as_bytes() })
}

#[test]
fn lists_of_ec2_are_items_under_names_with_small_letters() {
    let body = r#"<?xml version="1.0" encoding="UTF-8"?>
        <DescribeNetworkAclsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
          <requestId>59dbff89</requestId>
          <networkAclSet>
            <item>
              <networkAclId>acl-1</networkAclId><default>true</default>
              <entrySet>
                <item><cidrBlock>0.0.0.0/0</cidrBlock><portRange><from>22</from><to>22</to></portRange></item>
                <item><ruleAction>deny</ruleAction></item>
              </entrySet>
              <associationSet/>
              <tagSet><item><key>a</key><value></value></item></tagSet>
              <newerThanTheModel><item>1</item></newerThanTheModel>
            </item>
          </networkAclSet>
        </DescribeNetworkAclsResponse>"#;
    assert_eq!(
        read("ec2:DescribeNetworkAcls", body),
        json!({"NetworkAcls": [{
            "NetworkAclId": "acl-1",
            "IsDefault": "true",
            "Entries": [{"CidrBlock": "0.0.0.0/0", "PortRange": {"From": "22", "To": "22"}}, {"RuleAction": "deny"}],
            "Associations": [],
            "Tags": [{"Key": "a", "Value": ""}],
        }]})
    );
    let body = "<R><vpcId>vpc-1</vpcId><enableDnsSupport><value>true</value></enableDnsSupport></R>";
    assert_eq!(
        read("ec2:DescribeVpcAttribute", body),
        json!({"VpcId": "vpc-1", "EnableDnsSupport": {"Value": "true"}})
    );
}

#[test]
fn results_of_the_query_protocol_are_unwrapped_and_its_policies_decoded() {
    let body = "<GetRoleResponse><GetRoleResult><Role><RoleName>r</RoleName>\
                <AssumeRolePolicyDocument>%7B%22a%22%3A%22b+c%22%7D</AssumeRolePolicyDocument>\
                <Tags><member><Key>k</Key><Value>v</Value></member></Tags><RoleLastUsed/></Role></GetRoleResult>\
                <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetRoleResponse>";
    assert_eq!(
        read("iam:GetRole", body),
        json!({"Role": {
            "RoleName": "r",
            "AssumeRolePolicyDocument": "{\"a\":\"b+c\"}",
            "Tags": [{"Key": "k", "Value": "v"}],
            "RoleLastUsed": {},
        }})
    );
    let body = "<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames><member>a</member><member>b</member>\
                </PolicyNames><IsTruncated>false</IsTruncated></ListRolePoliciesResult></ListRolePoliciesResponse>";
    assert_eq!(read("iam:ListRolePolicies", body), json!({"PolicyNames": ["a", "b"], "IsTruncated": "false"}));
    let body = "<R><DescribeRulesResult><Rules><member><Actions><member><Type>authenticate-oidc</Type>\
                <AuthenticateOidcConfig><AuthenticationRequestExtraParams><entry><key>p</key><value>q</value></entry>\
                </AuthenticationRequestExtraParams></AuthenticateOidcConfig></member></Actions></member></Rules>\
                </DescribeRulesResult></R>";
    assert_eq!(
        read("elasticloadbalancing:DescribeRules", body),
        json!({"Rules": [{"Actions": [{
            "Type": "authenticate-oidc",
            "AuthenticateOidcConfig": {"AuthenticationRequestExtraParams": {"p": "q"}},
        }]}]})
    );
}

#[test]
fn lists_of_rds_have_elements_of_their_own_names() {
    let body = "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
                <DBInstanceIdentifier>d</DBInstanceIdentifier><MultiAZ>true</MultiAZ>\
                <VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId>\
                </VpcSecurityGroupMembership></VpcSecurityGroups>\
                <DBSubnetGroup><Subnets><Subnet><SubnetIdentifier>subnet-1</SubnetIdentifier></Subnet></Subnets>\
                </DBSubnetGroup><TagList><Tag><Key>k</Key><Value>v</Value></Tag></TagList>\
                </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>";
    assert_eq!(
        read("rds:DescribeDBInstances", body),
        json!({"DBInstances": [{
            "DBInstanceIdentifier": "d",
            "MultiAZ": "true",
            "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
            "DBSubnetGroup": {"Subnets": [{"SubnetIdentifier": "subnet-1"}]},
            "TagList": [{"Key": "k", "Value": "v"}],
        }]})
    );
}

#[test]
fn answers_of_s3_have_flat_lists_headers_and_a_body_that_is_one_member() {
    let body = "<LifecycleConfiguration><Rule><ID>a</ID><Filter><And><Tag><Key>k</Key></Tag><Tag><Key>l</Key></Tag></And>\
                </Filter></Rule><Rule><ID>b</ID></Rule></LifecycleConfiguration>";
    let headers = [("x-amz-transition-default-minimum-object-size", "varies_by_storage_class")];
    assert_eq!(
        with("s3:GetBucketLifecycleConfiguration", &headers, 200, body).unwrap(),
        json!({
            "Rules": [{"ID": "a", "Filter": {"And": {"Tags": [{"Key": "k"}, {"Key": "l"}]}}}, {"ID": "b"}],
            "TransitionDefaultMinimumObjectSize": "varies_by_storage_class",
        })
    );
    assert_eq!(read("s3:GetBucketPolicy", "{\"Version\":\"1\"}"), json!({"Policy": "{\"Version\":\"1\"}"}));
    let body =
        "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Disabled</MfaDelete></VersioningConfiguration>";
    assert_eq!(read("s3:GetBucketVersioning", body), json!({"Status": "Enabled", "MFADelete": "Disabled"}));
    let body =
        "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>";
    assert_eq!(
        read("s3:GetPublicAccessBlock", body),
        json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": "true"}})
    );
    let body = "<NotificationConfiguration><EventBridgeConfiguration/><CloudFunctionConfiguration><CloudFunction>f\
                </CloudFunction><Event>x</Event><Event>y</Event></CloudFunctionConfiguration></NotificationConfiguration>";
    assert_eq!(
        read("s3:GetBucketNotificationConfiguration", body),
        json!({
            "EventBridgeConfiguration": {},
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": "f", "Events": ["x", "y"]}],
        })
    );
    let body = r#"<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="x" xsi:type="Group"><URI>u</URI>
                  </Grantee></Grant></AccessControlList></AccessControlPolicy>"#;
    assert_eq!(read("s3:GetBucketAcl", body), json!({"Grants": [{"Grantee": {"Type": "Group", "URI": "u"}}]}));
}

#[test]
fn json_has_the_names_already_and_its_times_become_text() {
    let body = r#"{"KeyMetadata":{"KeyId":"k","CreationDate":1.502910355123E9,"Enabled":true,"PendingDeletionWindowInDays":7}}"#;
    assert_eq!(
        read("kms:DescribeKey", body),
        json!({"KeyMetadata": {
            "KeyId": "k",
            "CreationDate": "2017-08-16T19:05:55.123Z",
            "Enabled": true,
            "PendingDeletionWindowInDays": 7,
        }})
    );
}

#[test]
fn errors_are_read_in_every_protocol() {
    let ids = [("x-amzn-requestid", "id-1")];
    for (call, headers, body) in [
        (
            "ec2:DescribeVpcs",
            &ids[..],
            "<Response><Errors><Error><Code>C</Code><Message>m</Message></Error></Errors></Response>",
        ),
        (
            "iam:GetRole",
            &ids[..],
            "<ErrorResponse><Error><Type>Sender</Type><Code>C</Code><Message>m</Message></Error></ErrorResponse>",
        ),
        (
            "s3:GetBucketPolicy",
            &[("x-amz-request-id", "id-1")][..],
            "<Error><Code>C</Code><Message>m</Message></Error>",
        ),
        ("kms:ListGrants", &ids[..], r#"{"__type":"com.amazonaws.kms#C","message":"m"}"#),
        (
            "eks:DescribeCluster",
            &[("x-amzn-errortype", "C:http://x"), ("x-amzn-requestid", "id-1")][..],
            r#"{"message":"m"}"#,
        ),
    ] {
        let error = with(call, headers, 400, body).unwrap_err();
        assert_eq!((error.code.as_deref(), error.message.as_str()), (Some("C"), "m"), "{call}");
        assert_eq!((error.request_id.as_deref(), error.kind), (Some("id-1"), ErrorKind::Refused), "{call}");
        assert_eq!(error.doing, format!("ask {call}"));
    }
    let denied = r#"{"__type":"AccessDeniedException","Message":"no"}"#;
    assert_eq!(with("kms:ListGrants", &[], 400, denied).unwrap_err().kind, ErrorKind::Denied);
    assert_eq!(with("eks:DescribeCluster", &[], 502, "<html>").unwrap_err().kind, ErrorKind::Unreachable);
    assert_eq!(with("eks:DescribeCluster", &[], 200, "<html>").unwrap_err().kind, ErrorKind::Refused);
}

#[test]
fn every_line_is_read() {
    let text = include_str!("../wire.tsv");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let names = WireNames::of_aws();
    assert_eq!(names.structures.len() + names.times.len() + names.uris.len(), lines.len());
    let members: usize = names.structures.values().map(Vec::len).sum();
    let told: usize = lines
        .iter()
        .filter(|line| line.starts_with("xml"))
        .map(|line| line.rsplit('\t').next().unwrap().split(' ').count())
        .sum();
    assert_eq!(members, told);
}
