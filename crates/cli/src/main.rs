//! `quorate`, the tool for people: makes keys, runs a whole consortium on one machine. It is never part of
//! a node and talks to nodes as any client does.

mod client;
mod error;
mod keygen;
mod sandbox;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use quorate_crypto::ec::Curve;

use crate::sandbox::Options;

#[derive(Parser)]
#[command(
    name = "quorate",
    version,
    about = "Tool for members, operators and developers of a Quorate service"
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run an open service with a consortium of its own on this machine, until Ctrl-C
    Sandbox(SandboxArguments),
    /// What a member does
    #[command(subcommand)]
    Member(MemberCommand),
}

#[derive(Subcommand)]
enum MemberCommand {
    /// Make the key files of a member or user in the current directory
    Keygen(KeygenArguments),
}

#[derive(Args)]
struct KeygenArguments {
    /// Name of the member or user: the files begin with it
    #[arg(short, long)]
    name: String,
    /// Curve of the signing key
    #[arg(short, long, value_enum, default_value_t = CurveName::Secp384r1)]
    curve: CurveName,
    /// Also make an RSA key pair for recovery shares
    #[arg(short, long)]
    gen_enc_key: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum CurveName {
    Secp384r1,
    Secp256r1,
}

impl From<CurveName> for Curve {
    fn from(name: CurveName) -> Self {
        match name {
            CurveName::Secp384r1 => Self::P384,
            CurveName::Secp256r1 => Self::P256,
        }
    }
}

#[derive(Args)]
struct SandboxArguments {
    /// Number of members, each with an encryption key
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    members: u16,
    /// Number of users
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=64))]
    users: u16,
    /// Address that the service listens on
    #[arg(long, default_value = "127.0.0.1:8000")]
    address: String,
    /// Directory for keys, certificates, ledger and logs; must not exist or be empty
    #[arg(long, default_value = "workspace")]
    workspace: std::path::PathBuf,
    /// The node program [default: quorate-logging beside this program]
    #[arg(short, long)]
    package: Option<std::path::PathBuf>,
}

fn main() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::Sandbox(arguments) => sandbox::run(&Options {
            members: arguments.members,
            users: arguments.users,
            address: arguments.address,
            workspace: arguments.workspace,
            program: arguments.package,
        }),
        Command::Member(MemberCommand::Keygen(arguments)) => keygen::write_identity(
            std::path::Path::new("."),
            &arguments.name,
            arguments.curve.into(),
            arguments.gen_enc_key,
        )
        .map(|files| {
            for file in files {
                println!("{}", file.display());
            }
        }),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quorate: {error}");
            ExitCode::FAILURE
        }
    }
}
