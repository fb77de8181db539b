//! The page: everything a command has to say, once, for every printer.

use serde_json::Value;

use super::block::{Block, Fold, Heading};
use super::text::{Label, Text};
use crate::model::finding::{Finding, Grade, Severity};

/// What a program is told, by its keys.
pub type JsonFields = Vec<(&'static str, Value)>;

/// What a command has to say. Printers need nothing else.
pub struct Page<'a> {
    /// The command, such as `plan`.
    pub command: &'static str,
    /// The stack it is about, and where that is.
    pub scope: PageScope<'a>,
    /// The declaration that the places of findings are in; nothing where nobody knows it any more.
    pub source: Option<DeclarationText<'a>>,
    /// The sections, in the order in which they are read; one without content is not shown, and programs are told that
    /// it is empty.
    pub sections: Vec<Section<'a>>,
    /// What stands above and below it where it is kept or sent by itself; nothing where it is not made for that.
    pub frame: Option<PageFrame>,
    /// What comes of it all, in one line.
    pub verdict: Text,
    /// What is worth knowing below the verdict.
    pub remarks: Vec<Remark>,
    /// The steps that make it long, where there are steps.
    pub chain: CriticalPath,
    /// What programs are told beside the sections.
    pub json_fields: JsonFields,
    /// What programs are told of the whole: counts, and what comes of it.
    pub summary: Value,
}

/// What stands above and below a page that is kept or sent by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFrame {
    /// What it comes to, in a line that stands alone behind the name of the stack.
    pub headline: Text,
    /// How bad that is, as a label: what the line is drawn with.
    pub tone: Label,
    /// What shows all of it, where a page is cut short; often empty.
    pub whole: Text,
    /// What it was made from, and how long it holds.
    pub footer: Vec<Text>,
}

/// What a page is about: a stack, and where that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageScope<'a> {
    /// The stack.
    pub stack: &'a str,
    /// Its region and its account; nothing on pages that follow one which has told them.
    pub region_and_account: Option<(&'a str, &'a str)>,
}

/// A declaration as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeclarationText<'a> {
    /// The file, as it was named.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// One part of a page.
pub struct Section<'a> {
    /// Its stable name, unique on a page.
    pub id: &'static str,
    /// What stands above it.
    pub heading: Heading,
    /// How it is set off where the page is short and read from top to bottom, as on a terminal.
    pub lead: Lead,
    /// Whether it can be folded away where pages can.
    pub fold: Fold,
    /// What stands in it.
    pub content: Box<dyn SectionContent + 'a>,
}

/// How a section is set off from what stands above it where a page is read from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// By its heading.
    Heading,
    /// By a gap: it is what the page is about, and says so by itself.
    Gap,
    /// Not at all: it is what the page is about, and its groups have headings if they need any.
    None,
}

/// What stands in a section, for readers and for programs, from the same values.
pub trait SectionContent {
    /// What readers see; nothing where nothing is worth a heading.
    fn blocks(&self) -> Vec<Block>;

    /// What programs are told. Keys are those of the page, and stand also where there is nothing to tell.
    fn json_fields(&self) -> JsonFields;

    /// What was found, in the words of checks, for printers that tell nothing else.
    fn findings(&self) -> Vec<&Finding> {
        Vec::new()
    }

    /// What was found as well and is not counted, because somebody answers for it.
    fn waived(&self) -> Vec<&Finding> {
        Vec::new()
    }

    /// The classes its findings may be of, where they are known beforehand.
    fn classes(&self) -> &'static [&'static FindingClass] {
        &[]
    }
}

/// What all findings of one id have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindingClass {
    /// The id.
    pub id: &'static str,
    /// How bad they are.
    pub severity: Severity,
    /// How bad in particular, of what is there otherwise than it was made, where the field does not say.
    pub grade: Option<Grade>,
    /// Whether they are drift: what is there is otherwise than it was made. Else they are worth knowing, or nobody knows.
    pub is_drift: bool,
    /// What they tell, in one sentence without its full stop.
    pub tells: &'static str,
    /// What can be done about them.
    pub advice: &'static str,
}

/// What is worth knowing below the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// More of the same.
    Plain(Text),
    /// What to type next.
    Hint(Text),
    /// What deserves a second look.
    Warning(Text),
}

impl Remark {
    /// Its word and what that is; nothing for what needs none.
    pub const fn word(&self) -> Option<(&'static str, Label)> {
        match self {
            Self::Plain(_) => None,
            Self::Hint(_) => Some(("hint", Label::Hint)),
            Self::Warning(_) => Some(("warning", Label::Warning)),
        }
    }

    /// What it says.
    pub const fn text(&self) -> &Text {
        match self {
            Self::Plain(text) | Self::Hint(text) | Self::Warning(text) => text,
        }
    }
}

/// Steps that wait for each other, in their order: the chain that takes longest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CriticalPath {
    /// The steps; each begins when the one before it is over.
    pub steps: Vec<CriticalStep>,
    /// Seconds the whole usually takes.
    pub seconds: u64,
    /// Seconds it seldom takes longer than.
    pub p90_seconds: u64,
}

/// A step of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriticalStep {
    /// What it does, such as `create vpc.main`.
    pub name: Text,
    /// Seconds it usually takes.
    pub seconds: u64,
}

impl<'a> Section<'a> {
    /// A section under its heading.
    pub fn titled(id: &'static str, heading: Heading, content: impl SectionContent + 'a) -> Self {
        Self { id, heading, lead: Lead::Heading, fold: Fold::Never, content: Box::new(content) }
    }

    /// The same, set off as `lead` says.
    #[must_use]
    pub fn led(self, lead: Lead) -> Self {
        Self { lead, ..self }
    }

    /// The same, folded away until somebody asks for it.
    #[must_use]
    pub fn folded(self) -> Self {
        Self { fold: Fold::Closed, ..self }
    }
}

impl Page<'_> {
    /// Everything that was found, in the order of the sections.
    pub fn findings(&self) -> Vec<&Finding> {
        self.sections.iter().flat_map(|section| section.content.findings()).collect()
    }

    /// Everything that somebody answers for, in the order of the sections.
    pub fn waived(&self) -> Vec<&Finding> {
        self.sections.iter().flat_map(|section| section.content.waived()).collect()
    }

    /// How bad the worst of its drift is; nothing where there is none.
    pub fn worst_drift(&self) -> Option<Grade> {
        self.drift().filter_map(|one| one.grade).max()
    }

    /// What of the findings is drift.
    pub fn drift(&self) -> impl Iterator<Item = &Finding> {
        let is_drift = |one: &&Finding| self.class(one.id).is_some_and(|class| class.is_drift);
        self.findings().into_iter().filter(is_drift)
    }

    /// The class of the findings of an id, where it is known.
    pub fn class(&self, id: &str) -> Option<&'static FindingClass> {
        let mut all = self.sections.iter().flat_map(|section| section.content.classes());
        all.find(|class| class.id == id).copied()
    }
}
