//! References of objects as Terraform has them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Term, TerraformContext, TerraformError};
use crate::model::policy::Policy;
use crate::model::reference::{Ref, external, reference};
use crate::model::resource::Resource;

impl Term {
    /// An attribute of what is pointed at; its id or ARN where it is no object of this stack.
    pub fn attribute<R: Resource>(of: &Ref<R>, path: &'static str) -> Self {
        match of.address() {
            Some(of) => Self::Attribute { of, path },
            None => Self::Text(of.to_string()),
        }
    }

    /// A policy as JSON, in which others are named by their ARNs.
    pub fn policy(policy: &Policy) -> Self {
        Self::Json(Box::new(Self::json(policy.document())))
    }

    /// A JSON value in which others are named by their ARNs.
    pub fn json(value: &Value) -> Self {
        if let Some(of) = reference(value) {
            return Self::Attribute { of, path: "arn" };
        }
        if let Some(id) = external(value) {
            return Self::Text(id.to_owned());
        }
        match value {
            Value::Null => Self::Text(String::new()),
            Value::Bool(flag) => Self::Flag(*flag),
            Value::Number(number) => number.as_i64().map_or_else(|| Self::Text(number.to_string()), Self::Number),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::json).collect()),
            Value::Object(map) => Self::Map(map.iter().map(|(key, value)| (key.clone(), Self::json(value))).collect()),
        }
    }
}

impl<R: Resource> From<&Ref<R>> for Term {
    fn from(of: &Ref<R>) -> Self {
        Self::attribute(of, "id")
    }
}

impl<R: Resource> From<&BTreeSet<Ref<R>>> for Term {
    fn from(of: &BTreeSet<Ref<R>>) -> Self {
        Self::List(of.iter().map(Self::from).collect())
    }
}

impl TerraformContext<'_> {
    /// The id of an object that is pointed at.
    ///
    /// # Errors
    /// When it is in no record.
    pub fn id<R: Resource>(&self, of: &Ref<R>) -> Result<String, TerraformError> {
        let Some(address) = of.address() else { return Ok(of.to_string()) };
        let known = self.computed.get(&address).and_then(|computed| computed.text("id"));
        known.map(str::to_owned).ok_or_else(|| TerraformError::Unrecorded { at: self.at.clone(), needs: address })
    }
}
