//! The node's network interfaces: bound sockets, addresses as told to others, and the TLS configuration
//! that each shows. Serving them is `quorate_http`'s work.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::sync::Arc;

use parking_lot::Mutex;
use quorate_config::{Address, AppProtocol, Authority, Config, NodeToNodeInterface, RpcInterface};
use quorate_crypto::cert::Certificate;
use quorate_crypto::ec::EcKeyPair;
use quorate_http::tls::server_config;
use quorate_http::{
    HttpLimits, Interface, Protocol, Security, SessionLimits, Sessions, Size, TlsError,
};
use quorate_tables::NetInterface;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::exit::Exit;
use crate::limits::BACKLOG;

type TlsSource = watch::Sender<Option<Arc<rustls::ServerConfig>>>;

/// All interfaces of a node.
pub struct Interfaces {
    /// Where other nodes reach this one.
    pub node_to_node: NetInterface,
    /// Interfaces to clients by name, as `nodes.info` shows them.
    rpc: BTreeMap<String, NetInterface>,
    /// What each interface with TLS shows.
    tls: BTreeMap<String, (Authority, Protocol, TlsSource)>,
    /// Sockets that are bound and not served yet.
    pending: Mutex<Pending>,
    sessions: Arc<Sessions>,
}

/// Taken when serving begins.
#[derive(Default)]
struct Pending {
    node_to_node: Option<TcpListener>,
    rpc: Vec<(String, TcpListener)>,
}

impl Interfaces {
    /// Binds every interface, node-to-node first, then in name order (node-and-operations.md 1.4, item 9).
    ///
    /// # Errors
    /// A port that cannot be listened on.
    pub fn bind(config: &Config) -> Result<Self, Exit> {
        let (node_to_node, listener) = bind_node_to_node(&config.network.node_to_node_interface)?;
        let mut interfaces = Self {
            node_to_node,
            rpc: BTreeMap::new(),
            tls: BTreeMap::new(),
            pending: Mutex::new(Pending {
                node_to_node: listener,
                rpc: Vec::new(),
            }),
            sessions: Sessions::new(),
        };
        for (name, settings) in &config.network.rpc_interfaces {
            let (listener, bound) = bind_rpc(name, &settings.bind_address)?;
            let shown = shown(settings, bound);
            interfaces.rpc.insert(name.clone(), shown);
            if settings.authority != Authority::Unsecured {
                let source = watch::Sender::new(None);
                interfaces.tls.insert(
                    name.clone(),
                    (settings.authority, protocol(settings), source),
                );
            }
            interfaces
                .pending
                .get_mut()
                .rpc
                .push((name.clone(), listener));
        }
        Ok(interfaces)
    }

    /// Interfaces to clients as `nodes.info` stores them.
    #[must_use]
    pub fn rpc(&self) -> &BTreeMap<String, NetInterface> {
        &self.rpc
    }

    /// The same as JSON.
    #[must_use]
    pub fn as_json(&self) -> Value {
        json!(self.rpc)
    }

    /// Bound addresses by interface name.
    #[must_use]
    pub fn bound_addresses(&self) -> BTreeMap<String, String> {
        self.rpc
            .iter()
            .map(|(name, interface)| (name.clone(), interface.bind_address.clone()))
            .collect()
    }

    /// Published addresses in order of the interfaces' names.
    pub fn published(&self) -> impl Iterator<Item = &str> {
        self.rpc.values().map(NetInterface::address)
    }

    /// Shows the self-signed certificate on interfaces with authority `Node`.
    ///
    /// # Errors
    /// The certificate and key do not make a TLS configuration.
    pub fn show_self_signed(
        &self,
        certificate: &Certificate,
        key: &EcKeyPair,
    ) -> Result<(), TlsError> {
        self.show(Authority::Node, certificate, key)
    }

    /// Shows the endorsed certificate on interfaces with authority `Service`.
    ///
    /// # Errors
    /// As [`Self::show_self_signed`].
    pub fn show_endorsed(
        &self,
        certificate: &Certificate,
        key: &EcKeyPair,
    ) -> Result<(), TlsError> {
        self.show(Authority::Service, certificate, key)
    }

    fn show(
        &self,
        authority: Authority,
        certificate: &Certificate,
        key: &EcKeyPair,
    ) -> Result<(), TlsError> {
        for (_, protocol, source) in self.tls.values().filter(|(of, ..)| *of == authority) {
            let configuration =
                server_config(&certificate.to_pem(), &key.to_pkcs8_pem(), *protocol)?;
            source.send_replace(Some(configuration));
        }
        Ok(())
    }

    /// Counts for `GET /node/metrics`.
    #[must_use]
    pub fn metrics(&self) -> Value {
        json!({ "sessions": self.sessions.snapshot() })
    }

    /// The sockets with their settings, to be served; empty the second time.
    ///
    /// # Errors
    /// The runtime does not take a socket.
    pub fn take(&self, config: &Config) -> std::io::Result<Vec<Interface>> {
        let sockets = std::mem::take(&mut self.pending.lock().rpc);
        sockets
            .into_iter()
            .filter_map(|(name, listener)| {
                Some((config.network.rpc_interfaces.get(&name)?, name, listener))
            })
            .map(|(settings, name, listener)| {
                let sessions = SessionLimits {
                    soft_cap: settings.max_open_sessions_soft,
                    hard_cap: settings.max_open_sessions_hard,
                    idle_timeout: config.idle_connection_timeout,
                    user_timeout: Some(config.client_connection_timeout),
                };
                let security = match self.tls.get(&name) {
                    Some((_, _, source)) => Security::Tls(source.subscribe()),
                    None => Security::Unsecured,
                };
                Ok(Interface {
                    listener: tokio::net::TcpListener::from_std(listener)?,
                    security,
                    protocol: protocol(settings),
                    limits: http_limits(settings),
                    metrics: self.sessions.interface(name, &sessions),
                    sessions,
                })
            })
            .collect()
    }

    /// The node-to-node socket, if its address could be bound; `None` the second time.
    pub fn take_node_to_node(&self) -> Option<TcpListener> {
        self.pending.lock().node_to_node.take()
    }
}

fn bind_node_to_node(
    settings: &NodeToNodeInterface,
) -> Result<(NetInterface, Option<TcpListener>), Exit> {
    let configured = settings.bind_address.to_string();
    let shown = |bind_address: String| NetInterface {
        published_address: Some(
            settings
                .published_address
                .clone()
                .unwrap_or_else(|| bind_address.clone()),
        ),
        bind_address,
        settings: Map::new(),
    };
    let Some(address) = resolve(&settings.bind_address) else {
        // The node stays unreachable for others, which operators use on purpose (node-and-operations.md 1.3).
        return Ok((shown(configured), None));
    };
    let listener = listen(address, "TCP Node Server")?;
    let bound = listener
        .local_addr()
        .map_or(configured, |bound| bound.to_string());
    Ok((shown(bound), Some(listener)))
}

fn bind_rpc(name: &str, address: &Address) -> Result<(TcpListener, SocketAddr), Exit> {
    let Some(resolved) = resolve(address) else {
        let reason =
            format!("RPC interface {name}: host of bind_address {address} cannot be resolved");
        tracing::error!("{reason}");
        return Err(Exit::aborted(&reason));
    };
    let listener = listen(resolved, "TCP RPC Client")?;
    let bound = listener
        .local_addr()
        .map_err(|error| Exit::aborted(&error.to_string()))?;
    Ok((listener, bound))
}

/// The address to bind; the IPv4 one where a name has both kinds (`localhost` is 127.0.0.1).
fn resolve(address: &Address) -> Option<SocketAddr> {
    match (address.host.as_str(), address.port).to_socket_addrs() {
        Ok(addresses) => {
            let addresses: Vec<_> = addresses.collect();
            let v4 = addresses.iter().find(|address| address.is_ipv4());
            v4.or(addresses.first()).copied()
        }
        Err(error) => {
            tracing::warn!(
                "uv_getaddrinfo for host:service [{}:{}] failed with error {error}",
                address.host,
                address.port
            );
            None
        }
    }
}

fn listen(address: SocketAddr, what: &str) -> Result<TcpListener, Exit> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        // Once more, for a longer queue than the standard library asks for.
        rustix::net::listen(&listener, BACKLOG)?;
        Ok(listener)
    });
    bound.map_err(|error| {
        let reason = format!("{what} listen failed on {address}: {error}");
        tracing::error!("{reason}");
        Exit::aborted(&reason)
    })
}

/// The interface as others are told: settings verbatim, addresses with real ports (node-and-operations.md 2.3).
fn shown(settings: &RpcInterface, bound: SocketAddr) -> NetInterface {
    let published = match &settings.published_address {
        None => bound.to_string(),
        Some(address) if address.port == 0 => Address {
            host: address.host.clone(),
            port: bound.port(),
        }
        .to_string(),
        Some(address) => address.to_string(),
    };
    let mut verbatim = settings.verbatim.as_object().cloned().unwrap_or_default();
    verbatim.remove("bind_address");
    verbatim.remove("published_address");
    NetInterface {
        bind_address: bound.to_string(),
        published_address: Some(published),
        settings: verbatim,
    }
}

fn protocol(settings: &RpcInterface) -> Protocol {
    match settings.app_protocol {
        AppProtocol::Http2 => Protocol::Http2,
        AppProtocol::Http1 | AppProtocol::Custom(_) => Protocol::Http1,
    }
}

/// Limits with the texts they were configured with, which refusals repeat.
fn http_limits(settings: &RpcInterface) -> HttpLimits {
    let defaults = HttpLimits::default();
    let text = |key: &str| settings.verbatim["http_configuration"][key].as_str();
    let size = |key: &str, bytes: u64, default: Size| match text(key) {
        Some(text) => Size::new(bytes, text),
        None => default,
    };
    let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let http = &settings.http;
    HttpLimits {
        max_body_size: size("max_body_size", http.max_body_size, defaults.max_body_size),
        max_header_size: size(
            "max_header_size",
            http.max_header_size,
            defaults.max_header_size,
        ),
        max_headers_count: count(http.max_headers_count),
        max_concurrent_streams_count: count(http.max_concurrent_streams_count),
        initial_window_size: size(
            "initial_window_size",
            http.initial_window_size,
            defaults.initial_window_size,
        ),
        max_frame_size: size(
            "max_frame_size",
            http.max_frame_size,
            defaults.max_frame_size,
        ),
    }
}

#[cfg(test)]
mod tests;
