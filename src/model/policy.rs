//! IAM policies compared by what they mean: order, scalars against lists, and spellings of one principal do not count.
//!
//! The rules are those IAM applies when it evaluates a policy ("IAM JSON policy elements reference"): statements,
//! actions, resources and principals are sets; a single value stands for a list of one; `true` and `"true"` are the
//! same condition value; an account number as principal is its root, once it is known in which partition the account is
//! ([`Policy::in_partition`]). A missing version is not `2012-10-17`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::document::canonical;

/// A policy document in normal form: two policies that mean the same are equal. May hold references in place of ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy(Value);

impl Policy {
    /// The normal form of a policy document.
    pub fn new(document: &Value) -> Self {
        Self(normal_document(document))
    }

    /// The normal form of a policy text, as services give it. Text that is no JSON stays as it is and equals nothing
    /// that is.
    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).map_or_else(|_| Self(Value::from(text)), |document| Self::new(&document))
    }

    /// The same policy as services of this partition read it: a bare account number means the root of that account.
    #[must_use]
    pub fn in_partition(&self, partition: &str) -> Self {
        let Some(statements) = self.0.get("Statement").and_then(Value::as_array) else { return self.clone() };
        let statements = statements.iter().map(|statement| {
            let mut statement = statement.clone();
            for key in ["Principal", "NotPrincipal"] {
                if let Some(Value::Array(principals)) = statement.pointer_mut(&format!("/{key}/AWS")) {
                    *principals = principals.iter().map(|principal| root_of(principal, partition)).collect();
                }
            }
            statement
        });
        let mut document = self.0.clone();
        document["Statement"] = statements.collect();
        Self::new(&document)
    }

    /// The document.
    pub fn document(&self) -> &Value {
        &self.0
    }

    /// The document with every reference replaced by what `resolve` makes of it; references look like `{"$ref": …}`.
    ///
    /// # Errors
    /// The first error of `resolve`.
    pub fn resolve<E>(&self, mut resolve: impl FnMut(&Value) -> Option<Result<Value, E>>) -> Result<Value, E> {
        walk(&self.0, &mut resolve)
    }

    /// Whom of IAM its statements name, whatever they say about them.
    pub fn principals(&self) -> impl Iterator<Item = &str> {
        let statements = self.0.get("Statement").and_then(Value::as_array).into_iter().flatten();
        let named = statements.filter_map(|statement| statement.get("Principal")?.get("AWS")?.as_array());
        named.flatten().filter_map(Value::as_str)
    }

    /// The same policy with some values replaced, as when ids are turned back into references.
    #[must_use]
    pub fn map(&self, mut replace: impl FnMut(&Value) -> Option<Value>) -> Self {
        let mapped = walk(&self.0, &mut |value| replace(value).map(Ok::<_, std::convert::Infallible>));
        match mapped {
            Ok(document) => Self::new(&document),
            Err(never) => match never {},
        }
    }
}

impl PartialOrd for Policy {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Policy {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        canonical(&self.0).cmp(&canonical(&other.0))
    }
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&Value::deserialize(deserializer)?))
    }
}

fn walk<E>(value: &Value, visit: &mut impl FnMut(&Value) -> Option<Result<Value, E>>) -> Result<Value, E> {
    if let Some(replaced) = visit(value) {
        return replaced;
    }
    Ok(match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| walk(item, visit)).collect::<Result<_, _>>()?),
        Value::Object(map) => {
            let fields: Result<Map<_, _>, E> = map.iter().map(|(k, v)| Ok((k.clone(), walk(v, visit)?))).collect();
            Value::Object(fields?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    })
}

fn normal_document(document: &Value) -> Value {
    let Some(map) = document.as_object() else { return document.clone() };
    let fields = map.iter().map(|(key, value)| {
        let value = if key == "Statement" { set(listed(value).iter().map(normal_statement)) } else { value.clone() };
        (key.clone(), value)
    });
    Value::Object(fields.collect())
}

fn normal_statement(statement: &Value) -> Value {
    let Some(map) = statement.as_object() else { return statement.clone() };
    let fields = map.iter().map(|(key, value)| {
        let value = match key.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => set(listed(value).into_iter()),
            "Principal" | "NotPrincipal" => normal_principal(value),
            "Condition" => normal_condition(value),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(fields.collect())
}

fn normal_principal(principal: &Value) -> Value {
    if principal.as_str() == Some("*") {
        return serde_json::json!({"AWS": ["*"]});
    }
    let Some(map) = principal.as_object() else { return principal.clone() };
    let fields = map.iter().map(|(key, value)| (key.clone(), set(listed(value).into_iter())));
    Value::Object(fields.collect())
}

/// A bare account number means the root of that account.
fn root_of(principal: &Value, partition: &str) -> Value {
    match principal.as_str() {
        Some(text) if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) => {
            Value::from(format!("arn:{partition}:iam::{text}:root"))
        }
        Some(_) | None => principal.clone(),
    }
}

fn normal_condition(condition: &Value) -> Value {
    let Some(operators) = condition.as_object() else { return condition.clone() };
    let operators = operators.iter().map(|(operator, keys)| {
        let keys = keys.as_object().map_or_else(
            || keys.clone(),
            |keys| {
                let keys = keys.iter().map(|(key, value)| (key.clone(), set(listed(value).into_iter().map(texted))));
                Value::Object(keys.collect())
            },
        );
        (operator.clone(), keys)
    });
    Value::Object(operators.collect())
}

fn texted(value: Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::from(value.to_string()),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => value,
    }
}

fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![value.clone()],
    }
}

fn set(items: impl Iterator<Item = Value>) -> Value {
    let mut items: Vec<Value> = items.collect();
    items.sort_by_key(canonical);
    items.dedup();
    Value::Array(items)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spellings_of_one_meaning_are_equal() {
        let one = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Deny", "Principal": "*", "Action": ["s3:b", "s3:a"], "Resource": "x",
            "Condition": {"Bool": {"aws:SecureTransport": false}}}});
        let other = json!({"Statement": [{
            "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}, "Resource": ["x"],
            "Action": ["s3:a", "s3:b"], "Principal": {"AWS": "*"}, "Effect": "Deny"}], "Version": "2012-10-17"});
        assert_eq!(Policy::new(&one), Policy::new(&other));
        assert_eq!(Policy::parse(&one.to_string()), Policy::new(&other));
    }

    #[test]
    fn what_differs_in_meaning_differs() {
        let policy = |version: Value, action: &str| {
            Policy::new(&json!({"Version": version, "Statement": [{"Effect": "Allow", "Action": action}]}))
        };
        assert_ne!(policy(json!("2012-10-17"), "a"), policy(json!("2008-10-17"), "a"));
        assert_ne!(policy(json!("2012-10-17"), "a"), policy(json!("2012-10-17"), "b"));
    }

    #[test]
    fn an_account_as_principal_is_its_root() {
        let policy = |who: &str| Policy::new(&json!({"Statement": [{"Principal": {"AWS": who}}]}));
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-eusc"] {
            let root = policy(&format!("arn:{partition}:iam::111122223333:root"));
            assert_eq!(policy("111122223333").in_partition(partition), root);
            assert_eq!(root.in_partition(partition), root);
        }
        assert_ne!(policy("111122223333").in_partition("aws-cn"), policy("111122223333").in_partition("aws"));
        let text = Policy::parse("no policy");
        assert_eq!(text.in_partition("aws"), text);
    }
}
