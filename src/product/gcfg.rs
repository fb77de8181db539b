//! Package Manager's settings, and how they survive the way into its configuration file.
//!
//! The server's reader (the Go package `gcfg`) cuts values at `#` and `;` and stops at a stray `"` or `\`. Whoever writes
//! the file (a chart, or this program itself) writes values as [`Leaf::written`] has them, and quotes nothing again.
//!
//! Promises: a [`Config`] that exists can be written; the server reads back exactly the values that were put in;
//! section and key names, which the reader compares without regard to case, occur once.
//!
//! Leaves to others which settings are right, and YAML.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use crate::model::values::is_unprintable;

/// Sections in the order in which they are to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    sections: Vec<GcfgSection>,
}

/// One `[Name]` or `[Name "subsection"]` with its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GcfgSection {
    name: String,
    subsection: Option<String>,
    settings: Vec<(String, Leaf)>,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaf {
    /// Any text, numbers included.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// A setting that occurs once per item.
    List(Vec<String>),
}

/// Why settings cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not a letter followed by letters, digits and hyphens.
    #[error("`{name}` cannot name a section or setting: only letters, digits and `-`, beginning with a letter")]
    Name {
        /// The name.
        name: String,
    },
    /// The server's format has no way to write it, nor has the YAML on the way there.
    #[error("{setting} contains the character U+{code:04X}, which cannot be written in the server's configuration")]
    Character {
        /// Section and key.
        setting: String,
        /// The character.
        code: u32,
    },
    /// A list without items leaves no trace in the file.
    #[error("{setting} is a list without items; leave the setting out")]
    EmptyList {
        /// Section and key.
        setting: String,
    },
    /// The server would take the last of two.
    #[error("{setting} is set twice (names are compared without regard to case)")]
    Twice {
        /// Section, or section and key.
        setting: String,
    },
}

impl GcfgSection {
    /// Begins a section without settings.
    pub fn new(name: &str) -> GcfgSection {
        GcfgSection { name: name.to_owned(), subsection: None, settings: Vec::new() }
    }

    /// Begins a subsection without settings.
    pub fn within(name: &str, subsection: &str) -> GcfgSection {
        GcfgSection { subsection: Some(subsection.to_owned()), ..GcfgSection::new(name) }
    }

    /// Begins the section that stands between brackets as `Name` or `Name "subsection"`.
    ///
    /// # Errors
    /// If the server would not read it as the name of a section.
    pub fn headed(heading: &str) -> Result<GcfgSection, ConfigError> {
        let wrong = || ConfigError::Name { name: heading.to_owned() };
        let section = match heading.split_once(' ') {
            None => GcfgSection::new(heading),
            Some((name, rest)) => {
                let is_quoted = rest.starts_with('"') && is_whole_quoted(rest);
                let subsection = read_value(rest).ok().filter(|_| is_quoted).ok_or_else(wrong)?;
                GcfgSection::within(name, &subsection)
            }
        };
        section.check().map_err(|_| wrong())?;
        Ok(section)
    }

    /// Adds a setting.
    #[must_use]
    pub fn set(mut self, key: &str, leaf: Leaf) -> GcfgSection {
        self.settings.push((key.to_owned(), leaf));
        self
    }

    /// Adds a text setting.
    #[must_use]
    pub fn text(self, key: &str, text: impl Into<String>) -> GcfgSection {
        self.set(key, Leaf::Text(text.into()))
    }

    /// What stands between the brackets.
    pub fn heading(&self) -> String {
        match &self.subsection {
            Some(subsection) => format!("{} {}", self.name, quoted(subsection)),
            None => self.name.clone(),
        }
    }

    /// Whether the server takes both for one section.
    pub fn is_same_as(&self, other: &GcfgSection) -> bool {
        self.name.eq_ignore_ascii_case(&other.name) && self.subsection == other.subsection
    }

    /// Whether this is the section of this name itself, and no subsection.
    pub fn is(&self, name: &str) -> bool {
        self.is_same_as(&GcfgSection::new(name))
    }

    /// The setting of this name.
    pub fn setting(&self, key: &str) -> Option<&Leaf> {
        self.settings.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, leaf)| leaf)
    }

    /// Settings in the order in which they were added.
    pub fn settings(&self) -> &[(String, Leaf)] {
        &self.settings
    }

    /// Whether section and settings can be written.
    ///
    /// # Errors
    /// The first name, value or repetition that the format has no way to express.
    pub fn check(&self) -> Result<(), ConfigError> {
        check_name(&self.name)?;
        check_text(&self.name, self.subsection.as_deref().unwrap_or_default())?;
        let mut seen = BTreeSet::new();
        for (key, leaf) in &self.settings {
            check_name(key)?;
            let setting = format!("{}.{key}", self.name);
            if !seen.insert(key.to_ascii_lowercase()) {
                return Err(ConfigError::Twice { setting });
            }
            match leaf {
                Leaf::Text(text) => check_text(&setting, text)?,
                Leaf::Flag(_) => {}
                Leaf::List(items) if items.is_empty() => {
                    return Err(ConfigError::EmptyList { setting });
                }
                Leaf::List(items) => items.iter().try_for_each(|item| check_text(&setting, item))?,
            }
        }
        Ok(())
    }
}

impl Leaf {
    /// Its texts: one, or the items of a list; none for a flag.
    pub fn texts(&self) -> &[String] {
        match self {
            Leaf::Text(text) => std::slice::from_ref(text),
            Leaf::List(items) => items,
            Leaf::Flag(_) => &[],
        }
    }

    /// The values as they must stand after `Key = `, one line each.
    pub fn written(&self) -> Vec<String> {
        match self {
            Leaf::Text(text) => vec![escaped(text)],
            Leaf::Flag(flag) => vec![flag.to_string()],
            Leaf::List(items) => items.iter().map(|item| escaped(item)).collect(),
        }
    }
}

impl Config {
    /// Takes sections that can be written.
    ///
    /// # Errors
    /// The first name, value or repetition that the format has no way to express.
    pub fn new(sections: Vec<GcfgSection>) -> Result<Config, ConfigError> {
        let mut seen = BTreeSet::new();
        for section in &sections {
            section.check()?;
            if !seen.insert((section.name.to_ascii_lowercase(), section.subsection.clone())) {
                return Err(ConfigError::Twice { setting: format!("section {}", section.heading()) });
            }
        }
        Ok(Config { sections })
    }

    /// Takes further settings: into a section that is there, or in one of their own after the others.
    ///
    /// # Errors
    /// As [`Config::new`]; a setting that is there already is a repetition.
    pub fn with(mut self, more: &[GcfgSection]) -> Result<Config, ConfigError> {
        for section in more {
            match self.sections.iter_mut().find(|there| there.is_same_as(section)) {
                Some(there) => there.settings.extend(section.settings.iter().cloned()),
                None => self.sections.push(section.clone()),
            }
        }
        Config::new(self.sections)
    }

    /// Sections in the order in which they are to be shown.
    pub fn sections(&self) -> &[GcfgSection] {
        &self.sections
    }

    /// Writes the file: sections and keys sorted, a blank line after each section.
    pub fn to_gcfg(&self) -> String {
        let mut sections: Vec<&GcfgSection> = self.sections.iter().collect();
        sections.sort_by_key(|section| section.heading());
        let mut file = String::new();
        for section in sections {
            let _ = writeln!(file, "[{}]", section.heading());
            let mut settings: Vec<&(String, Leaf)> = section.settings.iter().collect();
            settings.sort_by(|(one, _), (other, _)| one.cmp(other));
            for (key, leaf) in settings {
                for value in leaf.written() {
                    let _ = writeln!(file, "{key} = {value}");
                }
            }
            file.push('\n');
        }
        file
    }
}

/// Reads what stands after `=` as the Go package does, for values on one line; comments end it.
///
/// # Errors
/// What the server stops at.
pub fn read_value(text: &str) -> Result<String, String> {
    let mut value = String::new();
    let mut kept = 0;
    let mut is_quoted = false;
    let mut rest = text.trim_start_matches([' ', '\t']).chars();
    while let Some(c) = rest.next() {
        match c {
            '#' | ';' if !is_quoted => break,
            '"' => is_quoted = !is_quoted,
            '\\' => match rest.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(literal @ ('"' | '\\')) => value.push(literal),
                other => return Err(format!("unknown escape sequence {other:?}")),
            },
            _ => value.push(c),
        }
        if is_quoted || !matches!(c, ' ' | '\t') {
            kept = value.len();
        }
    }
    if is_quoted {
        return Err(format!("string not terminated: {text}"));
    }
    value.truncate(kept);
    Ok(value)
}

/// Whether text is quoted for the reader from end to end.
pub fn is_whole_quoted(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut is_escaped = false;
    let ends_inside = inner.chars().any(|c| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    !ends_inside && !is_escaped
}

/// Whether the reader takes this for a section's or a setting's name.
pub fn has_setting_name(name: &str) -> bool {
    check_name(name).is_ok()
}

fn check_name(name: &str) -> Result<(), ConfigError> {
    let begins_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    if begins_well && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        Ok(())
    } else {
        Err(ConfigError::Name { name: name.to_owned() })
    }
}

fn check_text(setting: &str, text: &str) -> Result<(), ConfigError> {
    // A block of YAML, by which the file reaches a pod, ends at some of them and is refused for the others; the server's
    // reader refuses a byte order mark anywhere but at the start of the file.
    match text.chars().find(|c| is_unprintable(*c)) {
        Some(c) => Err(ConfigError::Character { setting: setting.to_owned(), code: u32::from(c) }),
        None => Ok(()),
    }
}

fn escaped(text: &str) -> String {
    let has_hazard = text.contains(['#', ';', '"', '\\']);
    let has_outer_space = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    if has_hazard || has_outer_space { quoted(text) } else { text.to_owned() }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
pub(crate) mod tests;
