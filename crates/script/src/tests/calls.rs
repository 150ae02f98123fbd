//! The four calls of governance: arguments, results, exports (js-runtime.md 1.3, 2, 10).

use crate::{
    Environment, Limits, Script, ScriptError, Validation, apply, resolve, validate,
    validate_constitution, vote,
};

use super::{Eval, State};

fn script(source: &str) -> Script<'_> {
    Script {
        source,
        name: "public:ccf.gov.constitution[0]",
    }
}

fn governance() -> Environment {
    Environment::governance(Limits::default())
}

fn native(text: &str) -> ScriptError {
    ScriptError::Native(text.to_owned())
}

#[test]
fn js_runtime_2_vote_gets_proposal_and_proposer() {
    let source = "export function vote(...args) { return JSON.stringify(args) === '[\"the proposal\",\"the proposer\"]' && this === undefined; }";
    let mut tx = State::default().tx();
    let result = vote(
        &script(source),
        &governance(),
        &mut tx,
        "the proposal",
        "the proposer",
    );
    assert_eq!(result, Ok(true));
}

#[test]
fn governance_api_4_4_a_vote_counts_by_truthiness() {
    for (value, vote_for) in [
        ("true", true),
        ("false", false),
        ("0", false),
        ("''", false),
        ("'false'", true),
        ("{}", true),
        ("[]", true),
        ("null", false),
        ("undefined", false),
        ("Promise.resolve(false)", true),
        ("NaN", false),
        ("0n", false),
        ("(async () => false)()", true),
    ] {
        let source = format!("export function vote() {{ return {value}; }}");
        let mut tx = State::default().tx();
        let result = vote(&script(&source), &governance(), &mut tx, "", "");
        assert_eq!(result, Ok(vote_for), "{value}");
    }
}

#[test]
fn js_runtime_2_resolve_gets_four_arguments() {
    let source = "export function resolve(...args) { return JSON.stringify(args); }";
    let mut tx = State::default().tx();
    let votes = [("aa".to_owned(), true), ("bb".to_owned(), false)];
    let result = resolve(
        &script(source),
        &governance(),
        &mut tx,
        "p",
        "m",
        &votes,
        "id",
    );
    assert_eq!(
        result.unwrap(),
        r#"["p","m",[{"member_id":"aa","vote":true},{"member_id":"bb","vote":false}],"id"]"#
    );
}

#[test]
fn governance_api_4_5_the_result_of_resolve_becomes_a_string() {
    for (value, text) in [
        ("'Open'", "Open"),
        ("undefined", "undefined"),
        ("null", "null"),
        ("{ toString() { return 'Accepted'; } }", "Accepted"),
        ("['Open']", "Open"),
        ("Promise.resolve('Open')", "[object Promise]"),
        ("12.5", "12.5"),
    ] {
        assert_eq!(
            Eval::new().body(&format!("return {value};")).unwrap(),
            text,
            "{value}"
        );
    }
}

#[test]
fn js_runtime_10_validate_answers_with_an_object() {
    let run = |value: &str| {
        let source = format!("export function validate(input) {{ return {value}; }}");
        let mut tx = State::default().tx();
        validate(&script(&source), &governance(), &mut tx, "input text").unwrap()
    };
    let answer = |valid, description: Option<&str>| {
        Some(Validation {
            valid,
            description: description.map(str::to_owned),
        })
    };
    assert_eq!(
        run("{ valid: true, description: input }"),
        answer(true, Some("input text"))
    );
    assert_eq!(run("{ valid: 1, description: 7 }"), answer(true, None));
    assert_eq!(run("{ valid: '' }"), answer(false, None));
    assert_eq!(run("({})"), answer(false, None));
    assert_eq!(run("[]"), answer(false, None));
    assert_eq!(run("() => 1"), answer(false, None));
    for no_object in ["undefined", "null", "true", "'valid'", "1"] {
        assert_eq!(run(no_object), None, "{no_object}");
    }
}

#[test]
fn js_runtime_2_apply_gets_proposal_and_id_and_writes() {
    let mut eval = Eval::new().access(crate::Access::GovReadWrite);
    eval.apply("ccf.kv['public:ccf.gov.x'].set(ccf.strToBuf(proposal), ccf.strToBuf(proposalId));")
        .unwrap();
    assert_eq!(
        eval.tx.get("public:ccf.gov.x", b"proposal").unwrap(),
        "id".as_bytes()
    );
}

#[test]
fn the_transaction_is_the_callers_again_after_a_failure() {
    let mut eval = Eval::new().access(crate::Access::GovReadWrite);
    let write = "ccf.kv['public:ccf.gov.x'].set(ccf.strToBuf('k'), ccf.strToBuf('v'));";
    eval.apply(&format!("{write} throw new Error('late');"))
        .unwrap_err();
    assert!(eval.tx.has_writes());
    assert_eq!(eval.tx.read_txid().seqno, 7);
}

#[test]
fn js_runtime_1_3_a_module_that_does_not_compile() {
    for source in [
        "export function vote( {",
        "",
        "import 'other';",
        "import { x } from './other.js'; export function vote() {}",
        "export function vote() { await 1; }",
        "with (Math) { random }",
        "var let = 1;",
        "export function vote() {}\0",
    ] {
        let mut tx = State::default().tx();
        let outcome = vote(&script(source), &governance(), &mut tx, "", "");
        let text = if source.is_empty() {
            "Failed to find export 'vote' in module 'public:ccf.gov.constitution[0]'"
        } else {
            "Failed to compile public:ccf.gov.constitution[0]"
        };
        assert_eq!(outcome, Err(native(text)), "{source:?}");
    }
}

#[test]
fn js_runtime_1_3_a_link_error_names_the_reason() {
    // The only import that compiles without a loader is one of the module itself.
    let mut tx = State::default().tx();
    let source = "import { nope } from 'public:ccf.gov.constitution[0]'; export function vote() {}";
    let error = vote(&script(source), &governance(), &mut tx, "", "").unwrap_err();
    assert_eq!(
        error,
        native(
            "Failed to execute public:ccf.gov.constitution[0]: SyntaxError: Could not find export 'nope' in \
             module 'public:ccf.gov.constitution[0]'"
        )
    );
}

#[test]
fn js_runtime_1_3_exports_are_found_or_refused_by_name() {
    let missing = "Failed to find export 'vote' in module 'public:ccf.gov.constitution[0]'";
    let no_function = "Export 'vote' of module 'public:ccf.gov.constitution[0]' is not a function";
    for (source, outcome) in [
        ("export function vote() { return true; }", Ok(true)),
        ("export const vote = () => true;", Ok(true)),
        (
            "function f() { return true; } export { f as vote };",
            Ok(true),
        ),
        ("export { vote }; class vote {}", Ok(true)),
        ("export default () => true;", Err(missing)),
        ("function vote() { return true; }", Err(missing)),
        ("export const vote = 1;", Err(no_function)),
        ("export let vote;", Err(no_function)),
        ("export const votes = () => true;", Err(missing)),
    ] {
        let mut tx = State::default().tx();
        let result = vote(&script(source), &governance(), &mut tx, "", "");
        match outcome {
            Ok(_) if source.contains("class") => {
                assert!(
                    matches!(result, Err(ScriptError::Exception { .. })),
                    "{source}"
                );
            }
            Ok(vote_for) => assert_eq!(result, Ok(vote_for), "{source}"),
            Err(text) => assert_eq!(result, Err(native(text)), "{source}"),
        }
    }
}

#[test]
fn js_runtime_1_3_what_the_top_level_throws_is_swallowed() {
    let call = |source: &str| {
        let mut tx = State::default().tx();
        vote(&script(source), &governance(), &mut tx, "", "")
    };
    assert_eq!(
        call("export function vote() { return true; } foo.bar;"),
        Ok(true)
    );
    assert_eq!(
        call("throw 1; export function vote() { return true; }"),
        Ok(true)
    );
    assert_eq!(
        call("await new Promise(() => {}); export function vote() { return true; }"),
        Ok(true)
    );
    assert_eq!(
        call("foo.bar; export const vote = () => true;"),
        Err(native(
            "Export 'vote' of module 'public:ccf.gov.constitution[0]' is not a function"
        ))
    );
    assert_eq!(
        call(
            "let seen = 0; seen = 1; foo.bar; seen = 2; export function vote() { return seen === 1; }"
        ),
        Ok(true)
    );
}

#[test]
fn js_runtime_1_2_no_job_ever_runs() {
    let source = "
        let log = '';
        Promise.resolve().then(() => { log += 'then'; });
        (async () => { log += 'a'; await null; log += 'b'; })();
        export function resolve() { Promise.resolve().then(() => { log += 'later'; }); return log; }";
    assert_eq!(Eval::new().module(source).unwrap(), "a");
    assert_eq!(Eval::new().text("import('test.js')"), "[object Promise]");
}

#[test]
fn js_runtime_2_each_call_has_a_fresh_interpreter() {
    let source = "
        globalThis.count = (globalThis.count ?? 0) + 1;
        export function resolve() { globalThis.count++; Array.prototype.mine = 1; return globalThis.count; }";
    for _ in 0..3 {
        assert_eq!(Eval::new().module(source).unwrap(), "2");
        assert_eq!(Eval::new().text("Array.prototype.mine"), "undefined");
    }
}

#[test]
fn a_large_module_is_compiled_once_and_behaves_the_same_each_time() {
    let padding = "// ".to_owned() + &"x".repeat(4096);
    let source = format!(
        "{padding}\nlet count = 0;\nexport function resolve() {{ count++; if (count > 1) throw 1;\nreturn resolve.toString().length + ':' + new Error('e').stack; }}"
    );
    let first = Eval::new().module(&source).unwrap();
    assert!(first.ends_with("    at resolve (test.js:4)\n"), "{first}");
    for _ in 0..3 {
        assert_eq!(Eval::new().module(&source).unwrap(), first);
    }
}

#[test]
fn js_runtime_8_1_a_constitution_is_checked_by_its_exports_and_their_lengths() {
    const APPLY: &str = "export function apply(proposal, proposerId) {}";
    const RESOLVE: &str = "export function resolve(proposal, proposerId, votes, proposalId) {}";
    const VALIDATE: &str = "export function validate(input) {}";
    let check = |parts: &[&str]| validate_constitution(&parts.join("\n"));

    assert_eq!(check(&[APPLY, RESOLVE, VALIDATE]), Ok(()));
    assert_eq!(
        check(&[APPLY, "export function resolve(a, b, c) {}", VALIDATE]),
        Ok(())
    );
    // What the top level throws does not matter.
    assert_eq!(check(&["foo.bar;", APPLY, RESOLVE, VALIDATE]), Ok(()));
    assert_eq!(
        check(&["ccf.kv; console.log();", APPLY, RESOLVE, VALIDATE]),
        Ok(())
    );

    let refused = |parts: &[&str], text: &str| {
        assert_eq!(check(parts), Err(text.to_owned()), "{parts:?}");
    };
    refused(&[""], "constitution is empty");
    refused(
        &["}"],
        "proposed constitution does not export a function named apply: Failed to compile proposed constitution",
    );
    refused(
        &[RESOLVE, VALIDATE],
        "proposed constitution does not export a function named apply: Failed to find export 'apply' in module 'proposed constitution'",
    );
    refused(
        &[APPLY, "export const resolve = 1;", VALIDATE],
        "proposed constitution does not export a function named resolve: Export 'resolve' of module 'proposed constitution' is not a function",
    );
    refused(
        &[APPLY, RESOLVE],
        "proposed constitution does not export a function named validate: Failed to find export 'validate' in module 'proposed constitution'",
    );
    refused(
        &["export function apply(a) {}", RESOLVE, VALIDATE],
        "proposed constitution exports function apply with 1 arg, expected 2 args (proposal, proposerId)",
    );
    refused(
        &[APPLY, "export function resolve(a) {}", VALIDATE],
        "proposed constitution exports function resolve with 1 arg, expected between 3 and 4 args (proposal, proposerId, votes[, proposalId])",
    );
    refused(
        &[APPLY, "export function resolve(a, b, c, d, e) {}", VALIDATE],
        "proposed constitution exports function resolve with 5 args, expected between 3 and 4 args (proposal, proposerId, votes[, proposalId])",
    );
    refused(
        &[APPLY, RESOLVE, "export function validate(a, b, c) {}"],
        "proposed constitution exports function validate with 3 args, expected 1 arg (input)",
    );
    refused(
        &[APPLY, RESOLVE, "export function validate() {}"],
        "proposed constitution exports function validate with 0 args, expected 1 arg (input)",
    );
}

#[test]
fn a_failing_apply_is_an_exception() {
    let mut tx = State::default().tx();
    let environment = Environment {
        access: crate::Access::GovReadWrite,
        ..governance()
    };
    let source = "export function apply() { throw new TypeError('no'); }";
    let error = apply(&script(source), &environment, &mut tx, "", "").unwrap_err();
    assert_eq!(
        error,
        ScriptError::Exception {
            reason: "TypeError: no".to_owned(),
            trace: Some("    at apply (public:ccf.gov.constitution[0]:1)\n".to_owned()),
            timed_out: false,
        }
    );
}
