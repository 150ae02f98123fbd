//! `network`: the interfaces of a node (node-and-operations.md 3.2).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::address::Address;
use crate::cursor::Cursor;
use crate::error::ConfigError;
use crate::limits;
use crate::shapes::RPC_INTERFACE_FIELDS;

/// `network`.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// The interface to other nodes.
    pub node_to_node_interface: NodeToNodeInterface,
    /// The interfaces to clients, by name.
    pub rpc_interfaces: BTreeMap<String, RpcInterface>,
}

/// The interface to other nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeToNodeInterface {
    /// Where to listen.
    pub bind_address: Address,
    /// What other nodes are told, as it is; `None`: the bound address.
    pub published_address: Option<String>,
}

/// An interface to clients.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcInterface {
    /// The known keys as they were written, with the texts unchanged: this is what `nodes.info` and the `/node`
    /// endpoints show, apart from the two addresses (node-and-operations.md 2.2).
    pub verbatim: Value,
    /// Where to listen.
    pub bind_address: Address,
    /// What clients are told; `None`: the bound address. Port 0: the bound port.
    pub published_address: Option<Address>,
    /// What is spoken.
    pub app_protocol: AppProtocol,
    /// Open sessions from which requests are refused.
    pub max_open_sessions_soft: u64,
    /// Open sessions from which connections are closed.
    pub max_open_sessions_hard: u64,
    /// Bounds of requests.
    pub http: HttpConfiguration,
    /// Whose certificate is shown.
    pub authority: Authority,
    /// Which endpoints are served; `None`: all.
    pub accepted_endpoints: Option<AcceptedEndpoints>,
    /// How long to wait for the answer to a forwarded request.
    pub forwarding_timeout: Duration,
    /// Where requests are redirected; `None`: they are forwarded.
    pub redirections: Option<Redirections>,
}

/// The protocol on top of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppProtocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// A protocol that the application has to register under this name.
    Custom(String),
}

/// `http_configuration`. Sizes are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpConfiguration {
    /// Largest body.
    pub max_body_size: u64,
    /// Largest name or value of a header.
    pub max_header_size: u64,
    /// Most headers.
    pub max_headers_count: u64,
    /// HTTP/2: most concurrent streams of a session.
    pub max_concurrent_streams_count: u64,
    /// HTTP/2: initial flow-control window.
    pub initial_window_size: u64,
    /// HTTP/2: largest frame.
    pub max_frame_size: u64,
}

/// Whose certificate an interface shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// Self-signed by the node.
    Node,
    /// Endorsed by the service.
    Service,
    /// From an ACME server: never served.
    Acme,
    /// None: plain HTTP.
    Unsecured,
}

/// The regular expressions of `accepted_endpoints`, matched against the whole path template.
#[derive(Debug, Clone)]
pub struct AcceptedEndpoints {
    patterns: Vec<String>,
    expressions: Vec<regress::Regex>,
}

/// `redirections`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirections {
    /// For requests that need the primary.
    pub to_primary: Option<Redirection>,
    /// For requests that need a backup.
    pub to_backup: Option<Redirection>,
}

/// Where a request is sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirection {
    /// To the interface of the same name on a node with the role.
    NodeByRole(Role),
    /// To a fixed address.
    StaticAddress(String),
}

/// The part of a node in consensus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Primary.
    Primary,
    /// Backup.
    Backup,
}

impl Network {
    pub(crate) fn read(section: &Cursor<'_>) -> Result<Network, ConfigError> {
        let node_to_node = section.child("node_to_node_interface")?;
        let interfaces = section.named("rpc_interfaces")?;
        if interfaces.is_empty() {
            return Err(section.invalid(
                "rpc_interfaces",
                "There is no interface for clients".to_owned(),
                "at least one interface, such as {\"primary_rpc_interface\": {\"bind_address\": \"127.0.0.1:8000\"}}",
            ));
        }
        Ok(Network {
            node_to_node_interface: NodeToNodeInterface {
                bind_address: required_address(&node_to_node)?,
                published_address: node_to_node
                    .text("published_address")?
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned),
            },
            rpc_interfaces: interfaces
                .into_iter()
                .map(|(name, section)| {
                    let interface = RpcInterface::read(&name, &section)?;
                    Ok((name, interface))
                })
                .collect::<Result<_, ConfigError>>()?,
        })
    }
}

fn required_address(section: &Cursor<'_>) -> Result<Address, ConfigError> {
    section.address("bind_address")?.ok_or_else(|| {
        section.invalid(
            "bind_address",
            "The address is empty".to_owned(),
            "host:port or [IPv6 address]:port",
        )
    })
}

impl RpcInterface {
    fn read(name: &str, section: &Cursor<'_>) -> Result<RpcInterface, ConfigError> {
        if let Some(protocol) = section.text("protocol")?
            && !matches!(protocol, "" | "tcp")
        {
            return Err(ConfigError::Unsupported {
                interface: name.to_owned(),
                field: "protocol",
                feature: if protocol == "udp" {
                    "UDP".to_owned()
                } else {
                    format!("Protocol '{protocol}'")
                },
                valid: "tcp",
            });
        }
        let app_protocol = match section.text("app_protocol")? {
            None | Some("" | "HTTP1") => AppProtocol::Http1,
            Some("HTTP2") => AppProtocol::Http2,
            Some("QUIC") => {
                return Err(ConfigError::Unsupported {
                    interface: name.to_owned(),
                    field: "app_protocol",
                    feature: "QUIC".to_owned(),
                    valid: "HTTP1 or HTTP2",
                });
            }
            Some(custom) => AppProtocol::Custom(custom.to_owned()),
        };
        let timeout_ms = section
            .number("forwarding_timeout_ms", 0, u64::MAX)?
            .unwrap_or(3000);
        Ok(RpcInterface {
            verbatim: verbatim(section),
            bind_address: required_address(section)?,
            published_address: section.address("published_address")?,
            app_protocol,
            max_open_sessions_soft: section
                .number("max_open_sessions_soft", 0, u64::MAX)?
                .unwrap_or(1000),
            max_open_sessions_hard: section
                .number("max_open_sessions_hard", 0, u64::MAX)?
                .unwrap_or(1010),
            http: HttpConfiguration::read(&section.child("http_configuration")?)?,
            authority: match section.child("endorsement")?.text("authority")? {
                Some("Node") => Authority::Node,
                Some("ACME") => Authority::Acme,
                Some("Unsecured") => Authority::Unsecured,
                _ => Authority::Service,
            },
            accepted_endpoints: AcceptedEndpoints::read(section)?,
            forwarding_timeout: Duration::from_millis(timeout_ms),
            redirections: Redirections::read(section)?,
        })
    }
}

/// The known keys of an interface that are set.
fn verbatim(section: &Cursor<'_>) -> Value {
    let known = RPC_INTERFACE_FIELDS.iter().filter_map(|field| {
        section
            .value(field.name)
            .map(|value| (field.name.to_owned(), value.clone()))
    });
    Value::Object(known.collect::<Map<String, Value>>())
}

impl HttpConfiguration {
    fn read(section: &Cursor<'_>) -> Result<HttpConfiguration, ConfigError> {
        Ok(HttpConfiguration {
            max_body_size: section.size("max_body_size", 1 << 20)?,
            max_header_size: section.size("max_header_size", 16 << 10)?,
            max_headers_count: section
                .number("max_headers_count", 0, u64::MAX)?
                .unwrap_or(256),
            max_concurrent_streams_count: section
                .number("max_concurrent_streams_count", 1, u64::MAX)?
                .unwrap_or(100),
            initial_window_size: section.size_within(
                "initial_window_size",
                0,
                limits::MAX_WINDOW_BYTES,
                64 << 10,
            )?,
            max_frame_size: section.size_within(
                "max_frame_size",
                limits::MIN_FRAME_BYTES,
                limits::MAX_FRAME_BYTES,
                16 << 10,
            )?,
        })
    }
}

impl AcceptedEndpoints {
    /// Compiles the expressions.
    ///
    /// # Errors
    /// The index of the first one that is no regular expression of ECMAScript, and why.
    pub fn new(patterns: Vec<String>) -> Result<AcceptedEndpoints, (usize, String)> {
        let mut expressions = Vec::with_capacity(patterns.len());
        for (i, pattern) in patterns.iter().enumerate() {
            if pattern.len() > limits::MAX_PATTERN_BYTES {
                return Err((
                    i,
                    format!("longer than {} bytes", limits::MAX_PATTERN_BYTES),
                ));
            }
            // By itself first: "a)(b" must not become one within the parentheses below.
            regress::Regex::new(pattern).map_err(|e| (i, e.to_string()))?;
            let whole =
                regress::Regex::new(&format!("^(?:{pattern})$")).map_err(|e| (i, e.to_string()))?;
            expressions.push(whole);
        }
        Ok(AcceptedEndpoints {
            patterns,
            expressions,
        })
    }

    fn read(section: &Cursor<'_>) -> Result<Option<AcceptedEndpoints>, ConfigError> {
        const KEY: &str = "accepted_endpoints";
        if !section.has(KEY) {
            return Ok(None);
        }
        AcceptedEndpoints::new(section.texts(KEY)?)
            .map(Some)
            .map_err(|(i, reason)| {
                section.invalid(
                KEY,
                format!("Element {i} is no regular expression: {reason}"),
                "regular expressions of ECMAScript for whole path templates, such as \"/node/.*\"",
            )
            })
    }

    /// Whether an endpoint with this path template, such as `/node/network/nodes/{node_id}`, is served.
    pub fn accepts(&self, template: &str) -> bool {
        self.expressions
            .iter()
            .any(|expression| expression.find(template).is_some())
    }

    /// The expressions as they were written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

impl PartialEq for AcceptedEndpoints {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Redirections {
    fn read(section: &Cursor<'_>) -> Result<Option<Redirections>, ConfigError> {
        if !section.has("redirections") {
            return Ok(None);
        }
        let redirections = section.child("redirections")?;
        Ok(Some(Redirections {
            to_primary: Redirection::read(&redirections, "to_primary")?,
            to_backup: Redirection::read(&redirections, "to_backup")?,
        }))
    }
}

impl Redirection {
    fn read(redirections: &Cursor<'_>, key: &str) -> Result<Option<Redirection>, ConfigError> {
        if !redirections.has(key) {
            return Ok(None);
        }
        let redirection = redirections.child(key)?;
        let target = redirection.child("target")?;
        let surplus = |key: &str, kind: &str| {
            target.invalid(
                key,
                format!("A redirection of kind {kind} has no {key}"),
                "no such key",
            )
        };
        if redirection.text("kind")? == Some("StaticAddress") {
            if target.has("role") {
                return Err(surplus("role", "StaticAddress"));
            }
            let address = target.text("address")?.filter(|text| !text.is_empty());
            let address = address.ok_or_else(|| target.missing("address", "host:port"))?;
            return Ok(Some(Redirection::StaticAddress(address.to_owned())));
        }
        if target.has("address") {
            return Err(surplus("address", "NodeByRole"));
        }
        Ok(Some(Redirection::NodeByRole(
            match target.text("role")? {
                Some("backup") => Role::Backup,
                _ => Role::Primary,
            },
        )))
    }
}
