//! A page as a message of Slack, in its Block Kit; Mattermost and others take the same.
//!
//! Promises: what comes from elsewhere is text: it calls nobody and makes no link. Every part is as short as Slack takes it.

use serde_json::{Value, json};

use super::style::painted;
use crate::report::{Block, Page, Row, Section};

/// As many characters a header takes ("Header block", Slack's reference of Block Kit).
const HEADER: usize = 150;

/// As many characters the text of a section takes ("Section block").
const SECTION: usize = 3000;

/// The page as a message.
pub fn slack(page: &Page<'_>) -> Value {
    let subject = painted(&page.verdict, false);
    let mut blocks =
        vec![json!({"type": "header", "text": {"type": "plain_text", "text": cut(&subject, HEADER), "emoji": false}})];
    for text in page.sections.iter().filter_map(section) {
        blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}));
    }
    if let Some((region, account)) = page.scope.region_and_account {
        let place = escaped(&format!("{} in {region}, account {account}", page.scope.stack));
        blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": place, "verbatim": true}]}));
    }
    json!({"text": escaped(&subject), "blocks": blocks})
}

/// The tables of a section; nothing where there is none.
fn section(section: &Section<'_>) -> Option<String> {
    let blocks = section.content.blocks();
    let rows = blocks.iter().flat_map(|block| match block {
        Block::Table(table) => table.groups.iter().flat_map(|group| &group.rows).collect(),
        Block::Quotes(_) | Block::Messages(_) | Block::Graph(_) | Block::Timeline(_) => Vec::new(),
    });
    let lines: Vec<String> = rows.map(line).collect();
    if lines.is_empty() {
        return None;
    }
    let mut text = format!("*{}*", escaped(&painted(&section.heading.title, false)));
    for (n, line) in lines.iter().enumerate() {
        let rest = format!("\nand {} more", lines.len() - n);
        if text.chars().count() + line.chars().count() + rest.chars().count() > SECTION {
            text.push_str(&rest);
            break;
        }
        text.push_str(line);
    }
    Some(text)
}

/// The cells of a row, one behind the other.
fn line(row: &Row) -> String {
    let cells = row.cells.iter().flatten().map(|text| escaped(&cut(&painted(text, false), SECTION / 10)));
    let cells: Vec<String> = cells.filter(|cell| !cell.is_empty()).collect();
    format!("\n\u{2022} {}", cells.join("  "))
}

fn cut(words: &str, longest: usize) -> String {
    if words.chars().count() <= longest {
        return words.to_owned();
    }
    words.chars().take(longest - 1).chain(['\u{2026}']).collect()
}

/// What has a meaning of its own in Slack ("Formatting text", escaping).
fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
