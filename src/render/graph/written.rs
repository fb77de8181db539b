//! A graph for programs that draw: Graphviz and Mermaid.

use std::fmt::Write as _;

use crate::render::signs::Signs;
use crate::render::style::painted;
use crate::report::{Graph, GraphNode, RowStatus};

/// For Graphviz.
pub fn dot(graph: &Graph) -> String {
    let mut text = "digraph stack {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
    by_lane(graph, |lane, nodes| {
        let indent = if lane.is_some() { "    " } else { "  " };
        if let Some(lane) = lane {
            let name = quoted(&painted(&graph.lanes[lane], false));
            let _ = writeln!(text, "  subgraph cluster_{lane} {{\n    label={name};");
        }
        for place in nodes {
            let node = &graph.nodes[place];
            let look = node
                .status
                .map(|status| format!(" [label={}, color={}]", quoted(&labelled(node, status)), dot_colour(status)));
            let _ = writeln!(text, "{indent}{}{};", quoted(&node.address.to_string()), look.unwrap_or_default());
        }
        if lane.is_some() {
            text.push_str("  }\n");
        }
    });
    for tie in &graph.ties {
        let mut looks = Vec::new();
        if let Some(why) = &tie.why {
            looks.push(format!("style=dashed, tooltip={}", quoted(&painted(why, false))));
        }
        if tie.is_critical {
            looks.push("penwidth=3".to_owned());
        }
        let looks = if looks.is_empty() { String::new() } else { format!(" [{}]", looks.join(", ")) };
        let [from, to] = [tie.from, tie.to].map(|place| quoted(&graph.nodes[place].address.to_string()));
        let _ = writeln!(text, "  {from} -> {to}{looks};");
    }
    text + "}\n"
}

/// For Mermaid, as GitHub and GitLab draw it in Markdown.
pub fn mermaid(graph: &Graph) -> String {
    let mut text = "flowchart LR\n".to_owned();
    by_lane(graph, |lane, nodes| {
        let indent = if lane.is_some() { "    " } else { "  " };
        if let Some(lane) = lane {
            let _ = writeln!(text, "  subgraph l{lane}[\"{}\"]", mermaid_text(&painted(&graph.lanes[lane], false)));
        }
        for place in nodes {
            let node = &graph.nodes[place];
            let told = node.status.map_or_else(|| node.address.to_string(), |status| labelled(node, status));
            let class = node.status.map(|status| format!(":::{}", super::class(Some(status)))).unwrap_or_default();
            let _ = writeln!(text, "{indent}n{place}[\"{}\"]{class}", mermaid_text(&told));
        }
        if lane.is_some() {
            text.push_str("  end\n");
        }
    });
    for tie in &graph.ties {
        let arrow = match (tie.is_critical, tie.why.is_some()) {
            (true, _) => "==>",
            (false, true) => "-.->",
            (false, false) => "-->",
        };
        let _ = writeln!(text, "  n{} {arrow} n{}", tie.from, tie.to);
    }
    for status in statuses(graph) {
        let _ = writeln!(
            text,
            "  classDef {} stroke:{},stroke-width:3px",
            super::class(Some(status)),
            mermaid_colour(status)
        );
    }
    text
}

/// Those of each lane, of which the first and what is in several have none around them.
fn by_lane(graph: &Graph, mut told: impl FnMut(Option<usize>, Vec<usize>)) {
    let of = |lane: Option<usize>| {
        let is_here = |node: &GraphNode| {
            let (first, last) = node.lanes;
            (if first == last && first > 0 { Some(first) } else { None }) == lane
        };
        let here = graph.nodes.iter().enumerate().filter(|(_, node)| is_here(node));
        here.map(|(place, _)| place).collect::<Vec<usize>>()
    };
    told(None, of(None));
    for lane in 1..graph.lanes.len() {
        told(Some(lane), of(Some(lane)));
    }
}

/// The address with the sign of what happens to it.
fn labelled(node: &GraphNode, status: RowStatus) -> String {
    format!("{} {}", Signs::of(true).status(status), node.address)
}

/// What happens to objects, each class once.
fn statuses(graph: &Graph) -> Vec<RowStatus> {
    let mut found: Vec<RowStatus> = Vec::new();
    for status in graph.nodes.iter().filter_map(|node| node.status) {
        if !found.iter().any(|one| super::class(Some(*one)) == super::class(Some(status))) {
            found.push(status);
        }
    }
    found
}

/// A text in quotes, for Graphviz: a backslash before what would end it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text between quotes, for Mermaid: what has a meaning there as an entity.
fn mermaid_text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' => safe.push_str("#35;"),
            '"' => safe.push_str("#quot;"),
            '<' => safe.push_str("#lt;"),
            '>' => safe.push_str("#gt;"),
            '&' => safe.push_str("#amp;"),
            '`' => safe.push_str("#96;"),
            c => safe.push(c),
        }
    }
    safe
}

const fn dot_colour(status: RowStatus) -> &'static str {
    match status {
        RowStatus::Create | RowStatus::Well => "green4",
        RowStatus::Update | RowStatus::Drift | RowStatus::Wrong(_) => "orange3",
        RowStatus::ReplaceCreateFirst | RowStatus::ReplaceDeleteFirst => "magenta3",
        RowStatus::Delete => "red3",
        RowStatus::Forget | RowStatus::Elsewhere => "gray50",
    }
}

const fn mermaid_colour(status: RowStatus) -> &'static str {
    match status {
        RowStatus::Create | RowStatus::Well => "#1a7f37",
        RowStatus::Update | RowStatus::Drift | RowStatus::Wrong(_) => "#9a6700",
        RowStatus::ReplaceCreateFirst | RowStatus::ReplaceDeleteFirst => "#a02c8c",
        RowStatus::Delete => "#c0202b",
        RowStatus::Forget | RowStatus::Elsewhere => "#59636e",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_text_of_another_program() {
        assert_eq!(quoted("a\"b\\"), "\"a\\\"b\\\\\"");
        assert_eq!(mermaid_text("<a> \"b\" #1 & `c`"), "#lt;a#gt; #quot;b#quot; #35;1 #amp; #96;c#96;");
    }
}
