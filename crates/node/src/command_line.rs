//! The command line of a node program (node-and-operations.md 1.1). Every application has the same.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};

use crate::exit::{Exit, ExitCode};
use crate::logging::LogLevel;

/// What the operator asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Invocation {
    /// Run a node, or only check its configuration.
    Run(Arguments),
    /// Print a text to standard output and end with success.
    Print(String),
}

/// Options of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    /// Path of the configuration file.
    pub config: String,
    /// Keep re-reading the file until it is JSON or this time text is over.
    pub config_timeout: String,
    /// Only read and validate.
    pub check: bool,
    /// Least severe level that is printed.
    pub log_level: LogLevel,
}

/// Parses the arguments; `program` is the name of the executable, `version` the text of `--version`.
///
/// # Errors
/// The exit code and the text for standard error.
pub fn parse(
    arguments: &[String],
    program: &'static str,
    version: &str,
) -> Result<Invocation, Exit> {
    let matches = match command(program).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            return Ok(Invocation::Print(error.to_string()));
        }
        Err(error) => return Err(refusal(&error)),
    };
    if matches.get_flag("version") {
        return Ok(Invocation::Print(version.to_owned()));
    }
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let Some(config) = text("config") else {
        return Err(Exit {
            code: ExitCode::MissingOption,
            stderr: "--config is required\nRun with --help for more information.\n".to_owned(),
        });
    };
    let log_level = text("log-level")
        .unwrap_or_else(|| "info".to_owned())
        .parse()
        .map_err(|error: crate::logging::UnknownLogLevel| Exit {
            code: ExitCode::InvalidValue,
            stderr: format!("--log-level: {error}\nRun with --help for more information.\n"),
        })?;
    Ok(Invocation::Run(Arguments {
        config,
        config_timeout: text("config-timeout").unwrap_or_else(|| "0s".to_owned()),
        check: matches.get_flag("check"),
        log_level,
    }))
}

fn command(program: &'static str) -> Command {
    Command::new(program)
        .about("One node of a confidential, consortium-governed ledger service")
        .disable_version_flag(true)
        .arg(Arg::new("config").short('c').long("config").value_name("FILE").help("JSON configuration file"))
        .arg(Arg::new("config-timeout").long("config-timeout").value_name("TIME").default_value("0s").help(
            "Keep re-reading the configuration file every 100 ms until it is JSON or this time is over",
        ))
        .arg(
            Arg::new("check")
                .long("check")
                .action(ArgAction::SetTrue)
                .help("Read and validate the configuration, then end; touches no file, opens no port"),
        )
        .arg(
            Arg::new("log-level")
                .long("log-level")
                .value_name("LEVEL")
                .default_value("info")
                .help("trace, debug, info, fail, fatal, or the numbers 0 to 4"),
        )
        .arg(
            Arg::new("version")
                .short('v')
                .long("version")
                .action(ArgAction::SetTrue)
                .help("Print version and platform"),
        )
}

fn refusal(error: &clap::Error) -> Exit {
    let code = match error.kind() {
        ErrorKind::UnknownArgument | ErrorKind::TooManyValues => ExitCode::UnexpectedArgument,
        ErrorKind::MissingRequiredArgument => ExitCode::MissingOption,
        _ => ExitCode::InvalidValue,
    };
    Exit {
        code,
        stderr: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Result<Invocation, Exit> {
        let all: Vec<String> = std::iter::once("quorate-node")
            .chain(arguments.iter().copied())
            .map(str::to_owned)
            .collect();
        parse(&all, "quorate-node", "version text\n")
    }

    #[test]
    fn node_and_operations_1_1_options_and_defaults() {
        let expected = |config: &str, timeout: &str, check, log_level| {
            let (config, config_timeout) = (config.to_owned(), timeout.to_owned());
            Invocation::Run(Arguments {
                config,
                config_timeout,
                check,
                log_level,
            })
        };
        assert_eq!(
            run(&["-c", "f"]).unwrap(),
            expected("f", "0s", false, LogLevel::Info)
        );
        assert_eq!(
            run(&[
                "--config=f",
                "--config-timeout=3s",
                "--check",
                "--log-level",
                "FAIL"
            ])
            .unwrap(),
            expected("f", "3s", true, LogLevel::Fail)
        );
    }

    #[test]
    fn node_and_operations_1_1_version_and_help_need_no_config() {
        assert_eq!(
            run(&["-v"]).unwrap(),
            Invocation::Print("version text\n".to_owned())
        );
        let Invocation::Print(help) = run(&["--help"]).unwrap() else {
            panic!("help runs nothing")
        };
        assert!(help.contains("--config-timeout"), "{help}");
    }

    #[test]
    fn node_and_operations_1_2_exit_codes_of_a_wrong_command_line() {
        let missing = run(&[]).unwrap_err();
        assert_eq!(missing.code, ExitCode::MissingOption);
        assert!(
            missing
                .stderr
                .starts_with("--config is required\nRun with --help"),
            "{}",
            missing.stderr
        );
        assert_eq!(
            run(&["-c", "f", "more"]).unwrap_err().code,
            ExitCode::UnexpectedArgument
        );
        assert_eq!(
            run(&["-c", "f", "--nonsense"]).unwrap_err().code,
            ExitCode::UnexpectedArgument
        );
        assert_eq!(
            run(&["-c", "f", "--log-level", "loud"]).unwrap_err().code,
            ExitCode::InvalidValue
        );
    }
}
