//! Names of resources in Terraform.

use std::collections::BTreeSet;

/// The names given so far: none is given twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    given: BTreeSet<String>,
}

impl Labels {
    /// The name of a resource of this type, such as `aws_vpc.main`, from words that tell it from others.
    pub(super) fn name(&mut self, kind: &str, words: &[&str]) -> String {
        let label = label(words);
        let numbered = (2..).map(|n: u32| format!("{kind}.{label}_{n}"));
        let mut names = std::iter::once(format!("{kind}.{label}")).chain(numbered);
        let name = names.find(|name| !self.given.contains(name)).expect("there are more numbers than names");
        self.given.insert(name.clone());
        name
    }
}

/// An identifier of Terraform from these words: letters, digits and `_`, and no digit first.
fn label(words: &[&str]) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let parts = words.iter().flat_map(|word| word.split(|c| !is_word(c))).filter(|part| !part.is_empty());
    let label = parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_");
    match label.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("_{label}"),
        Some(_) => label,
        None => "unnamed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_identifiers_and_none_is_given_twice() {
        let mut labels = Labels::default();
        assert_eq!(labels.name("aws_subnet", &["private-a"]), "aws_subnet.private_a");
        assert_eq!(labels.name("aws_subnet", &["private", "a"]), "aws_subnet.private_a_2");
        assert_eq!(labels.name("aws_route", &["private-a", "10.0.0.0/8"]), "aws_route.private_a_10_0_0_0_8");
        assert_eq!(labels.name("aws_eip", &["3"]), "aws_eip._3");
        assert_eq!(labels.name("aws_kms_alias", &["main", ""]), "aws_kms_alias.main");
        assert_eq!(labels.name("aws_lb", &["-"]), "aws_lb.unnamed");
    }
}
