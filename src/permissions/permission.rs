//! One row of the table: an action of IAM, the calls that need it, the commands that make them, and on what.

use super::{AllowedCall, NetworkScope, StackScope, Target};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyPurpose {
    /// `plan` and `status`: look at what is declared and recorded, and whether a plan can be carried out.
    Plan,
    /// `apply` and `preflight`: the same, ask what may be done, and make, change and remove.
    Apply,
    /// `drift`: look at everything that could have been changed, and who changed it.
    Drift,
    /// `destroy`: look, and remove.
    Destroy,
    /// `drift fix`: what `drift` and `apply` may, and take away what somebody added.
    DriftFix,
}

impl PolicyPurpose {
    /// Every one of them.
    pub const ALL: [Self; 5] = [Self::Plan, Self::Apply, Self::Drift, Self::Destroy, Self::DriftFix];

    /// The word of the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Drift => "drift",
            Self::Destroy => "destroy",
            Self::DriftFix => "drift-fix",
        }
    }

    /// The command as it is typed.
    pub const fn command(self) -> &'static str {
        match self {
            Self::DriftFix => "drift fix",
            Self::Plan | Self::Apply | Self::Drift | Self::Destroy => self.word(),
        }
    }

    /// The purposes whose rows it is given.
    const fn rows(self) -> &'static [Self] {
        match self {
            Self::Plan => &[Self::Plan],
            Self::Apply => &[Self::Apply],
            Self::Drift => &[Self::Drift],
            Self::Destroy => &[Self::Destroy],
            Self::DriftFix => &[Self::Drift, Self::Apply, Self::DriftFix],
        }
    }
}

/// Which stacks need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// All of them.
    Always,
    /// Those that make their network.
    OwnNetwork,
    /// Those that make their network, which reaches the internet.
    Connected,
    /// Those whose network reaches AWS by endpoints alone.
    AirGapped,
    /// Those in a network that somebody else made.
    ExistingNetwork,
    /// Those with a key of their own.
    OwnKey,
    /// Those with a certificate.
    Certificate,
    /// Those with declared administrators of the cluster.
    Administrators,
}

impl When {
    fn holds(self, scope: &StackScope) -> bool {
        match self {
            Self::Always => true,
            Self::OwnNetwork => !matches!(scope.network, NetworkScope::Existing { .. }),
            Self::Connected => scope.network == NetworkScope::Connected,
            Self::AirGapped => scope.network == NetworkScope::AirGapped,
            Self::ExistingNetwork => matches!(scope.network, NetworkScope::Existing { .. }),
            Self::OwnKey => scope.key.is_none(),
            Self::Certificate => scope.has_certificate,
            Self::Administrators => scope.has_administrators,
        }
    }
}

/// Which calls need it.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// The call of the same name.
    Same,
    /// Calls of other names, of the same service.
    By(&'static [&'static str]),
    /// No call of the program: a service asks for it in the name of the caller.
    OnBehalf,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permission {
    /// The action, such as `ec2:CreateVpc`.
    pub(super) action: &'static str,
    asked: Asked,
    purposes: &'static [PolicyPurpose],
    targets: &'static [Target],
    when: When,
}

/// A row for the call of the same name.
pub(super) const fn row(
    action: &'static str,
    purposes: &'static [PolicyPurpose],
    targets: &'static [Target],
) -> Permission {
    Permission { action, asked: Asked::Same, purposes, targets, when: When::Always }
}

impl Permission {
    /// The same for calls of other names.
    pub(super) const fn by(self, calls: &'static [&'static str]) -> Self {
        Self { asked: Asked::By(calls), ..self }
    }

    /// The same for what a service asks in the name of the caller.
    pub(super) const fn on_behalf(self) -> Self {
        Self { asked: Asked::OnBehalf, ..self }
    }

    /// The same for some stacks alone.
    pub(super) const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    /// Whether a stack needs it for a purpose.
    pub(super) fn is_for(&self, scope: &StackScope, purpose: PolicyPurpose) -> bool {
        self.when.holds(scope) && purpose.rows().iter().any(|rows| self.purposes.contains(rows))
    }

    /// On what.
    pub(super) const fn targets(&self) -> &'static [Target] {
        self.targets
    }

    /// The service and the name of the action.
    pub(super) fn parts(&self) -> (&'static str, &'static str) {
        self.action.split_once(':').expect("an action names its service")
    }

    /// Its calls.
    pub(super) fn calls(&'static self) -> Vec<AllowedCall> {
        let (service, name) = self.parts();
        let call = |operation| AllowedCall { service, operation, action: self.action };
        match self.asked {
            Asked::Same => vec![call(name)],
            Asked::By(calls) => calls.iter().copied().map(call).collect(),
            Asked::OnBehalf => Vec::new(),
        }
    }
}
