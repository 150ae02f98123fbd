//! What a map's name says about it (kv-tables.md 1.1, ledger.md 2.6). Who may access which kind of map is
//! the business of the script sandbox.

/// Prefix of the maps that stand in plain text in the ledger.
pub const PUBLIC_PREFIX: &str = "public:";

/// Key of every single-value map, and value of every member of a set (kv-tables.md 1.2).
pub const UNIT: &[u8; 8] = &[0; 8];

const RESERVED_PREFIX: &str = "ccf.";
const INTERNAL_PREFIX: &str = "ccf.internal.";
const GOVERNANCE_PREFIX: &str = "ccf.gov.";

/// How a map's entries stand in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// In plain text.
    Public,
    /// Encrypted with the ledger secret.
    Private,
}

/// Whom a map belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// The framework: `ccf.internal.`.
    Internal,
    /// The consortium: `ccf.gov.`.
    Governance,
    /// The application.
    Application,
}

/// A name that begins like a framework's map and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Map name '{0}' includes disallowed reserved prefix 'ccf.'")]
pub struct MapNameError(
    /// The name without `public:`.
    pub String,
);

/// Domain and namespace of a map.
///
/// # Errors
/// The name is reserved.
pub fn classify(name: &str) -> Result<(Domain, Namespace), MapNameError> {
    let (domain, rest) = match name.strip_prefix(PUBLIC_PREFIX) {
        Some(rest) => (Domain::Public, rest),
        None => (Domain::Private, name),
    };
    let namespace = if rest.starts_with(INTERNAL_PREFIX) {
        Namespace::Internal
    } else if rest.starts_with(GOVERNANCE_PREFIX) {
        Namespace::Governance
    } else if rest.starts_with(RESERVED_PREFIX) {
        return Err(MapNameError(rest.to_owned()));
    } else {
        Namespace::Application
    };
    Ok((domain, namespace))
}

/// Refuses reserved names. Whoever takes a name from a script or an application calls this (or
/// [`classify`]) before handing it to a transaction.
///
/// # Errors
/// The name is reserved.
pub fn check_name(name: &str) -> Result<(), MapNameError> {
    classify(name).map(|_| ())
}

/// [`check_name`] for constants: a table declared with a reserved name does not compile.
#[must_use]
pub const fn is_legal_name(name: &str) -> bool {
    let name = name.as_bytes();
    let start = if has_prefix_at(name, 0, PUBLIC_PREFIX) {
        PUBLIC_PREFIX.len()
    } else {
        0
    };
    !has_prefix_at(name, start, RESERVED_PREFIX)
        || has_prefix_at(name, start, INTERNAL_PREFIX)
        || has_prefix_at(name, start, GOVERNANCE_PREFIX)
}

const fn has_prefix_at(text: &[u8], start: usize, prefix: &str) -> bool {
    let prefix = prefix.as_bytes();
    if text.len() < start + prefix.len() {
        return false;
    }
    let mut index = 0;
    while index < prefix.len() {
        if text[start + index] != prefix[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kv_tables_1_1_domain_and_namespace_of_a_name() {
        for (name, domain, namespace) in [
            (
                "public:ccf.internal.tree",
                Domain::Public,
                Namespace::Internal,
            ),
            (
                "public:ccf.gov.nodes.info",
                Domain::Public,
                Namespace::Governance,
            ),
            ("ccf.internal.x", Domain::Private, Namespace::Internal),
            ("ccf.gov.x", Domain::Private, Namespace::Governance),
            ("public:records", Domain::Public, Namespace::Application),
            ("records", Domain::Private, Namespace::Application),
            ("public:CCF.gov.x", Domain::Public, Namespace::Application),
            ("PUBLIC:ccf.x", Domain::Private, Namespace::Application),
            (
                "public:public:ccf.x",
                Domain::Public,
                Namespace::Application,
            ),
            ("ccf", Domain::Private, Namespace::Application),
            ("", Domain::Private, Namespace::Application),
            ("public:", Domain::Public, Namespace::Application),
        ] {
            assert_eq!(classify(name), Ok((domain, namespace)), "{name}");
            assert!(is_legal_name(name), "{name}");
        }
    }

    #[test]
    fn kv_tables_1_1_other_names_below_ccf_are_reserved() {
        for (name, shown) in [
            ("public:ccf.foo", "ccf.foo"),
            ("ccf.foo", "ccf.foo"),
            ("public:ccf.", "ccf."),
            ("ccf.govern", "ccf.govern"),
            ("public:ccf.internal", "ccf.internal"),
        ] {
            assert_eq!(
                classify(name).unwrap_err().to_string(),
                format!("Map name '{shown}' includes disallowed reserved prefix 'ccf.'")
            );
            assert!(!is_legal_name(name), "{name}");
        }
    }
}
