//! PEM texts: 64 columns, final newline (RFC 7468, as OpenSSL writes it). What the bytes inside mean is not known here.

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::{CryptoError, limits};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const COLUMNS: usize = 64;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One block of a PEM text.
pub struct Block<'a> {
    /// The label, `CERTIFICATE` for instance.
    pub label: &'a str,
    /// The bytes inside.
    pub der: Zeroizing<Vec<u8>>,
}

/// Writes `der` under `label`.
pub fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    let lines = body.len().div_ceil(COLUMNS);
    // The exact size, so that no copy of a secret stays behind in memory that was outgrown.
    let size = BEGIN.len() + END.len() + 2 * (label.len() + DASHES.len() + 1) + body.len() + lines;
    let mut text = Zeroizing::new(String::with_capacity(size));
    text.push_str(BEGIN);
    text.push_str(label);
    text.push_str(DASHES);
    text.push('\n');
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(END);
    text.push_str(label);
    text.push_str(DASHES);
    text.push('\n');
    text
}

/// The blocks of a text, in order; whatever stands between them is skipped. Ends after the first malformed block.
pub fn blocks(text: &str) -> Blocks<'_> {
    Blocks { rest: text }
}

/// The first block that has one of `labels`. `what` names the object in errors.
pub(crate) fn first<'a>(
    text: &'a str,
    what: &'static str,
    labels: &[&str],
) -> Result<Block<'a>, CryptoError> {
    check(text)?;
    let mut seen = Vec::new();
    for block in blocks(text) {
        let block = block.map_err(|reason| CryptoError::Malformed {
            what,
            reason: reason.to_owned(),
        })?;
        if labels.contains(&block.label) {
            return Ok(block);
        }
        seen.push(block.label);
    }
    let seen = if seen.is_empty() {
        "nothing complete".to_owned()
    } else {
        seen.join(", ")
    };
    let reason = format!(
        "the PEM text must hold {}, found {seen}",
        labels.join(" or ")
    );
    Err(CryptoError::Malformed { what, reason })
}

/// Refuses a text that is no PEM at all (js-runtime.md 7), or too long.
pub fn check(text: &str) -> Result<(), CryptoError> {
    if text.len() > limits::PEM_BYTES {
        return Err(CryptoError::Length {
            what: "a PEM text",
            expected: "at most 4194304",
            found: text.len(),
        });
    }
    if text.contains("-----BEGIN") {
        Ok(())
    } else {
        Err(CryptoError::NotPem(text.to_owned()))
    }
}

/// Takes the bytes of a PEM argument: a trailing NUL is dropped; empty or non-PEM input is refused (js-runtime.md 7).
pub fn text_from_bytes(bytes: &[u8]) -> Result<&str, CryptoError> {
    if bytes.is_empty() {
        return Err(CryptoError::EmptyPem);
    }
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|_| CryptoError::NotPem(String::from_utf8_lossy(bytes).into_owned()))?;
    check(text)?;
    Ok(text)
}

/// Iterator of [`blocks`].
pub struct Blocks<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<Block<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.rest.find(BEGIN)? + BEGIN.len();
        let text = std::mem::take(&mut self.rest).get(start..)?;
        match split_block(text) {
            Ok((block, rest)) => {
                self.rest = rest;
                Some(Ok(block))
            }
            Err(reason) => Some(Err(reason)),
        }
    }
}

/// Reads a block from after its `-----BEGIN `; returns what follows it too.
fn split_block(text: &str) -> Result<(Block<'_>, &str), &'static str> {
    let (line, rest) = text
        .split_once('\n')
        .ok_or("the PEM block has no second line")?;
    let label = line
        .trim_end()
        .strip_suffix(DASHES)
        .ok_or("the PEM block's first line does not end in dashes")?;
    let (body, rest) = rest
        .split_once(END)
        .ok_or("the PEM block has no end line")?;
    let rest = rest
        .strip_prefix(label)
        .ok_or("the PEM block's end line has another label than the first")?;
    let rest = rest
        .strip_prefix(DASHES)
        .ok_or("the PEM block's last line does not end in dashes")?;
    if body.contains(':') {
        return Err("the PEM block has headers: encrypted keys are not supported");
    }
    let mut compact = Zeroizing::new(Vec::with_capacity(body.len()));
    compact.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let der = LENIENT
        .decode(&*compact)
        .map_err(|_| "the PEM block is not base64")?;
    Ok((
        Block {
            label,
            der: Zeroizing::new(der),
        },
        rest,
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_have_64_columns_and_the_text_ends_in_a_newline() {
        let text = encode("TEST", &[0; 100]);
        let lines: Vec<_> = text.lines().map(str::len).collect();
        assert_eq!(lines, [20, 64, 64, 8, 18]);
        assert!(text.ends_with("-----END TEST-----\n"));
    }

    #[test]
    fn a_trailing_nul_is_dropped_and_the_empty_buffer_refused() {
        let text = encode("TEST", b"x");
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        assert_eq!(text_from_bytes(&bytes).unwrap(), text.as_str());
        assert_eq!(
            text_from_bytes(b"").unwrap_err().to_string(),
            "Got PEM of size 0"
        );
        assert_eq!(
            text_from_bytes(b"abc").unwrap_err().to_string(),
            "PEM constructed with non-PEM data: abc"
        );
    }

    #[test]
    fn other_blocks_and_text_between_are_skipped() {
        let text = format!(
            "notes\n{}more\n{}",
            &*encode("A", b"one"),
            &*encode("B", b"two")
        );
        assert_eq!(*first(&text, "a test", &["B"]).unwrap().der, b"two");
        let error = first(&text, "a test", &["C"]).err().unwrap().to_string();
        assert_eq!(
            error,
            "a test cannot be read: the PEM text must hold C, found A, B"
        );
    }

    #[test]
    fn the_buffer_of_a_text_is_never_outgrown() {
        for len in 0..200 {
            let text = encode("PRIVATE KEY", &vec![7; len]);
            assert_eq!(text.len(), text.capacity());
        }
    }

    proptest! {
        #[test]
        fn round_trip(der: Vec<u8>) {
            let text = encode("PRIVATE KEY", &der);
            prop_assert_eq!(&*first(&text, "x", &["PRIVATE KEY"]).unwrap().der, &der);
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in ".{0,200}", label in "[A-Z ]{0,8}") {
            blocks(&text).for_each(drop);
            let framed = format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----");
            blocks(&framed).for_each(drop);
        }
    }
}
