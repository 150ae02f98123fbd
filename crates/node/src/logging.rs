//! The node's log: one line an event on standard output, in the text or JSON form of
//! node-and-operations.md 7. Standard error is never written to here.
//!
//! Levels of `tracing` stand for the contract's: ERROR = fatal, WARN = fail, INFO, DEBUG, TRACE. An event
//! with the target `app`, `gov` or `js` carries that word as tag.

use std::fmt::Write as _;
use std::io::Write as _;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Targets that are shown as a tag.
const TAGS: [&str; 3] = ["app", "gov", "js"];

/// Width of the part before the message.
const PREAMBLE_WIDTH: usize = 45;

/// `--log-level`: the least severe level that is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LogLevel {
    /// Everything.
    Trace = 0,
    /// For developers.
    Debug = 1,
    /// Progress that an operator wants to see.
    Info = 2,
    /// Something failed; the node goes on.
    Fail = 3,
    /// The node ends.
    Fatal = 4,
}

impl LogLevel {
    fn of(level: &Level) -> Self {
        match *level {
            Level::ERROR => Self::Fatal,
            Level::WARN => Self::Fail,
            Level::INFO => Self::Info,
            Level::DEBUG => Self::Debug,
            Level::TRACE => Self::Trace,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Fail => "fail",
            Self::Fatal => "fatal",
        }
    }
}

/// The text is no log level.
#[derive(Debug, thiserror::Error)]
#[error(
    "'{0}' is not a log level; valid values are trace, debug, info, fail, fatal, or the numbers 0 to 4"
)]
pub struct UnknownLogLevel(String);

impl FromStr for LogLevel {
    type Err = UnknownLogLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "trace" | "0" => Ok(Self::Trace),
            "debug" | "1" => Ok(Self::Debug),
            "info" | "2" => Ok(Self::Info),
            "fail" | "3" => Ok(Self::Fail),
            "fatal" | "4" => Ok(Self::Fatal),
            _ => Err(UnknownLogLevel(text.to_owned())),
        }
    }
}

/// `logging.format` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Controls the installed log.
pub struct Log {
    minimum: &'static AtomicU8,
}

impl Log {
    /// Installs the log of this process; until [`Log::set_level`] every level is printed, as
    /// node-and-operations.md 1.4 item 7 has it, but never below `info`.
    ///
    /// # Errors
    /// A log is installed already.
    pub fn install(format: LogFormat) -> Result<Self, tracing::subscriber::SetGlobalDefaultError> {
        static MINIMUM: AtomicU8 = AtomicU8::new(LogLevel::Info as u8);
        let layer = StdoutLayer {
            format,
            minimum: &MINIMUM,
        };
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;
        Ok(Self { minimum: &MINIMUM })
    }

    /// Prints only events at `level` or above from now on.
    pub fn set_level(&self, level: LogLevel) {
        self.minimum.store(level as u8, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
    }
}

struct StdoutLayer {
    format: LogFormat,
    minimum: &'static AtomicU8,
}

impl<S: Subscriber> Layer<S> for StdoutLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let level = LogLevel::of(metadata.level());
        level as u8 >= self.minimum.load(Ordering::Relaxed)
            && (is_own(metadata.target()) || level < LogLevel::Info)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message::default();
        event.record(&mut message);
        let line = Line {
            time: SystemTime::now(),
            level: LogLevel::of(event.metadata().level()),
            tag: TAGS
                .iter()
                .copied()
                .find(|tag| *tag == event.metadata().target())
                .unwrap_or(""),
            file: event.metadata().file().unwrap_or(""),
            number: event.metadata().line().unwrap_or(0),
            message: &message.0,
        };
        let text = match self.format {
            LogFormat::Text => line.text(),
            LogFormat::Json => line.json(),
        };
        // A closed standard output must not end the node.
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

/// Events of libraries are for debugging only: what matters to an operator is said in our own words.
fn is_own(target: &str) -> bool {
    target.starts_with("quorate") || TAGS.contains(&target) || target == "node"
}

/// Collects the text of an event, other fields behind it.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.0.insert_str(0, value);
        } else {
            let _ = write!(self.0, " {}={value}", field.name());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.insert_str(0, &format!("{value:?}"));
        } else {
            let _ = write!(self.0, " {}={value:?}", field.name());
        }
    }
}

struct Line<'a> {
    time: SystemTime,
    level: LogLevel,
    tag: &'a str,
    file: &'a str,
    number: u32,
    message: &'a str,
}

impl Line<'_> {
    fn text(&self) -> String {
        let tag = if self.tag.is_empty() {
            String::new()
        } else {
            format!("[{}]", self.tag)
        };
        let head = format!("[{:<5}]{tag} ", self.level.name());
        let place = format!("{}:{} ", self.file, self.number);
        let room = PREAMBLE_WIDTH.saturating_sub(head.len());
        let cut = place.len().saturating_sub(room);
        let place = place.get(cut..).unwrap_or("");
        let preamble = format!("{head}{place}");
        format!(
            "{}        {:<3} {preamble:<PREAMBLE_WIDTH$}| {}\n",
            timestamp(self.time),
            0,
            self.message
        )
    }

    fn json(&self) -> String {
        let text = |value: &str| serde_json::Value::from(value).to_string();
        format!(
            "{{\"h_ts\":{},\"thread_id\":\"0\",\"level\":{},\"tag\":{},\"file\":{},\"number\":\"{}\",\"msg\":{}}}\n",
            text(&timestamp(self.time)),
            text(self.level.name()),
            text(self.tag),
            text(self.file),
            self.number,
            text(self.message)
        )
    }
}

/// UTC with microseconds, `2026-11-22T07:12:56.642818Z`.
fn timestamp(time: SystemTime) -> String {
    let time = time::OffsetDateTime::from(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.microsecond()
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn line<'a>(level: LogLevel, tag: &'a str, file: &'a str, message: &'a str) -> Line<'a> {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_332_776_642_818);
        Line {
            time,
            level,
            tag,
            file,
            number: 993,
            message,
        }
    }

    #[test]
    fn node_and_operations_7_1_text_lines_are_aligned() {
        let text = line(
            LogLevel::Info,
            "",
            "CCF/src/host/run.cpp",
            "CCF version: ccf-7.0.0-dev5",
        )
        .text();
        assert_eq!(
            text,
            "2026-11-22T07:32:56.642818Z        0   [info ] CCF/src/host/run.cpp:993             | \
             CCF version: ccf-7.0.0-dev5\n"
        );
    }

    #[test]
    fn node_and_operations_7_1_a_long_place_keeps_its_last_characters() {
        let text = line(
            LogLevel::Fail,
            "app",
            "crates/endpoints/src/registry/long_name.rs",
            "x",
        )
        .text();
        let bar = text.find("| x").unwrap();
        assert_eq!(bar, 27 + 8 + 3 + 1 + PREAMBLE_WIDTH);
        assert!(text.contains("[fail ][app] "), "{text}");
        assert!(text.contains("long_name.rs:993 | x"), "{text}");
    }

    #[test]
    fn node_and_operations_7_2_json_lines_have_their_keys_in_order() {
        let text = line(LogLevel::Fatal, "gov", "a.rs", "one \"two\"\nthree").json();
        assert_eq!(
            text,
            "{\"h_ts\":\"2026-11-22T07:32:56.642818Z\",\"thread_id\":\"0\",\"level\":\"fatal\",\"tag\":\"gov\",\
             \"file\":\"a.rs\",\"number\":\"993\",\"msg\":\"one \\\"two\\\"\\nthree\"}\n"
        );
    }

    #[test]
    fn node_and_operations_1_1_log_levels_by_name_or_number() {
        for (text, level) in [
            ("trace", LogLevel::Trace),
            ("FATAL", LogLevel::Fatal),
            ("3", LogLevel::Fail),
        ] {
            assert_eq!(text.parse::<LogLevel>().unwrap(), level);
        }
        let refusal = "loud".parse::<LogLevel>().unwrap_err().to_string();
        assert!(
            refusal.contains("'loud'") && refusal.contains("trace, debug, info, fail, fatal"),
            "{refusal}"
        );
    }
}
