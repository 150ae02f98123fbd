use proptest::prelude::*;

use super::*;

fn captured<'p>(template: &str, path: &'p str) -> Option<Vec<&'p str>> {
    let template = Template::parse(template).unwrap();
    Some(
        template
            .matches(path)?
            .into_iter()
            .map(|range| &path[range])
            .collect(),
    )
}

#[test]
fn apps_3_1_a_parameter_is_one_segment() {
    assert_eq!(captured("/a/{x}", "/a/1"), Some(vec!["1"]));
    assert_eq!(captured("/a/{x}", "/a/"), None);
    assert_eq!(captured("/a/{x}", "/a"), None);
    assert_eq!(captured("/a/{x}", "/a/1/"), None);
    assert_eq!(captured("/a/{x}", "/a/1/2"), None);
    assert_eq!(captured("/a/{x}/b", "/a/1/b"), Some(vec!["1"]));
    assert_eq!(
        captured("/{op}/{l}/{r}", "/add/1/2"),
        Some(vec!["add", "1", "2"])
    );
}

#[test]
fn apps_3_1_the_byte_after_the_bracket_ends_the_parameter() {
    assert_eq!(captured("/{a}:do", "/x:do"), Some(vec!["x"]));
    assert_eq!(captured("/{a}:do", "/x:y:do"), None);
    assert_eq!(captured("/{a}:do", "/x:dont"), None);
    assert_eq!(captured("/{a}", "/x:do"), Some(vec!["x:do"]));
    assert_eq!(captured("/{a}.json", "/x.json"), Some(vec!["x"]));
    assert_eq!(
        captured("/p/{id}/ballots/{member}:submit", "/p/1/ballots/2:submit"),
        Some(vec!["1", "2"])
    );
}

#[test]
fn apps_3_1_paths_are_matched_raw() {
    assert_eq!(captured("/a/{x}", "/a/%2F"), Some(vec!["%2F"]));
    assert_eq!(captured("/{a}:do", "/x%3Ado"), None);
}

#[test]
fn apps_3_1_what_is_no_parameter_stands_for_itself() {
    assert_eq!(captured("/a.b/{x}", "/a.b/1"), Some(vec!["1"]));
    assert_eq!(captured("/a.b/{x}", "/acb/1"), None);
}

#[test]
fn apps_3_1_bad_templates_are_refused() {
    let refused = |text: &str| Template::parse(text).unwrap_err().to_string();
    assert_eq!(
        refused("/a/{x"),
        "Invalid templated path - missing closing curly bracket: /a/{x"
    );
    assert_eq!(
        refused("/{a}/{a}"),
        "Invalid templated path - duplicated component names (a, a): /{a}/{a}"
    );
    assert_eq!(
        refused("/{a}/{b}/{a}"),
        "Invalid templated path - duplicated component names (a, b, a): /{a}/{b}/{a}"
    );
    for text in [
        "a", "", "{a}", "/{a}{b}", "/{}", "/a}", "/{a}}", "/{a{b}", "/{a/b}",
    ] {
        assert!(Template::parse(text).is_err(), "{text}");
    }
    let many: String = (0..9).map(|n| format!("/{{p{n}}}")).collect();
    assert!(Template::parse(&many).is_err());
}

/// The slow meaning of a template: the regular expression of the specification.
fn reference(template: &str, path: &str) -> Option<Vec<String>> {
    let mut pattern = String::from("^");
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once('{') {
        let (_, after) = after.split_once('}')?;
        pattern.push_str(&escape(literal));
        match after.chars().next() {
            Some(next) if next != '/' => {
                pattern.push_str(&format!("([^/{}]+)", escape_in_class(next)))
            }
            _ => pattern.push_str("([^/]+)"),
        }
        rest = after;
    }
    pattern.push_str(&escape(rest));
    pattern.push('$');
    let found = regress::Regex::new(&pattern).unwrap().find(path)?;
    Some(
        found
            .captures
            .iter()
            .map(|range| path[range.clone().unwrap()].to_owned())
            .collect(),
    )
}

fn escape(literal: &str) -> String {
    literal
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '/' {
                c.to_string()
            } else {
                format!("\\{c}")
            }
        })
        .collect()
}

fn escape_in_class(c: char) -> String {
    if c.is_alphanumeric() {
        c.to_string()
    } else {
        format!("\\{c}")
    }
}

proptest! {
    #[test]
    fn matching_equals_the_regular_expression(
        template in "(/([ab:.]{1,2}|\\{[a-c]\\}(:a|\\.|b)?)){1,4}",
        path in "(/[ab:.]{0,4}){1,4}",
    ) {
        if let Ok(parsed) = Template::parse(&template) {
            let got = parsed.matches(&path).map(|captures| {
                captures.into_iter().map(|range| path[range].to_owned()).collect::<Vec<_>>()
            });
            prop_assert_eq!(got, reference(&template, &path));
        }
    }

    #[test]
    fn parsing_and_matching_never_panic(template in "\\PC{0,40}", path in "\\PC{0,40}") {
        if let Ok(template) = Template::parse(&template)
            && let Some(captures) = template.matches(&path)
        {
            for range in captures {
                // Parameters end at a byte of the template or '/', so they may end inside a character
                // only if the template's next byte is not ASCII.
                prop_assert!(range.end <= path.len());
            }
        }
    }
}
