use serde_json::json;

use super::*;
use crate::testing::{RequestBuilder, request};

fn accept(value: &str) -> Result<(), (u16, String, String)> {
    check_accept(
        &request("GET", "/x")
            .header("accept", value.to_owned())
            .build(),
    )
    .map_err(|error| (error.status, error.code.into_owned(), error.message))
}

#[test]
fn apps_4_4_accept_must_allow_json() {
    assert_eq!(check_accept(&request("GET", "/x").build()), Ok(()));
    for good in [
        "application/json",
        "*/*",
        "application/*",
        "*/json",
        "text/html, application/json;q=0.3",
        "application/json;q=0",
        "application / json ; q=0.5",
        "text/plain,*/*;q=0.1",
    ] {
        assert_eq!(accept(good), Ok(()), "{good}");
    }
    for bad in [
        "text/html",
        "application/json;charset=utf-8",
        "application/jsonx",
        "",
        " ",
        "image/*",
    ] {
        let message = format!(
            "No supported content type in accept header: {bad}\nOnly application/json is currently supported"
        );
        assert_eq!(
            accept(bad),
            Err((406, "UnsupportedContentType".to_owned(), message))
        );
    }
}

#[test]
fn apps_4_4_a_malformed_accept_is_named() {
    let malformed = |text: &str| Err((400, "InvalidHeaderValue".to_owned(), text.to_owned()));
    assert_eq!(
        accept("application/json, json"),
        malformed("Entry in Accept header is not a valid MIME type: json")
    );
    assert_eq!(
        accept("text/html;q=high"),
        malformed("Could not parse q-factor from MIME type in Accept header: text/html;q=high")
    );
}

#[test]
fn apps_4_4_null_is_204_and_everything_else_sorted_json() {
    let plain = request("GET", "/x").build();
    let empty = respond(&plain, &Value::Null).unwrap();
    assert_eq!(
        (
            empty.status,
            empty.body.len(),
            empty.headers.get("content-type")
        ),
        (204, 0, None)
    );
    let full = respond(&plain, &json!({ "b": 1, "a": [true, null] })).unwrap();
    assert_eq!(full.status, 200);
    assert_eq!(full.body.as_ref(), b"{\"a\":[true,null],\"b\":1}");
    assert_eq!(
        full.headers.get("content-type"),
        Some(&b"application/json"[..])
    );
    let picky = request("GET", "/x").header("accept", "text/html").build();
    assert_eq!(respond(&picky, &Value::Null).unwrap().status, 204);
    assert_eq!(respond(&picky, &Value::Bool(true)).unwrap_err().status, 406);
}

#[test]
fn apps_4_4_the_body_of_a_get_and_an_empty_one_are_an_empty_object() {
    let parse = |request: RequestBuilder| body::<Value>(&request.build());
    assert_eq!(parse(request("GET", "/x").body("not json")), Ok(json!({})));
    assert_eq!(parse(request("POST", "/x")), Ok(json!({})));
    assert_eq!(parse(request("DELETE", "/x").body("[1]")), Ok(json!([1])));
    let error = parse(request("POST", "/x").body("{")).unwrap_err();
    assert_eq!((error.status, error.code.as_ref()), (400, "InvalidInput"));
    assert!(check_body(&request("DELETE", "/x").body("{").build()).is_err());
    assert!(check_body(&request("DELETE", "/x").build()).is_ok());
}

proptest::proptest! {
    #[test]
    fn any_accept_is_answered(value in "[ -~]{0,40}") {
        if let Err((status, ..)) = accept(&value) {
            proptest::prop_assert!(matches!(status, 400 | 406));
        }
    }
}
