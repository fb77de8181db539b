//! How the answers of a call are asked for, and which part of them belongs to an object: the rows of class `root`.

use serde_json::Value;

/// A row of class `root` (`docs/drift-boundary.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root<'t> {
    /// The call, such as `ec2:DescribeSubnets`.
    pub call: &'t str,
    /// Where the object stands in the answer; empty for the whole of it.
    pub path: &'t str,
    /// When it is asked for.
    pub asked: Asked<'t>,
    /// By what the object is recognised.
    pub by: Vec<Recognised<'t>>,
    /// It is asked for those objects alone that have this field.
    pub only_with: Option<&'t str>,
    /// The error that means "not set".
    pub absent: Option<&'t str>,
}

/// When an answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'t> {
    /// Once for all objects of the kind.
    All,
    /// Once for each object.
    Each,
    /// With another kind's.
    Shared,
    /// When something is found by this call.
    If(&'t str),
    /// When a deep look is asked for.
    Deep,
}

/// What is the same in an answer, or in the request for it, and in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised<'t> {
    /// The parameter of the request; where the request has none of that name, the path in the element of the answer.
    pub told: &'t str,
    /// The field of the object: of what the cloud computed for it, or of its declaration. [`FOUND`] stands for each thing
    /// that was found, by its name.
    pub field: &'t str,
}

/// In the place of a field: what the call found after which this one is made.
pub const FOUND: &str = "*";

impl Root<'_> {
    /// Whether every look asks for it.
    pub fn is_usual(&self) -> bool {
        matches!(self.asked, Asked::All | Asked::Each | Asked::Shared)
    }
}

/// The rows of class `root` of a table.
pub fn roots(table: &str) -> impl Iterator<Item = Root<'_>> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(root)
}

fn root(line: &str) -> Option<Root<'_>> {
    let mut cells = line.split('\t');
    let (call, path) = (cells.next()?, cells.next()?);
    let value = cells.next().filter(|class| *class == "root").and_then(|_| cells.next())?;
    read(call, path, value)
}

/// A row of class `root`, by what stands in its columns.
pub fn read<'t>(call: &'t str, path: &'t str, value: &'t str) -> Option<Root<'t>> {
    let (way, mut rest) = value.split_once("; ").unwrap_or((value, ""));
    let asked = match way.split(' ').next()? {
        "all" => Asked::All,
        "each" => Asked::Each,
        "shared" => Asked::Shared,
        "deep" => Asked::Deep,
        "if" => Asked::If(way.strip_prefix("if ")?),
        _ => return None,
    };
    let mut absent = None;
    if let Some((before, code)) = rest.rsplit_once("absent ") {
        absent = Some(code);
        rest = before.trim_end_matches("; ");
    }
    let (by, only_with) = match rest.split_once(" where ") {
        Some((by, field)) => (by, Some(field)),
        None => (rest, None),
    };
    let by = by.split(", ").filter(|pair| !pair.is_empty()).map(|pair| {
        let (told, field) = pair.split_once('=')?;
        Some(Recognised { told, field })
    });
    Some(Root { call, path, asked, by: by.collect::<Option<_>>()?, only_with, absent })
}

/// What stands at a path of an answer: `RouteTables[].Associations[]` is every association of every table, and the empty
/// path the answer itself.
pub fn elements<'v>(answer: &'v Value, path: &str) -> Vec<&'v Value> {
    path.split('.').filter(|name| !name.is_empty()).fold(vec![answer], |found, name| {
        let (name, list) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
        let members = found.into_iter().filter_map(|one| one.get(name)).filter(|one| !one.is_null());
        if list { members.filter_map(Value::as_array).flatten().collect() } else { members.collect() }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_says_when_it_is_asked_by_what_and_what_means_not_set() {
        let table = "# call\tpath\tclass\tvalue\tseverity\twhy\n\
                     s3:GetBucketPolicy\t\troot\teach; Bucket=id; absent NoSuchBucketPolicy\t-\tone\n\
                     s3:GetBucketPolicy\tPolicy\ttracked\tpolicy\thigh\tall; of=it\n\
                     eks:DescribeAddon\taddon\troot\teach 2; clusterName=cluster_name, addonName=name\t-\tone\n\
                     x:Y\tA[]\troot\tall; ListenerArn=id where certificate\t-\tone\n\
                     x:Z\tA[]\troot\tif a; absent B\t-\tone\n";
        let all: Vec<Root<'_>> = roots(table).collect();
        let by = |told, field| Recognised { told, field };
        assert_eq!(
            all[0],
            Root {
                call: "s3:GetBucketPolicy",
                path: "",
                asked: Asked::Each,
                by: vec![by("Bucket", "id")],
                only_with: None,
                absent: Some("NoSuchBucketPolicy"),
            }
        );
        assert_eq!(all[1].by, [by("clusterName", "cluster_name"), by("addonName", "name")]);
        assert_eq!(
            (all[2].asked, &all[2].by[..], all[2].only_with),
            (Asked::All, &[by("ListenerArn", "id")][..], Some("certificate"))
        );
        assert_eq!((all[3].asked, all[3].by.len(), all[3].absent), (Asked::If("a"), 0, Some("B")));
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn elements_are_found_through_lists() {
        let answer = json!({"A": [{"B": [1, 2]}, {"B": null}, {}, {"B": [3]}], "C": {"D": 4}});
        assert_eq!(elements(&answer, "A[].B[]"), [&json!(1), &json!(2), &json!(3)]);
        assert_eq!(elements(&answer, "C.D"), [&json!(4)]);
        assert_eq!(elements(&answer, ""), [&answer]);
        assert_eq!(elements(&answer, "C[]"), Vec::<&Value>::new());
    }
}
