//! Query strings (apps-and-endpoints.md 4.5).
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_endpoints::Query;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let query = Query::new(Some(text));
        let (first, again) = (query.text("a").map(String::from), query.text("a").map(String::from));
        assert_eq!(first, again);
    }
});
