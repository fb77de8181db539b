//! The sentences in which a deviation is told, one for each class.

use serde_json::Value;

use super::path::{text_of, texts};
use super::table::Aggravation;
use crate::model::address::Kind;
use crate::model::document::canonical;
use crate::model::support::days;

/// Nouns of kinds whose word is not one.
const NOUNS: [(&str, &str); 15] = [
    ("access_entry", "access entry"),
    ("addon", "add-on"),
    ("db_parameter_group", "parameter group"),
    ("db_subnet_group", "subnet group"),
    ("elastic_ip", "address"),
    ("iam_policy", "policy"),
    ("iam_role", "role"),
    ("internet_gateway", "internet gateway"),
    ("kms_key", "key"),
    ("nat_gateway", "NAT gateway"),
    ("oidc_provider", "identity provider"),
    ("security_group_rule", "rule"),
    ("target_attachment", "attachment of the nodes"),
    ("vpc", "network"),
    ("vpc_endpoint", "endpoint"),
];

/// How a person calls an object of a kind.
pub fn noun(kind: &Kind) -> String {
    let named = NOUNS.iter().find(|(word, _)| *word == kind.as_str());
    named.map_or_else(|| kind.as_str().replace('_', " "), |(_, noun)| (*noun).to_owned())
}

/// A value in a sentence: whole where it is short.
pub fn shown(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = match value {
        Value::Null => return "nothing".to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(_) => canonical(value),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => text_of(value),
    };
    if text.is_empty() {
        return "nothing".to_owned();
    }
    if text.chars().count() <= LONGEST {
        text
    } else {
        format!("{}…", text.chars().take(LONGEST).collect::<String>())
    }
}

/// What a rule that holds adds to a sentence.
pub fn told_rule(rule: Option<Aggravation>) -> &'static str {
    match rule {
        Some(Aggravation::OpenToTheWorld) => ", which lets everybody in",
        Some(Aggravation::AnotherAccount) => ", which reaches another account",
        Some(Aggravation::EverythingIsAllowed) => ", which allows everything",
        Some(Aggravation::DataIsDeleted) => ", which deletes what is stored",
        Some(Aggravation::NothingIsServed) => ", with which nothing is served",
        Some(Aggravation::Lower | Aggravation::SwitchedOff | Aggravation::SwitchedOn) | None => "",
    }
}

/// `a` or `an` before a word, or nothing before one that is a plural or a name of many.
pub fn with_article(word: &str) -> String {
    let many = word.ends_with("addresses") || word == "analytics" || word == "metrics" || word == "IPv6 address space";
    // Letters that are said by their names: an SSH, an IPv6 route, a VPC.
    let vowel = word.starts_with(['a', 'e', 'i', 'o', 'u', 'I']);
    if many { word.to_owned() } else { format!("{} {word}", if vowel { "an" } else { "a" }) }
}

/// What names a member of a list: the text it is, or what in it is an id or a name.
pub fn member_name(value: &Value) -> String {
    const NAMES: [&str; 38] = [
        "ID",
        "Id",
        "DBSnapshotIdentifier",
        "IntegrationName",
        "DBSecurityGroupName",
        "DBInstanceAutomatedBackupsArn",
        "ListenerArn",
        "SecurityGroupRuleId",
        "GroupName",
        "UserName",
        "RoleName",
        "InstanceProfileName",
        "ScheduledActionName",
        "PolicyName",
        "LifecycleHookName",
        "SubnetId",
        "RouteTableId",
        "GroupId",
        "InternetGatewayId",
        "NatGatewayId",
        "VpcEndpointId",
        "VpcPeeringConnectionId",
        "FlowLogId",
        "TransitGatewayAttachmentId",
        "VpnGatewayId",
        "HostedZoneId",
        "ResolverRuleId",
        "ApplianceArn",
        "GatewayId",
        "Ipv6CidrBlock",
        "FirewallArn",
        "AllocationId",
        "PublicIp",
        "capabilityName",
        "Domain",
        "Region",
        "Name",
        "key",
    ];
    if !value.is_object() {
        return text_of(value);
    }
    let named = NAMES.iter().find_map(|name| value.get(name).map(text_of).filter(|text| !text.is_empty()));
    named.unwrap_or_else(|| shown(value))
}

/// What a member does, in few words, where its name says nothing: `tcp 22 from 0.0.0.0/0`.
pub fn detail(element: &Value) -> Option<String> {
    let text = |path: &str| element.pointer(path).map(text_of).filter(|text| !text.is_empty());
    if let Some(way) = text("/IsEgress") {
        let peers = ["/CidrIpv4", "/CidrIpv6", "/ReferencedGroupInfo/GroupId", "/PrefixListId"];
        let peer = peers.into_iter().find_map(text)?;
        let protocol = text("/IpProtocol").filter(|protocol| protocol != "-1");
        let ports = match (text("/FromPort"), text("/ToPort")) {
            (Some(from), Some(to)) if protocol.is_some() && from != to => format!(" {from}-{to}"),
            (Some(from), _) if protocol.is_some() => format!(" {from}"),
            _ => String::new(),
        };
        let to = if way == "true" { "to" } else { "from" };
        return Some(format!("{}{ports} {to} {peer}", protocol.unwrap_or_else(|| "everything".to_owned())));
    }
    if let (Some(_), Some(port)) = (text("/ListenerArn"), text("/Port")) {
        return Some(format!("port {port}"));
    }
    if let (Some(conditions), Some(kind)) = (element.get("Conditions"), text("/Actions/0/Type")) {
        let fits: Vec<&str> = texts(conditions).into_iter().filter(|text| text.contains(['/', '*', '.'])).collect();
        let code = text("/Actions/0/FixedResponseConfig/StatusCode").map(|code| format!(" {code}"));
        let fits = if fits.is_empty() { "every request".to_owned() } else { fits.join(", ") };
        return Some(format!("{fits}: {kind}{}", code.unwrap_or_default()));
    }
    let expires = text("/Expiration/Days").or_else(|| text("/NoncurrentVersionExpiration/NoncurrentDays"));
    expires.map(|count| format!("after {}", count.parse().map_or(count, days)))
}
