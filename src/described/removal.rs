//! How what is not ours is taken away: the rows of class `removed`, one behind each of class `extra`.
//!
//! Promises: only what is named by a person is taken away, and nothing that holds data or takes machines with it.

use crate::model::described::RemovalCall;

/// A row of class `removed` (`docs/drift-boundary.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovalRow {
    /// The call that tells what is not ours.
    pub call: &'static str,
    /// Where in its answer that stands, as the row of class `extra` spells it.
    pub path: &'static str,
    /// The call that takes it away, and what that is told; none where it is not taken away from here.
    pub by: Option<(&'static str, Vec<Told>)>,
    /// What goes with it or stays; or why it is not taken away from here, and what does.
    pub why: &'static str,
}

/// A parameter of a call that takes something away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The parameter.
    pub parameter: &'static str,
    /// Where its value comes from.
    pub from: ToldFrom,
}

/// Where the value of a parameter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldFrom {
    /// A field of the object: of what the cloud computed for it, or of its declaration.
    Field(&'static str),
    /// The member that is not ours.
    Member,
    /// Another member of the element it stands in, by the names on the way.
    Beside(&'static str),
}

/// How something that is not ours is taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemovalWay {
    /// By this call, and what goes with it or stays.
    Call(RemovalCall, &'static str),
    /// Not from here: why, and what does.
    ByHand(&'static str),
}

impl RemovalRow {
    /// Reads a line of a table, if it is of this class.
    pub fn read(line: &'static str) -> Option<Self> {
        let cells: Vec<&'static str> = line.split('\t').collect();
        let [call, path, "removed", value, "-", why] = cells[..] else { return None };
        let by = match value.split_once("; ") {
            Some((by, told)) => Some((by, told.split(", ").map(Told::read).collect::<Option<_>>()?)),
            None if value == "-" => None,
            None => return None,
        };
        Some(Self { call, path, by, why })
    }
}

impl Told {
    fn read(pair: &'static str) -> Option<Self> {
        let (parameter, from) = pair.split_once('=')?;
        let from = match from.strip_prefix('@') {
            Some(path) => ToldFrom::Beside(path),
            None if from == "*" => ToldFrom::Member,
            None => ToldFrom::Field(from),
        };
        Some(Self { parameter, from })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_by_which_call_and_what_that_is_told() {
        let told = |parameter, from| Told { parameter, from };
        let row = RemovalRow::read("s:List\tA[].B\tremoved\ts:Drop; Of=id, Name=*, At=@C.D\t-\tit goes").unwrap();
        let parameters = vec![
            told("Of", ToldFrom::Field("id")),
            told("Name", ToldFrom::Member),
            told("At", ToldFrom::Beside("C.D")),
        ];
        assert_eq!(row, RemovalRow { call: "s:List", path: "A[].B", by: Some(("s:Drop", parameters)), why: "it goes" });
        assert_eq!(RemovalRow::read("s:List\tA\tremoved\t-\t-\tby hand").unwrap().by, None);
        for other in
            ["s:List\tA\textra\ta thing\tlow\tx", "s:List\tA\tremoved\ts:Drop\t-\tx", "s:L\tA\tremoved\ts:D; A\t-\tx"]
        {
            assert_eq!(RemovalRow::read(other), None, "{other}");
        }
    }
}
