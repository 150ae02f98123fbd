//! `quorate-load`: puts a load on an HTTP/1.1 service and says what it bore.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand};
use quorate_bench::{
    LoadError,
    report::{self, Report},
    run::{self, Plan},
    target::{Files, Target},
    template::Template,
};

#[derive(Parser)]
#[command(
    name = "quorate-load",
    version,
    about = "Load generator for HTTP/1.1 services"
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a load and print its result as one line of JSON
    Run(Box<RunArguments>),
    /// Print results as a table, with ratios
    Table(TableArguments),
}

#[derive(Args)]
struct RunArguments {
    /// The service, https://HOST:PORT or http://HOST:PORT
    #[arg(long)]
    url: String,
    /// PEM certificate that certifies the server
    #[arg(long)]
    ca: Option<PathBuf>,
    /// PEM certificate of the client
    #[arg(long)]
    cert: Option<PathBuf>,
    /// PEM key of the client
    #[arg(long)]
    key: Option<PathBuf>,
    /// Name of the result, WHO/WHAT for a table
    #[arg(long, default_value = "load")]
    name: String,
    /// Verb
    #[arg(long, default_value = "GET")]
    method: String,
    /// Path; {n} stands for a number, {n:base64} for the base64 text of its digits
    #[arg(long)]
    path: String,
    /// Header, 'name: value'; several may be given
    #[arg(long)]
    header: Vec<String>,
    /// Body, with the same placeholders
    #[arg(long)]
    body: Option<String>,
    /// Numbers go from 0 to below this, over and over
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    keys: u64,
    /// Connections
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4096))]
    connections: u16,
    /// Requests in flight on each connection
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pipeline: u32,
    /// Seconds that are measured
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Seconds before them that are not
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=3600))]
    warm_up: u64,
    /// Most requests, if they end before the seconds do
    #[arg(long)]
    count: Option<u64>,
    /// Path that tells whether a transaction is committed, as /app/tx: the run ends when its last
    /// one is, and fails otherwise
    #[arg(long)]
    committed: Option<String>,
    /// Threads of the generator [default: one for each processor]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

#[derive(Args)]
struct TableArguments {
    /// File with results, one a line
    file: PathBuf,
    /// Whose rates are 1
    #[arg(long, default_value = "etcd")]
    base: String,
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Run(arguments) => load(&arguments),
        Command::Table(arguments) => table(&arguments).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("quorate-load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well.
fn load(arguments: &RunArguments) -> Result<bool, LoadError> {
    let files = Files {
        authority: arguments.ca.as_deref(),
        certificate: arguments.cert.as_deref(),
        key: arguments.key.as_deref(),
    };
    let target = Target::new(&arguments.url, files)?;
    let template = Template::new(
        &arguments.method,
        &target.authority(),
        &arguments.path,
        &arguments.header,
        arguments.body.as_deref(),
    )?;
    let plan = Plan {
        name: arguments.name.clone(),
        target,
        template,
        connections: usize::from(arguments.connections),
        depth: usize::try_from(arguments.pipeline).unwrap_or(usize::MAX),
        keys: arguments.keys,
        warm_up: Duration::from_secs(arguments.warm_up),
        duration: Duration::from_secs(arguments.seconds),
        count: arguments.count,
        committed: arguments.committed.clone(),
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = arguments.threads {
        runtime.worker_threads(usize::from(threads));
    }
    let report = runtime.enable_all().build()?.block_on(run::run(&plan))?;
    let line = serde_json::to_string(&report);
    println!(
        "{}",
        line.map_err(|error| LoadError::Response(error.to_string()))?
    );
    Ok(report.is_clean())
}

fn table(arguments: &TableArguments) -> Result<(), LoadError> {
    let unusable = |reason: String| LoadError::File {
        path: arguments.file.clone(),
        reason,
    };
    let text = std::fs::read_to_string(&arguments.file).map_err(|e| unusable(e.to_string()))?;
    let reports: Vec<Report> = text
        .lines()
        .enumerate()
        .map(|(number, line)| {
            serde_json::from_str(line)
                .map_err(|error| unusable(format!("line {}: {error}", number + 1)))
        })
        .collect::<Result<_, _>>()?;
    print!("{}", report::table(&reports, &arguments.base));
    Ok(())
}
