//! Order of things that need each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::address::Address;

/// What each address needs first.
pub type Needs = BTreeMap<Address, BTreeSet<Address>>;

/// All keys in an order in which everything comes after what it needs; needs outside the map do not count. Among what
/// is free to come next, the smallest comes first, so the order depends on the content alone.
///
/// # Errors
/// One cycle, each needing the next, the last needing the first.
pub fn order<T: Ord + Clone>(needs: &BTreeMap<T, BTreeSet<T>>) -> Result<Vec<T>, Vec<T>> {
    let mut missing: BTreeMap<&T, usize> = BTreeMap::new();
    let mut followers: BTreeMap<&T, Vec<&T>> = BTreeMap::new();
    for (address, wanted) in needs {
        let known = wanted.iter().filter(|target| needs.contains_key(*target));
        let mut count = 0;
        for target in known {
            followers.entry(target).or_default().push(address);
            count += 1;
        }
        missing.insert(address, count);
    }
    let mut free: BTreeSet<&T> = missing.iter().filter(|(_, n)| **n == 0).map(|(a, _)| *a).collect();
    let mut sorted = Vec::with_capacity(needs.len());
    while let Some(next) = free.pop_first() {
        sorted.push(next.clone());
        missing.remove(next);
        for follower in followers.remove(next).unwrap_or_default() {
            let count = missing.get_mut(follower).expect("a follower still misses what it follows");
            *count -= 1;
            if *count == 0 {
                free.insert(follower);
            }
        }
    }
    if missing.is_empty() { Ok(sorted) } else { Err(cycle(needs, &missing)) }
}

/// Everything that `from` needs, directly or through others; `from` itself included.
pub fn closure(needs: &Needs, from: impl IntoIterator<Item = Address>) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    let mut todo: Vec<Address> = from.into_iter().collect();
    while let Some(address) = todo.pop() {
        if found.insert(address.clone()) {
            todo.extend(needs.get(&address).into_iter().flatten().cloned());
        }
    }
    found
}

fn cycle<T: Ord + Clone>(needs: &BTreeMap<T, BTreeSet<T>>, stuck: &BTreeMap<&T, usize>) -> Vec<T> {
    let mut path: Vec<&T> = Vec::new();
    let mut at = *stuck.keys().next().expect("something is stuck");
    loop {
        if let Some(start) = path.iter().position(|seen| *seen == at) {
            return path[start..].iter().map(|seen| (*seen).clone()).collect();
        }
        path.push(at);
        at = needs[at]
            .iter()
            .find(|target| stuck.contains_key(*target))
            .expect("whatever is stuck needs something stuck");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(lines: &[(&str, &[&str])]) -> Needs {
        let at = |text: &str| format!("toy.{text}").parse::<Address>().unwrap();
        lines.iter().map(|(a, to)| (at(a), to.iter().map(|t| at(t)).collect())).collect()
    }

    fn names(addresses: &[Address]) -> Vec<&str> {
        addresses.iter().map(|a| a.name.as_str()).collect()
    }

    #[test]
    fn everything_comes_after_what_it_needs() {
        let sorted = order(&needs(&[("a", &["c"]), ("b", &[]), ("c", &["b", "elsewhere"])])).unwrap();
        assert_eq!(names(&sorted), ["b", "c", "a"]);
    }

    #[test]
    fn a_cycle_is_named_without_its_hangers_on() {
        let found = order(&needs(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &[])])).unwrap_err();
        assert_eq!(names(&found), ["b", "c"]);
    }
}
