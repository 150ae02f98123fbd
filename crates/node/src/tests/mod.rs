//! Tests of a whole node in this process: what its endpoints answer, how it reacts to its tables, what its first
//! transaction writes.

mod documents;
mod genesis;
mod gov;
mod hooks;
mod network;
mod node;
mod tls;

use quorate_endpoints::RegistrationError;
use quorate_endpoints::testing::{RequestBuilder, body, error, header, request};
use quorate_endpoints::{Endpoint, Frontend, Method, Response, reply};
use serde_json::Value;
use tempfile::TempDir;

use crate::application::Application;
use crate::testing::TestNode;

/// An application with one endpoint.
const APPLICATION: Application = Application {
    name: "test-application",
    register: register_application,
};

fn register_application(frontend: &mut Frontend) -> Result<(), RegistrationError> {
    frontend.add(Endpoint::new(Method::GET, "/hello", |_| Ok(reply::empty(204))).auth([]))?;
    Ok(())
}

/// The directory goes last.
struct Fixture {
    node: TestNode,
    directory: TempDir,
}

impl std::ops::Deref for Fixture {
    type Target = TestNode;

    fn deref(&self) -> &TestNode {
        &self.node
    }
}

fn found() -> Fixture {
    found_with(|_| ())
}

fn found_with(change: impl FnOnce(&mut Value)) -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let node = TestNode::found(directory.path(), &APPLICATION, change);
    Fixture { node, directory }
}

/// The transaction id header.
fn transaction_id(response: &Response) -> Option<String> {
    header(response, "x-ms-ccf-transaction-id")
}

/// Id of the node.
fn own_id(node: &TestNode) -> String {
    node.running.node.local.identity.id.as_str().to_owned()
}
