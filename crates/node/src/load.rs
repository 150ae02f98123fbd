//! Reading the configuration file (node-and-operations.md 1.3, 1.4): everything here is told on standard
//! error, since there is no log yet.

use std::fs::File;
use std::io::Read as _;
use std::time::{Duration, Instant};

use quorate_config::{Config, ConfigError, Note, parse_time};

use crate::command_line::Arguments;
use crate::exit::Exit;
use crate::limits::CONFIG_BYTES_MAX;

/// How often an unreadable file is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// A configuration that can be used.
pub struct Loaded {
    /// The file's text.
    pub text: String,
    /// What it says.
    pub config: Config,
    /// What in it has no effect.
    pub notes: Vec<Note>,
}

/// Reads and checks the file. While it is absent or not JSON it is read again, until the time is over.
///
/// # Errors
/// With the texts that tools look for.
pub fn load(arguments: &Arguments) -> Result<Loaded, Exit> {
    let patience = parse_time(&arguments.config_timeout)
        .map_err(|error| Exit::aborted(&format!("--config-timeout: {error}")))?;
    let deadline = Instant::now() + patience;
    loop {
        match try_load(&arguments.config) {
            Err(Failure::Unparsable(_)) if Instant::now() < deadline => std::thread::sleep(RETRY),
            Err(Failure::Unparsable(reason)) => {
                return Err(Exit::aborted(&format!(
                    "Error parsing configuration file {}: {reason}",
                    arguments.config
                )));
            }
            Err(Failure::Invalid(text)) => return Err(Exit::aborted(&text)),
            Ok(loaded) => return Ok(loaded),
        }
    }
}

enum Failure {
    /// May get better: the file is being written.
    Unparsable(String),
    /// Complete and wrong.
    Invalid(String),
}

fn try_load(path: &str) -> Result<Loaded, Failure> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(CONFIG_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| Failure::Unparsable(error.to_string()))?;
    match Config::parse(&text) {
        Ok((config, notes)) => Ok(Loaded {
            text,
            config,
            notes,
        }),
        Err(ConfigError::Syntax(reason)) => Err(Failure::Unparsable(reason)),
        Err(error) => Err(Failure::Invalid(error.describe(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::LogLevel;

    fn refusal(config: &str, config_timeout: &str) -> String {
        let arguments = Arguments {
            config: config.to_owned(),
            config_timeout: config_timeout.to_owned(),
            check: true,
            log_level: LogLevel::Info,
        };
        match load(&arguments) {
            Ok(_) => panic!("{config} is no configuration"),
            Err(exit) => exit.stderr,
        }
    }

    #[test]
    fn node_and_operations_1_3_what_is_no_configuration_is_told_on_standard_error() {
        let text = refusal("absent.json", "0s");
        assert!(
            text.starts_with("terminate called after throwing an instance of 'std::logic_error'\n  what():  Error parsing configuration file absent.json: "),
            "{text}"
        );
        assert!(
            refusal("/dev/null", "150ms").contains("Error parsing configuration file /dev/null: ")
        );
        let text = refusal("absent.json", "soon");
        assert!(text.contains("--config-timeout: "), "{text}");
    }

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        let text = refusal("/dev/zero", "0s");
        assert!(
            text.contains("Error parsing configuration file /dev/zero: "),
            "{text}"
        );
    }
}
