//! Which bytes the grammar of HTTP/1 allows where.

/// A set of bytes.
pub(super) struct Set([bool; 256]);

impl Set {
    const fn of(bytes: &[u8]) -> Self {
        let mut set = [false; 256];
        let mut i = 0;
        while i < bytes.len() {
            set[bytes[i] as usize] = true;
            i += 1;
        }
        Self(set)
    }

    const fn with_range(mut self, first: u8, last: u8) -> Self {
        let mut byte = first;
        loop {
            self.0[byte as usize] = true;
            if byte == last {
                return self;
            }
            byte += 1;
        }
    }

    const fn with_alphanumeric(self) -> Self {
        self.with_range(b'0', b'9')
            .with_range(b'A', b'Z')
            .with_range(b'a', b'z')
    }

    const fn without(mut self, bytes: &[u8]) -> Self {
        let mut i = 0;
        while i < bytes.len() {
            self.0[bytes[i] as usize] = false;
            i += 1;
        }
        self
    }

    /// Whether a byte is in it.
    pub(super) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }

    /// How many bytes from the beginning on are in it.
    pub(super) fn run(&self, data: &[u8]) -> usize {
        data.iter()
            .position(|&byte| !self.has(byte))
            .unwrap_or(data.len())
    }
}

/// `token` of RFC 9110 5.6.2.
pub(super) static TOKEN: Set = Set::of(b"!#$%&'*+-.^_`|~").with_alphanumeric();
/// Path: printable ASCII but for `?`, `#` and the space.
pub(super) static PATH: Set = Set::of(b"").with_range(0x21, 0x7e).without(b"?#");
/// Query: `?` may come again.
pub(super) static QUERY: Set = Set::of(b"").with_range(0x21, 0x7e).without(b"#");
/// Fragment: `?` and `#` may come again.
pub(super) static FRAGMENT: Set = Set::of(b"").with_range(0x21, 0x7e);
/// Authority, but for `@`.
pub(super) static AUTHORITY: Set = Set::of(b"-_.!~*'()%;:&=+$,[]").with_alphanumeric();
/// Field values: tab, printable ASCII, and every byte from 0x80 on.
pub(super) static VALUE: Set = Set::of(b"\t").with_range(0x20, 0x7e).with_range(0x80, 0xff);
/// Within quotes, but for `"` and `\`.
pub(super) static QUOTED: Set = Set::of(b"\t")
    .with_range(0x20, 0x7e)
    .with_range(0x80, 0xff)
    .without(b"\"\\");

/// Verbs that are understood, the frequent ones first. None is the beginning of another.
pub(super) static METHODS: [&[u8]; 35] = [
    b"GET",
    b"POST",
    b"PUT",
    b"DELETE",
    b"HEAD",
    b"OPTIONS",
    b"PATCH",
    b"CONNECT",
    b"TRACE",
    b"COPY",
    b"LOCK",
    b"MKCOL",
    b"MOVE",
    b"PROPFIND",
    b"PROPPATCH",
    b"SEARCH",
    b"UNLOCK",
    b"BIND",
    b"REBIND",
    b"UNBIND",
    b"ACL",
    b"REPORT",
    b"MKACTIVITY",
    b"CHECKOUT",
    b"MERGE",
    b"M-SEARCH",
    b"NOTIFY",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"PURGE",
    b"MKCALENDAR",
    b"LINK",
    b"UNLINK",
    b"SOURCE",
    b"QUERY",
];

/// Length of the longest of [`METHODS`].
pub(super) const LONGEST_METHOD: usize = 11;
