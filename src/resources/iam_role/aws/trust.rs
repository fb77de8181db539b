//! Trust policies, read back into [`Trust`] when they say exactly what we would have written.

use serde_json::Value;

use crate::cloud::aws::iam;
use crate::model::policy::Policy;
use crate::model::reference::Ref;
use crate::resources::iam_role::Trust;
use crate::resources::iam_role::trust::{for_service, for_service_account};
use crate::resources::oidc_provider::OidcProvider;

impl Trust {
    /// What a trust policy says, as IAM gives it.
    pub(super) fn read(text: &str, refer: impl FnOnce(&str) -> Ref<OidcProvider>) -> Self {
        let found = iam::document(text);
        if let Some(service) = text_at(found.document(), "/Statement/0/Principal/Service/0")
            && Policy::new(&for_service(service)) == found
        {
            return Self::Service(service.to_owned());
        }
        if let Some((arn, namespace, name)) = service_account_of(found.document())
            && Policy::new(&for_service_account(arn, namespace, name)) == found
        {
            return Self::ServiceAccount {
                provider: refer(arn),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            };
        }
        Self::Other(found)
    }
}

fn service_account_of(document: &Value) -> Option<(&str, &str, &str)> {
    let arn = text_at(document, "/Statement/0/Principal/Federated/0")?;
    let conditions = document.pointer("/Statement/0/Condition/StringEquals")?.as_object()?;
    let subject = conditions.iter().find(|(key, _)| key.ends_with(":sub"))?.1.get(0)?.as_str()?;
    let (namespace, name) = subject.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    Some((arn, namespace, name))
}

fn text_at<'a>(document: &'a Value, pointer: &str) -> Option<&'a str> {
    document.pointer(pointer)?.as_str()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws-cn:iam::111122223333:oidc-provider/oidc.eks.cn-north-1.amazonaws.com.cn/id/A1";

    fn read(document: &Value) -> Trust {
        Trust::read(&document.to_string(), |arn| Ref::external(arn))
    }

    fn written(trust: &Trust) -> Value {
        trust.document(|_| Ok::<_, Infallible>(ARN.to_owned())).unwrap()
    }

    fn pods() -> Trust {
        Trust::ServiceAccount { provider: Ref::external(ARN), namespace: "ppm".to_owned(), name: "ppm".to_owned() }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for trust in [Trust::Service("eks.amazonaws.com".to_owned()), pods()] {
            assert_eq!(read(&written(&trust)), trust);
        }
    }

    #[test]
    fn pods_are_told_by_subject_and_audience() {
        let issuer = "oidc.eks.cn-north-1.amazonaws.com.cn/id/A1";
        let conditions = &written(&pods())["Statement"][0]["Condition"]["StringEquals"];
        assert_eq!(conditions[format!("{issuer}:sub")], "system:serviceaccount:ppm:ppm");
        assert_eq!(conditions[format!("{issuer}:aud")], "sts.amazonaws.com");
    }

    #[test]
    fn anything_else_is_told_as_it_is() {
        let mut any_pod = written(&pods());
        let condition = any_pod.pointer_mut("/Statement/0/Condition").unwrap();
        *condition = json!({"StringEquals": {"oidc.eks.cn-north-1.amazonaws.com.cn/id/A1:sub": "system:serviceaccount:ppm:ppm"}});
        let mut also_me = written(&Trust::Service("eks.amazonaws.com".to_owned()));
        also_me["Statement"][0]["Principal"]["AWS"] = json!("111122223333");
        for document in [any_pod, also_me, json!({})] {
            assert_eq!(read(&document), Trust::Other(Policy::new(&document)));
        }
    }
}
