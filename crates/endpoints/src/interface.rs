//! What a network interface admits: accepted endpoints, redirections (apps-and-endpoints.md 8,
//! node-and-operations.md 5.4, 5.5). Listening and TLS are in `quorate_http`.

use regress::Regex;

/// Rules of one interface, fixed at start.
#[derive(Clone, Debug, Default)]
pub struct InterfaceRules {
    accepted: Option<Vec<Regex>>,
    unsecured: bool,
    redirections: Option<Redirections>,
}

/// Where an interface redirects to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirections {
    /// For endpoints that need the primary.
    pub to_primary: Resolver,
    /// For endpoints that want a backup.
    pub to_backup: Resolver,
}

/// Finds the address to redirect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// The published address of a node's interface.
    NodeByRole {
        /// Which node.
        role: NodeRole,
        /// Which of its interfaces; `None` is that of the same name as the one the request came in
        /// on.
        interface: Option<String>,
    },
    /// An address as configured.
    StaticAddress(String),
}

/// By default the primary, also for `to_backup`.
impl Default for Resolver {
    fn default() -> Self {
        Self::NodeByRole {
            role: NodeRole::Primary,
            interface: None,
        }
    }
}

/// The node that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRole {
    /// The primary.
    Primary,
    /// A random trusted node that is not the primary.
    Backup,
}

/// An `accepted_endpoints` entry that is no regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("accepted_endpoints: '{pattern}' is not an ECMAScript regular expression: {reason}")]
pub struct PatternError {
    /// The entry.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

impl InterfaceRules {
    /// Only endpoints whose template with prefix is matched in full by one of these ECMAScript
    /// regular expressions.
    ///
    /// # Errors
    /// [`PatternError`] for the first that is none.
    pub fn accept(mut self, patterns: &[String]) -> Result<Self, PatternError> {
        let compiled = patterns.iter().map(|pattern| {
            // Compiled alone first: in the group, an unbalanced bracket could become balanced.
            Regex::new(pattern)
                .and_then(|_| Regex::new(&format!("^(?:{pattern})$")))
                .map_err(|error| PatternError {
                    pattern: pattern.clone(),
                    reason: error.to_string(),
                })
        });
        self.accepted = Some(compiled.collect::<Result<_, _>>()?);
        Ok(self)
    }

    /// The interface has no TLS: without a list of accepted endpoints it refuses all.
    #[must_use]
    pub fn unsecured(mut self) -> Self {
        self.unsecured = true;
        self
    }

    /// The interface redirects, and never forwards.
    #[must_use]
    pub fn redirect(mut self, redirections: Redirections) -> Self {
        self.redirections = Some(redirections);
        self
    }

    /// Whether the endpoint with this template (prefix included) is accepted.
    pub(crate) fn accepts(&self, full_template: &str) -> bool {
        match &self.accepted {
            Some(patterns) => patterns
                .iter()
                .any(|regex| regex.find(full_template).is_some()),
            None => !self.unsecured,
        }
    }

    /// Whether everything is refused because nothing was configured.
    pub(crate) fn is_unconfigured_unsecured(&self) -> bool {
        self.unsecured && self.accepted.is_none()
    }

    pub(crate) fn redirections(&self) -> Option<&Redirections> {
        self.redirections.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(patterns: &[&str]) -> InterfaceRules {
        let patterns: Vec<String> = patterns.iter().map(|&p| p.to_owned()).collect();
        InterfaceRules::default().accept(&patterns).unwrap()
    }

    #[test]
    fn node_5_4_patterns_match_the_whole_template() {
        let rules = accepting(&["/node/.*", "/app/log/private/\\{id\\}"]);
        assert!(rules.accepts("/node/network/nodes/{node_id}"));
        assert!(rules.accepts("/app/log/private/{id}"));
        assert!(!rules.accepts("/app/log/private/{id}/x"));
        assert!(!rules.accepts("/x/node/state"));
        assert!(!accepting(&["/node/a|/gov/b"]).accepts("/gov/bc"));
        assert!(!accepting(&[]).accepts("/node/state"));
    }

    #[test]
    fn node_5_4_unsecured_without_a_list_refuses_everything() {
        assert!(InterfaceRules::default().accepts("/node/state"));
        assert!(!InterfaceRules::default().unsecured().accepts("/node/state"));
        assert!(
            accepting(&["/node/state"])
                .unsecured()
                .accepts("/node/state")
        );
    }

    #[test]
    fn apps_8_1_an_invalid_pattern_is_an_error_at_start() {
        for pattern in ["(", "a)(b", "[", "*"] {
            let error = InterfaceRules::default()
                .accept(&[pattern.to_owned()])
                .unwrap_err();
            assert_eq!(error.pattern, pattern);
        }
    }
}
