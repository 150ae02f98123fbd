//! `quorate sandbox`: a whole consortium on one machine (node-and-operations.md 10). It makes the keys,
//! starts a node, activates the members, opens the service by a proposal that they vote for, and says what
//! to type next. Ctrl-C (or SIGTERM) stops the node and ends.

mod configuration;
mod consortium;
mod process;
mod walkthrough;

use std::path::{Path, PathBuf};

use self::consortium::Consortium;
use self::process::NodeProcess;
use crate::error::CliError;
use crate::{client::Client, keygen};

/// What the sandbox was asked for.
pub struct Options {
    /// Number of members.
    pub members: u16,
    /// Number of users.
    pub users: u16,
    /// Address of the service.
    pub address: String,
    /// Where everything is written.
    pub workspace: PathBuf,
    /// The node program; `None`: the one beside this program.
    pub program: Option<PathBuf>,
}

/// Runs a sandbox until it is told to stop.
///
/// # Errors
/// A workspace that is not empty, a node that does not come up, a refusal of the service.
pub fn run(options: &Options) -> Result<(), CliError> {
    let program = node_program(options.program.as_deref())?;
    let (common, node_directory) = prepare_workspace(&options.workspace)?;
    let members: Vec<_> = (0..options.members)
        .map(|index| format!("member{index}"))
        .collect();
    let users: Vec<_> = (0..options.users)
        .map(|index| format!("user{index}"))
        .collect();
    let curve = quorate_crypto::ec::Curve::P384;
    for member in &members {
        keygen::write_identity(&common, member, curve, true)?;
    }
    for user in &users {
        keygen::write_identity(&common, user, curve, false)?;
    }
    configuration::write(&common, &node_directory, &members, &options.address)?;

    let stop = process::StopSignal::install()?;
    let mut node = NodeProcess::start(&program, &node_directory)?;
    let address = node.wait_for_address(&stop)?;
    let certificate = node.wait_for_service_certificate(&stop)?;
    let published = common.join("service_cert.pem");
    std::fs::write(&published, &certificate).map_err(|error| CliError::io(&published, &error))?;
    let client = Client::new(&address, &certificate)?;
    node.wait_until(&stop, "the members' interface to open", || {
        Ok(client.send("GET", "/node/ready/gov", "", &[])?.status == 204)
    })?;

    let consortium = Consortium::new(&client, &common, &members)?;
    consortium.activate()?;
    consortium.open(&users, &certificate)?;
    node.wait_until(&stop, "the service to open", || {
        Ok(client.send("GET", "/node/ready/app", "", &[])?.status == 204)
    })?;

    let common = std::fs::canonicalize(&common).map_err(|error| CliError::io(&common, &error))?;
    walkthrough::write_files(&common, &members)?;
    println!("Started CCF network with the following nodes:");
    println!("  Node [0] = https://{address}");
    println!(
        "Keys and certificates have been copied to the common folder: {}",
        common.display()
    );
    println!("{}", walkthrough::text(&common, &address, &members, &users));
    println!("Press Ctrl+C to shutdown the network");

    stop.wait(&mut node)?;
    node.stop()?;
    println!("All CCF nodes stopped.");
    Ok(())
}

/// The program to run: as given, or the logging application, or the plain node, beside this executable.
fn node_program(given: Option<&Path>) -> Result<PathBuf, CliError> {
    if let Some(path) = given {
        return std::fs::canonicalize(path).map_err(|error| CliError::io(path, &error));
    }
    let own = std::env::current_exe().map_err(|error| CliError::io("quorate", &error))?;
    let directory = own.parent().unwrap_or(Path::new("."));
    ["quorate-logging", "quorate-node"].iter().map(|name| directory.join(name)).find(|path| path.is_file()).ok_or_else(
        || CliError::Path {
            path: directory.to_owned(),
            reason: "holds neither quorate-logging nor quorate-node; build them, or name a program with --package"
                .to_owned(),
        },
    )
}

fn prepare_workspace(workspace: &Path) -> Result<(PathBuf, PathBuf), CliError> {
    let occupied = std::fs::read_dir(workspace).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(CliError::Path {
            path: workspace.to_owned(),
            reason: "is not empty. A sandbox starts a new service; remove the directory, or name another one with \
                     --workspace"
                .to_owned(),
        });
    }
    let (common, node) = (
        workspace.join("sandbox_common"),
        workspace.join("sandbox_0"),
    );
    for directory in [&common, &node] {
        std::fs::create_dir_all(directory).map_err(|error| CliError::io(directory, &error))?;
    }
    Ok((common, node))
}
