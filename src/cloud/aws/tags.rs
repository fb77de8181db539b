//! Tags. Every service spells them in a type of its own, and sets and removes them by calls of its own; everything else
//! about them stands here.

use super::During;
use crate::cloud::CloudError;
use crate::model::mark::Tags;

/// A tag as one service spells it.
pub trait Tag: Sized {
    /// The tag with this key and value.
    fn of(key: String, value: String) -> Self;
    /// Its key and value; `None` without a key.
    fn pair(&self) -> Option<(&str, &str)>;
}

/// Services whose answers may leave key or value out.
macro_rules! tag {
    ($($service:ident),*) => {$(
        impl Tag for $service::types::Tag {
            fn of(key: String, value: String) -> Self {
                Self::builder().key(key).value(value).build()
            }

            fn pair(&self) -> Option<(&str, &str)> {
                Some((self.key()?, self.value().unwrap_or_default()))
            }
        }
    )*};
}

/// Services whose tags always have both.
macro_rules! whole_tag {
    ($($service:ident { $key:ident, $value:ident }),*) => {$(
        impl Tag for $service::types::Tag {
            fn of(key: String, value: String) -> Self {
                Self::builder().$key(key).$value(value).build().expect("key and value are set")
            }

            fn pair(&self) -> Option<(&str, &str)> {
                Some((&self.$key, &self.$value))
            }
        }
    )*};
}

tag!(aws_sdk_ec2, aws_sdk_elasticloadbalancingv2, aws_sdk_rds, aws_sdk_secretsmanager);
whole_tag!(aws_sdk_iam { key, value }, aws_sdk_kms { tag_key, tag_value }, aws_sdk_s3 { key, value });

/// Tags as a service gives them.
pub fn tags_of(tags: &[impl Tag]) -> Tags {
    tags.iter().filter_map(Tag::pair).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Tags as the calls of a service take them.
pub fn tag_list<T: Tag>(tags: Tags) -> Vec<T> {
    tags.into_iter().map(|(key, value)| T::of(key, value)).collect()
}

/// Of the tags found on an object that is taken over, those that `to` says anything about: brought from these to `to`, it
/// keeps what others put on it.
pub fn comparable(found: &Tags, to: &Tags) -> Tags {
    found.iter().filter(|(key, _)| to.contains_key(*key)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// What to set and what to remove so that `from` becomes `to`.
pub fn retagging(from: &Tags, to: &Tags) -> (Tags, Vec<String>) {
    let set = to.iter().filter(|(k, v)| from.get(*k) != Some(v)).map(|(k, v)| (k.clone(), v.clone())).collect();
    let remove = from.keys().filter(|key| !to.contains_key(*key)).cloned().collect();
    (set, remove)
}

/// Brings the tags of an object from `from` to `to`, with the calls of its service that set tags and that remove them by
/// their keys; each is made only where there is something for it to do.
///
/// # Errors
/// What one of the calls answered.
pub async fn retag<S: Future, R: Future, A, B>(
    from: &Tags,
    to: &Tags,
    set: impl FnOnce(Tags) -> S,
    remove: impl FnOnce(Vec<String>) -> R,
) -> Result<(), CloudError>
where
    S::Output: During<A>,
    R::Output: During<B>,
{
    let (wanted, surplus) = retagging(from, to);
    if !wanted.is_empty() {
        set(wanted).await.during("set its tags")?;
    }
    if !surplus.is_empty() {
        remove(surplus).await.during("remove its tags")?;
    }
    Ok(())
}
