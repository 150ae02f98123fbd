//! Requests through the system's `curl`, an HTTP and TLS client that is none of ours.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::identity::Identity;

/// Who talks to which address.
#[derive(Clone)]
pub struct Client {
    /// `https://127.0.0.1:40183`.
    pub base: String,
    /// Certificate that the server must be certified by; `None`: any.
    pub authority: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// `HTTP/1.1 404 NOT_FOUND`.
    pub status_line: String,
    /// Status.
    pub status: u16,
    /// Headers, names as they came.
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: Vec<u8>,
}

/// A request to be made.
pub struct Request<'a> {
    method: &'a str,
    target: &'a str,
    headers: Vec<String>,
    body: Option<Vec<u8>>,
}

impl<'a> Request<'a> {
    /// A request without body; the target is a path with its query.
    pub fn new(method: &'a str, target: &'a str) -> Request<'a> {
        Request {
            method,
            target,
            headers: Vec::new(),
            body: None,
        }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        // With a semicolon curl sends a header without value.
        self.headers.push(if value.is_empty() {
            format!("{name};")
        } else {
            format!("{name}: {value}")
        });
        self
    }

    /// With a body. `curl` adds no content-type of its own.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}

impl Client {
    /// A client without certificate.
    pub fn new(base: String, authority: Option<&Path>) -> Client {
        Client {
            base,
            authority: authority.map(Path::to_owned),
            identity: None,
        }
    }

    /// The same with a client certificate.
    #[must_use]
    pub fn with_identity(&self, identity: &Identity) -> Client {
        Client {
            identity: Some((identity.certificate_file(), identity.key_file())),
            ..self.clone()
        }
    }

    /// `GET`.
    pub fn get(&self, target: &str) -> Response {
        self.send(Request::new("GET", target))
    }

    /// `POST` with a body of a type.
    pub fn post(&self, target: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        self.send(
            Request::new("POST", target)
                .header("content-type", content_type)
                .body(body),
        )
    }

    /// `POST` with a JSON body.
    pub fn post_json(&self, target: &str, body: &Value) -> Response {
        self.post(target, "application/json", body.to_string())
    }

    /// Makes a request that must be answered.
    pub fn send(&self, request: Request<'_>) -> Response {
        let line = format!("{} {}", request.method, request.target);
        self.try_send(request)
            .unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Makes a request.
    ///
    /// # Errors
    /// The complaint of `curl`, such as a refused connection or an unknown authority.
    pub fn try_send(&self, request: Request<'_>) -> Result<Response, String> {
        let mut curl = Command::new("curl");
        let mut child = curl
            .args(self.arguments(&request, "@-"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("curl is installed");
        let mut stdin = child.stdin.take().expect("a pipe");
        let writer = std::thread::spawn(move || {
            // A server that answers early makes curl stop reading.
            let _ = stdin.write_all(&request.body.unwrap_or_default());
        });
        let output = child.wait_with_output().expect("curl ends");
        writer.join().expect("the body is written");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        Response::parse(&output.stdout)
    }

    /// Makes many requests one after the other on one connection. Ends at the first that is not answered; returns the
    /// answers so far.
    pub fn send_batch(&self, requests: &[Request<'_>]) -> Vec<Response> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = |name: String| {
            directory
                .path()
                .join(name)
                .to_str()
                .expect("a path")
                .to_owned()
        };
        let mut curl = Command::new("curl");
        for (i, request) in requests.iter().enumerate() {
            let body = file(format!("body{i}"));
            if let Some(bytes) = &request.body {
                std::fs::write(&body, bytes).expect("a body can be written");
            }
            if i > 0 {
                curl.arg("--next");
            }
            curl.args(self.arguments(request, &format!("@{body}")));
            curl.args(["--fail-early", "--output", &file(format!("answer{i}"))]);
        }
        let output = curl
            .stdin(Stdio::null())
            .output()
            .expect("curl is installed");
        let answers =
            (0..requests.len()).map_while(|i| std::fs::read(file(format!("answer{i}"))).ok());
        let answers: Vec<Response> = answers
            .map_while(|bytes| Response::parse(&bytes).ok())
            .collect();
        if output.status.success() {
            assert_eq!(answers.len(), requests.len());
        }
        answers
    }

    /// `curl` with the options for this client, for tests that need something special.
    pub fn command(&self) -> Command {
        let mut curl = Command::new("curl");
        curl.args(self.options());
        curl
    }

    fn options(&self) -> Vec<String> {
        let fixed = [
            "--silent",
            "--show-error",
            "--globoff",
            "--path-as-is",
            "--http1.1",
            "--max-time",
            "60",
        ];
        let mut options: Vec<String> = fixed.map(str::to_owned).to_vec();
        let path = |path: &Path| path.to_str().expect("a path").to_owned();
        match &self.authority {
            Some(file) => options.extend(["--cacert".to_owned(), path(file)]),
            None => options.push("--insecure".to_owned()),
        }
        if let Some((certificate, key)) = &self.identity {
            options.extend([
                "--cert".to_owned(),
                path(certificate),
                "--key".to_owned(),
                path(key),
            ]);
        }
        options
    }

    fn arguments(&self, request: &Request<'_>, body: &str) -> Vec<String> {
        let mut arguments = self.options();
        if request.method == "HEAD" {
            arguments.push("--head".to_owned());
        } else {
            arguments.extend(["--request".to_owned(), request.method.to_owned()]);
        }
        // No waiting for 100 Continue, and no content-type unless asked for.
        let mut headers = vec!["Expect:".to_owned()];
        let is_content_type =
            |header: &&String| header.to_ascii_lowercase().starts_with("content-type");
        if request.headers.iter().find(is_content_type).is_none() {
            headers.push("Content-Type:".to_owned());
        }
        for header in headers.into_iter().chain(request.headers.iter().cloned()) {
            arguments.extend(["--header".to_owned(), header]);
        }
        if request.body.is_some() {
            arguments.extend(["--data-binary".to_owned(), body.to_owned()]);
        }
        arguments.extend([
            "--include".to_owned(),
            format!("{}{}", self.base, request.target),
        ]);
        arguments
    }
}

impl Response {
    fn parse(bytes: &[u8]) -> Result<Response, String> {
        let end = bytes
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .ok_or("no end of the headers")?;
        let head = std::str::from_utf8(&bytes[..end]).map_err(|e| e.to_string())?;
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default().to_owned();
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|s| s.parse().ok())
            .ok_or("no status")?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        Ok(Response {
            status_line,
            status,
            headers,
            body: bytes[end + 4..].to_vec(),
        })
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self}"))
    }

    /// The body as JSON, if the status is that.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// Checks status, code and message of a refusal.
    pub fn expect_error(&self, status: u16, code: &str, message: &str) {
        self.expect_error_starting(status, code, message);
        assert_eq!(self.json()["error"]["message"], message, "{self}");
    }

    /// Checks status, code and the beginning of the message of a refusal.
    pub fn expect_error_starting(&self, status: u16, code: &str, message: &str) {
        assert_eq!(self.status, status, "{self}");
        let error = &self.json()["error"];
        assert_eq!(error["code"], code, "{self}");
        let found = error["message"].as_str().unwrap_or_default();
        assert!(
            found.starts_with(message),
            "expected \"{message}\", found \"{found}\""
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self}"
        );
        assert_eq!(
            self.header("x-ms-ccf-transaction-id"),
            None,
            "a refusal has no transaction id: {self}"
        );
    }

    /// Checks that authentication refused the request, for one reason (governance-api.md 2.2).
    pub fn expect_unauthenticated(&self, policy: &str, reason: &str) {
        self.expect_error(
            401,
            "InvalidAuthenticationInfo",
            "Invalid authentication credentials.",
        );
        let detail = &self.json()["error"]["details"][0];
        assert_eq!(detail["auth_policy"], policy, "{self}");
        assert_eq!(detail["code"], "InvalidAuthenticationInfo", "{self}");
        assert_eq!(detail["message"], reason, "{self}");
        assert_eq!(
            self.header("www-authenticate"),
            Some("COSE-SIGN1 realm=\"Signed request access\""),
            "{self}"
        );
    }
}

impl std::fmt::Display for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}\n{:?}\n{}",
            self.status_line,
            self.headers,
            self.text()
        )
    }
}
