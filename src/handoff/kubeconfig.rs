//! One cluster, user and context in a kubeconfig file, among whatever else stands there.
//!
//! Promises: every other entry keeps its meaning. Where the file is written as kubectl and the AWS command line write
//! it, everything else keeps its very bytes, comments too; that is checked by reading the result back. In another shape
//! (flow style, tabs of another tool) the whole file is written anew, and comments go.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::text::{read_yaml, yaml};

/// What is put into the file.
#[derive(Clone, Debug)]
pub struct KubeconfigEntry {
    /// Name of cluster and user: the ARN of the cluster, unique in the world.
    pub name: String,
    /// Name of the context.
    pub context: String,
    /// Namespace the context starts in.
    pub namespace: String,
    /// Address of the cluster's API.
    pub server: String,
    /// Its certificate authority, in base64.
    pub certificate_authority: String,
    /// The program that prints tokens.
    pub command: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables it needs.
    pub environment: Vec<(String, String)>,
}

/// Why a file cannot take the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeconfigError(String);

impl fmt::Display for KubeconfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KubeconfigError {}

/// The three lists of a kubeconfig, each with what its items hold.
const LISTS: [(&str, &str); 3] = [("clusters", "cluster"), ("contexts", "context"), ("users", "user")];

impl KubeconfigEntry {
    /// The item for one of the lists.
    fn item(&self, list: &str) -> Value {
        match list {
            "clusters" => json!({
                "name": self.name,
                "cluster": {"server": self.server, "certificate-authority-data": self.certificate_authority},
            }),
            "contexts" => json!({
                "name": self.context,
                "context": {"cluster": self.name, "user": self.name, "namespace": self.namespace},
            }),
            _ => {
                let env: Vec<Value> =
                    self.environment.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
                let mut exec = json!({
                    "apiVersion": "client.authentication.k8s.io/v1",
                    "command": self.command,
                    "args": self.arguments,
                    "interactiveMode": "Never",
                    "provideClusterInfo": false,
                    "installHint": "this entry is by `ppm-infra kubeconfig`, which is no longer where it was",
                });
                if !env.is_empty() {
                    exec["env"] = Value::from(env);
                }
                json!({"name": self.name, "user": {"exec": exec}})
            }
        }
    }
}

/// The text of a kubeconfig with the entry in it, as the current context. `there` is the text of the file, if there is one.
///
/// # Errors
/// When the file is no kubeconfig.
pub fn merge(there: Option<&str>, entry: &KubeconfigEntry) -> Result<String, KubeconfigError> {
    let there = there.filter(|text| !text.trim().is_empty());
    let before = match there {
        Some(text) => read(text)?,
        None => json!({"apiVersion": "v1", "kind": "Config"}),
    };
    let wanted = merged(&before, entry)?;
    if let Some(text) = there {
        let edited = LISTS.iter().fold(text.to_owned(), |text, (list, _)| with_item(&text, list, entry));
        let edited = with_line(&edited, "current-context", &entry.context);
        if read(&edited).as_ref() == Ok(&wanted) {
            return Ok(edited);
        }
    }
    Ok(yaml::document(&(&wanted).into()))
}

fn read(text: &str) -> Result<Value, KubeconfigError> {
    let read = read_yaml(text).map_err(|error| KubeconfigError(format!("it is no YAML: {error}")))?;
    let Some(map) = read.as_object() else {
        return Err(KubeconfigError("it holds no keys with values".to_owned()));
    };
    if map.get("kind").is_some_and(|kind| kind != "Config") {
        return Err(KubeconfigError(format!("its kind is {}, not Config", map["kind"])));
    }
    Ok(read)
}

/// What the file is to mean.
fn merged(before: &Value, entry: &KubeconfigEntry) -> Result<Value, KubeconfigError> {
    let mut after: Map<String, Value> = before.as_object().cloned().unwrap_or_default();
    for (list, _) in LISTS {
        let item = entry.item(list);
        let items = after.entry(list).or_insert(Value::Null);
        if items.is_null() {
            *items = json!([]);
        }
        let items = items.as_array_mut().ok_or_else(|| KubeconfigError(format!("its {list} are no list")))?;
        match items.iter().position(|other| other["name"] == item["name"]) {
            Some(at) => items[at] = item,
            None => items.push(item),
        }
    }
    after.insert("current-context".to_owned(), json!(entry.context));
    Ok(Value::Object(after))
}

/// The text with the entry's item in a list: in the place of the one of its name, or as the last.
fn with_item(text: &str, list: &str, entry: &KubeconfigEntry) -> String {
    let item = entry.item(list);
    let name = item["name"].as_str().unwrap_or_default();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let head = format!("{list}:");
    let Some(start) = lines.iter().position(|line| line.split('#').next().is_some_and(|line| line.trim_end() == head))
    else {
        // There is no such list, or an empty one in brackets.
        let kept: String = lines.iter().filter(|line| !is_empty_list(line, &head)).copied().collect();
        return format!("{}{head}\n{}", ended(&kept), rendered(&item, ""));
    };
    let end = (start + 1..lines.len()).find(|at| begins_a_key(lines[*at])).unwrap_or(lines.len());
    let body = &lines[start + 1..end];
    let indent = body
        .iter()
        .find(|line| line.trim_start().starts_with("- "))
        .map_or("", |line| &line[..line.len() - line.trim_start().len()]);
    let dash = format!("{indent}- ");
    let starts: Vec<usize> = (0..body.len()).filter(|at| body[*at].starts_with(&dash)).collect();
    let old = starts.iter().enumerate().find_map(|(n, from)| {
        let to = starts.get(n + 1).copied().unwrap_or(body.len());
        let named = read_yaml(&body[*from..to].concat()).ok()?;
        (named[0]["name"] == name).then_some((*from, to))
    });
    let (from, to) = old.unwrap_or((body.len(), body.len()));
    [
        ended(&lines[..=start].concat()).as_str(),
        ended(&body[..from].concat()).as_str(),
        &rendered(&item, indent),
        &body[to..].concat(),
        &lines[end..].concat(),
    ]
    .concat()
}

/// The text with this key at its top, in the place where it stands or at the end.
fn with_line(text: &str, key: &str, value: &str) -> String {
    let head = format!("{key}:");
    let line = yaml::document(&yaml::YamlNode::from(&json!({key: value})));
    let mut found = false;
    let lines = text.split_inclusive('\n').map(|old| {
        let is_it = old.starts_with(&head);
        found |= is_it;
        if is_it { line.as_str() } else { old }
    });
    let edited: String = lines.collect();
    if found { edited } else { ended(&edited) + &line }
}

fn is_empty_list(line: &str, head: &str) -> bool {
    line.strip_prefix(head).is_some_and(|rest| matches!(rest.trim(), "[]" | "null" | "~"))
}

/// Whether a line begins a key at the top of the file.
fn begins_a_key(line: &str) -> bool {
    !line.starts_with([' ', '-', '#', '\n', '\r', '\t'])
}

fn rendered(item: &Value, indent: &str) -> String {
    let text = yaml::document(&yaml::YamlNode::from(&json!([item])));
    text.split_inclusive('\n').flat_map(|line| [indent, line]).collect()
}

/// The text with an end to its last line.
fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:eks:us-east-1:111122223333:cluster/ppm-prod";

    fn entry() -> KubeconfigEntry {
        KubeconfigEntry {
            name: ARN.to_owned(),
            context: "ppm-prod".to_owned(),
            namespace: "ppm".to_owned(),
            server: "https://0123.gr7.us-east-1.eks.amazonaws.com".to_owned(),
            certificate_authority: "LS0tLS1CRUdJTg==".to_owned(),
            command: "ppm-infra".to_owned(),
            arguments: ["eks-token", "--cluster", "ppm-prod", "--region", "us-east-1"].map(str::to_owned).into(),
            environment: vec![("AWS_PROFILE".to_owned(), "prod".to_owned())],
        }
    }

    const OTHERS: &str = "\
# mine
apiVersion: v1
clusters:
- cluster:
    server: https://other # the old one
  name: other
contexts:
- context:
    cluster: other
    user: other
  name: other
current-context: other
kind: Config
preferences: {}
users:
- name: other
  user:
    token: 'abc'
";

    #[test]
    fn a_new_file_holds_the_entry_alone() {
        let text = merge(None, &entry()).unwrap();
        let read = read(&text).unwrap();
        assert_eq!(read["current-context"], "ppm-prod");
        assert_eq!(read["users"][0]["user"]["exec"]["command"], "ppm-infra");
        assert_eq!(read["users"][0]["user"]["exec"]["env"], json!([{"name": "AWS_PROFILE", "value": "prod"}]));
        for (list, holds) in LISTS {
            assert!(read[list][0][holds].is_object(), "{list}");
            assert_eq!(read[list].as_array().unwrap().len(), 1);
        }
        assert_eq!(merge(Some(""), &entry()).unwrap(), text);
    }

    #[test]
    fn other_entries_keep_their_bytes() {
        let text = merge(Some(OTHERS), &entry()).unwrap();
        for part in [
            "# mine\n",
            "    server: https://other # the old one\n  name: other\n",
            "preferences: {}\n",
            "    token: 'abc'\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let kept = lines(&text);
        let gone: Vec<String> = lines(OTHERS).into_iter().filter(|line| !kept.contains(line)).collect();
        assert_eq!(gone, ["current-context: other"]);
        // Again, and nothing moves; with another address, nothing but that.
        assert_eq!(merge(Some(&text), &entry()).unwrap(), text);
        let moved = merge(Some(&text), &KubeconfigEntry { server: "https://new".to_owned(), ..entry() }).unwrap();
        assert_eq!(moved, text.replace("https://0123.gr7.us-east-1.eks.amazonaws.com", "https://new"));
    }

    #[test]
    fn every_shape_of_file_keeps_its_meaning() {
        let shapes = [
            OTHERS.to_owned(),
            OTHERS.trim_end().to_owned(),
            OTHERS.lines().flat_map(|line| [if line.starts_with([' ', '-']) { "  " } else { "" }, line, "\n"]).collect(),
            OTHERS.replace('\n', "\r\n"),
            "apiVersion: v1\nkind: Config\nclusters: []\nusers: null\n".to_owned(),
            "{apiVersion: v1, clusters: [{name: other, cluster: {server: x}}], users: [], kind: Config}".to_owned(),
            "clusters: [{name: a, cluster: {}}]\nusers:\n- {name: b, user: {}}\n- name: c\n  user: {}\ncontexts:\n\n# end\n".to_owned(),
            format!("users:\n- user: {{token: \"x\\n- name: {ARN}\"}}\n  name: trap\n- name: {ARN}\n  user: {{token: old}}\n"),
            "users:\n- name: t\n  user:\n    token: |\n      users:\n      - name: x\n".to_owned(),
        ];
        for shape in shapes {
            let before = read(&shape).unwrap_or_else(|error| panic!("{error}: {shape}"));
            let text = merge(Some(&shape), &entry()).unwrap();
            assert_eq!(read(&text).unwrap(), merged(&before, &entry()).unwrap(), "{shape}");
        }
    }

    #[test]
    fn what_is_no_kubeconfig_is_refused() {
        for (text, why) in
            [("[1]", "no keys"), ("kind: Secret\n", "not Config"), ("a: [", "no YAML"), ("users: 5\n", "no list")]
        {
            let error = merge(Some(text), &entry()).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
