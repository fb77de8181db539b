//! The parts of an architecture, under which people find its objects.

/// A part of an architecture, in the order in which parts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// Networks, the ways out of them, and who may pass.
    Network,
    /// Who may do what, and the keys.
    Access,
    /// What is stored.
    Data,
    /// The cluster and its parts.
    Kubernetes,
    /// What users come in through.
    FrontDoor,
    /// What belongs to no part.
    Other,
}

impl Component {
    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Access => "Access",
            Self::Data => "Data",
            Self::Kubernetes => "Kubernetes",
            Self::FrontDoor => "Front door",
            Self::Other => "Other",
        }
    }

    /// Its name in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Access => "access",
            Self::Data => "data",
            Self::Kubernetes => "kubernetes",
            Self::FrontDoor => "front_door",
            Self::Other => "other",
        }
    }
}
