//! What to type next: files for a first proposal, and the commands that use them.

use std::path::Path;

use serde_json::json;

use crate::error::CliError;
use crate::keygen;

/// Makes keys for one more member, the proposal to add it, and two ballots.
pub(super) fn write_files(common: &Path, members: &[String]) -> Result<(), CliError> {
    let newcomer = newcomer(members);
    keygen::write_identity(common, &newcomer, quorate_crypto::ec::Curve::P384, true)?;
    let read = |file: String| {
        let path = common.join(file);
        std::fs::read_to_string(&path).map_err(|error| CliError::io(path, &error))
    };
    let proposal = json!({ "actions": [{ "name": "set_member", "args": {
        "cert": read(format!("{newcomer}_cert.pem"))?,
        "encryption_pub_key": read(format!("{newcomer}_enc_pubk.pem"))?,
    } }] });
    let ballot = |vote: bool| {
        json!({
            "ballot": format!("export function vote (rawProposal, proposerId) {{ return {vote} }}")
        })
    };
    for (name, value) in [
        ("set_member.json", proposal),
        ("vote_for.json", ballot(true)),
        ("vote_against.json", ballot(false)),
    ] {
        let path = common.join(name);
        std::fs::write(&path, format!("{value:#}\n"))
            .map_err(|error| CliError::io(path, &error))?;
    }
    Ok(())
}

/// The text that is printed when the service is open. Every command runs as it stands, in one shell.
pub(super) fn text(common: &Path, address: &str, members: &[String], users: &[String]) -> String {
    let newcomer = newcomer(members);
    let mut text = format!(
        "
The service is open. In another shell, with ccf_cose_sign1 on the PATH (pip install ccf==6.0.28 'cbor2<6'):

  cd {}
  gov() {{ curl -sS --cacert service_cert.pem -H 'content-type: application/cose' --data-binary @- \\
      \"https://{address}/gov/$1?api-version=2024-07-01\"; echo; }}
  sign() {{ who=$1; shift; ccf_cose_sign1 --signing-cert ${{who}}_cert.pem --signing-key ${{who}}_privk.pem \\
      --ccf-gov-msg-created_at \"$(date -u -Iseconds)\" \"$@\"; }}
  id() {{ openssl x509 -in $1_cert.pem -outform der | sha256sum | cut -c1-64; }}

# {} proposes to add {newcomer}
  proposal=$(sign {} --ccf-gov-msg-type proposal --content set_member.json | gov members/proposals:create \\
      | sed 's/.*\"proposalId\":\"\\([0-9a-f]*\\)\".*/\\1/'); echo $proposal

# members vote
",
        quoted(common),
        members[0],
        members[0],
    );
    for (index, member) in members.iter().enumerate() {
        let vote = if members.len() > 2 && index == 1 {
            "vote_against.json"
        } else {
            "vote_for.json"
        };
        text.push_str(&format!(
            "  sign {member} --ccf-gov-msg-type ballot --ccf-gov-msg-proposal_id $proposal --content {vote} \\
      | gov members/proposals/$proposal/ballots/$(id {member}):submit\n"
        ));
    }
    text.push_str(&format!(
        "
# read the proposal and its outcome
  curl -sS --cacert service_cert.pem \"https://{address}/gov/members/proposals/$proposal?api-version=2024-07-01\"; echo

# {newcomer} acknowledges the state of the service, which makes it an active member
  sign {newcomer} --ccf-gov-msg-type state_digest --content /dev/null \\
      | gov members/state-digests/$(id {newcomer}):update > digest.json
  sign {newcomer} --ccf-gov-msg-type ack --content digest.json | gov members/state-digests/$(id {newcomer}):ack
"
    ));
    if let Some(user) = users.first() {
        text.push_str(&format!(
            "
# {user} uses the application
  curl -sS --cacert service_cert.pem --cert {user}_cert.pem --key {user}_privk.pem \\
      -H 'content-type: application/json' -d '{{\"id\": 42, \"msg\": \"hello\"}}' https://{address}/app/log/private; echo
  curl -sS --cacert service_cert.pem --cert {user}_cert.pem --key {user}_privk.pem \\
      'https://{address}/app/log/private?id=42'; echo
"
        ));
    }
    text
}

/// Name of the member that the walk-through adds.
fn newcomer(members: &[String]) -> String {
    format!("member{}", members.len())
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_every_member_and_the_files_exist() {
        let directory = tempfile::tempdir().unwrap();
        let names =
            |kind: &str, count: usize| (0..count).map(|i| format!("{kind}{i}")).collect::<Vec<_>>();
        let (members, users) = (names("member", 3), names("user", 1));
        write_files(directory.path(), &members).unwrap();
        let text = text(directory.path(), "127.0.0.1:8000", &members, &users);
        for word in [
            "sign member0",
            "sign member1",
            "sign member2",
            "sign member3",
            "user0_cert.pem",
            "vote_against",
        ] {
            assert!(text.contains(word), "{word} is missing in {text}");
        }
        for file in [
            "set_member.json",
            "vote_for.json",
            "vote_against.json",
            "member3_enc_pubk.pem",
        ] {
            assert!(directory.path().join(file).is_file(), "{file}");
        }
    }

    #[test]
    fn a_path_is_one_word_for_the_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
