//! Addresses of interfaces (node-and-operations.md 2.3). Nothing is resolved here.

use std::fmt;

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Name or numeric address; IPv6 without brackets.
    pub host: String,
    /// Port; 0 where the text has none.
    pub port: u16,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// What follows the last colon is not a number.
    #[error("Port '{0}' is not a number")]
    PortNotNumber(String),
    /// What follows the last colon is not a port.
    #[error("Port '{0}' is not in range 0-65535")]
    PortOutOfRange(String),
    /// There is nothing before the port.
    #[error("Address '{0}' has no host")]
    NoHost(String),
}

impl Address {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`. An absent or empty port is 0.
    ///
    /// # Errors
    /// The port is no number up to 65535, or the host is empty.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        // In "[::1]" the last colon belongs to the host.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (text, ""),
        };
        let port = match port {
            "" => 0,
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits
                .parse()
                .map_err(|_| AddressError::PortOutOfRange(digits.to_owned()))?,
            other => return Err(AddressError::PortNotNumber(other.to_owned())),
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(host);
        if bare.is_empty() {
            return Err(AddressError::NoHost(text.to_owned()));
        }
        Ok(Address {
            host: bare.to_owned(),
            port,
        })
    }
}

/// `host:port`, with brackets around a host that contains a colon.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
