//! What a request asked for: its parameters by the names of the service model.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::wire::WireNames;

/// The parameters of a request, each with its values; a list has several. Filters are parameters as well, by their names
/// behind [`FILTER`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(BTreeMap<String, BTreeSet<String>>);

/// What stands before the name of a filter.
pub(super) const FILTER: &str = "filter ";

impl Parameters {
    /// Reads them from where the protocol of the service puts them: a form, JSON, or the path.
    pub(super) fn read(uri: &str, body: &[u8], service: &str, operation: &str) -> Self {
        let mut found = Self::default();
        let path = uri.split_once("://").and_then(|(_, rest)| Some(rest.split_once('/')?.1)).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        if let Some(template) = WireNames::of_aws().uri(service, operation) {
            let names = template.trim_start_matches('/').split('/');
            found.extend(names.zip(path.split('/')).filter_map(|(name, part)| {
                let name = name.strip_prefix('{')?.strip_suffix('}')?;
                // Some buckets stand in the host.
                (!part.is_empty()).then(|| (name, decoded(part)))
            }));
        } else if let Ok(Value::Object(members)) = serde_json::from_slice(body) {
            found.extend(members.iter().filter_map(|(name, value)| Some((name, value.as_str()?))));
        } else {
            found.form(&String::from_utf8_lossy(body));
        }
        found
    }

    /// A form, as the query protocols send it: `Filter.1.Name=vpc-id`, `ResourceArns.member.1=…`, `RoleName=…`.
    fn form(&mut self, body: &str) {
        let pairs: Vec<(&str, String)> = body
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key, decoded(&value.replace('+', " "))))
            .collect();
        let names: BTreeMap<&str, &str> =
            pairs.iter().filter_map(|(key, value)| Some((key.strip_suffix(".Name")?, value.as_str()))).collect();
        for (key, value) in &pairs {
            let filter =
                names.iter().find(|(of, _)| key.strip_prefix(**of).is_some_and(|rest| rest.starts_with(".Value")));
            match filter {
                Some((_, name)) => self.extend([(format!("{FILTER}{name}"), value)]),
                None => self.extend(key.split('.').next().map(|name| (name, value))),
            }
        }
    }

    /// Adds values.
    pub(super) fn extend<N: Into<String>, V: Into<String>>(&mut self, more: impl IntoIterator<Item = (N, V)>) {
        for (name, value) in more {
            self.0.entry(name.into()).or_default().insert(value.into());
        }
    }

    /// The values of one parameter, if the request has it.
    pub(super) fn get(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.0.get(name)
    }
}

/// A part of a path or of a form without its encoding.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: &str, body: &str, call: &str) -> BTreeMap<String, BTreeSet<String>> {
        let (service, operation) = call.split_once(':').unwrap();
        Parameters::read(uri, body.as_bytes(), service, operation).0
    }

    fn pairs(expected: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let values = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        expected.iter().map(|(name, all)| ((*name).to_owned(), values(all))).collect()
    }

    #[test]
    fn forms_have_lists_and_filters() {
        let body = "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1\
                    &Filter.2.Name=tag%3Aa&Filter.2.Value.1=x+y&Filter.2.Value.2=z";
        let found = of("https://ec2.us-east-1.amazonaws.com/", body, "ec2:DescribeSubnets");
        assert_eq!(found["filter vpc-id"], BTreeSet::from(["vpc-1".to_owned()]));
        assert_eq!(found["filter tag:a"].len(), 2);
        let body = "Action=DescribeTags&ResourceArns.member.1=arn%3Aa&ResourceArns.member.2=arn%3Ab";
        let found = of("https://elasticloadbalancing.amazonaws.com/", body, "elasticloadbalancing:DescribeTags");
        assert_eq!(found["ResourceArns"].len(), 2);
        let body = "DBParameterGroupName=g&Filters.Filter.1.Name=parameter-name&Filters.Filter.1.Values.Value.1=a";
        let found = of("https://rds.amazonaws.com/", body, "rds:DescribeDBParameters");
        assert_eq!(found["filter parameter-name"], BTreeSet::from(["a".to_owned()]));
        assert_eq!(found["DBParameterGroupName"], BTreeSet::from(["g".to_owned()]));
    }

    #[test]
    fn json_and_paths_name_what_is_asked_about() {
        let found = of("https://kms.us-east-1.amazonaws.com/", r#"{"KeyId":"k","Limit":5}"#, "kms:ListGrants");
        assert_eq!(found, pairs(&[("KeyId", &["k"])]));
        let uri = "https://eks.us-east-1.amazonaws.com/clusters/c/access-entries/arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr?a=b";
        let found = of(uri, "", "eks:DescribeAccessEntry");
        assert_eq!(found, pairs(&[("clusterName", &["c"]), ("principalArn", &["arn:aws:iam::1:role/r"])]));
        let found = of("http://127.0.0.1:5000/bucket/?policy", "", "s3:GetBucketPolicy");
        assert_eq!(found, pairs(&[("Bucket", &["bucket"])]));
    }
}
