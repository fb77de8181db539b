//! Order of things that need each other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::model::address::Address;

/// What each address needs first.
pub type Needs = BTreeMap<Address, BTreeSet<Address>>;

/// All keys in an order in which everything comes after what it needs; needs outside the map do not count. Among what
/// is free to come next, the smallest comes first, so the order depends on the content alone.
///
/// # Errors
/// One cycle, each needing the next, the last needing the first.
pub fn order<T: Ord + Clone>(needs: &BTreeMap<T, BTreeSet<T>>) -> Result<Vec<T>, Vec<T>> {
    // By their places in the order of keys, which is the order of the numbers too.
    let keys: Vec<&T> = needs.keys().collect();
    let mut missing = vec![0_usize; keys.len()];
    let mut followers = vec![Vec::new(); keys.len()];
    for (at, wanted) in needs.values().enumerate() {
        for target in wanted.iter().filter_map(|target| keys.binary_search(&target).ok()) {
            followers[target].push(at);
            missing[at] += 1;
        }
    }
    let mut free: BinaryHeap<Reverse<usize>> =
        missing.iter().enumerate().filter(|(_, n)| **n == 0).map(|(at, _)| Reverse(at)).collect();
    let mut sorted = Vec::with_capacity(keys.len());
    while let Some(Reverse(next)) = free.pop() {
        sorted.push(keys[next].clone());
        for follower in &followers[next] {
            missing[*follower] -= 1;
            if missing[*follower] == 0 {
                free.push(Reverse(*follower));
            }
        }
    }
    if sorted.len() == keys.len() {
        return Ok(sorted);
    }
    let stuck = keys.into_iter().zip(missing).filter(|(_, missing)| *missing > 0).map(|(key, _)| key).collect();
    Err(cycle(needs, &stuck))
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

fn cycle<T: Ord + Clone>(needs: &BTreeMap<T, BTreeSet<T>>, stuck: &BTreeSet<&T>) -> Vec<T> {
    let mut path: Vec<&T> = Vec::new();
    let mut at = *stuck.first().expect("something is stuck");
    loop {
        if let Some(start) = path.iter().position(|seen| *seen == at) {
            return path[start..].iter().map(|seen| (*seen).clone()).collect();
        }
        path.push(at);
        at = needs[at].iter().find(|target| stuck.contains(*target)).expect("whatever is stuck needs something stuck");
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
