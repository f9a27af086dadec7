//! How deliveries are signed; `docs/events.md` shows receivers how to check.

use ring::hmac;

use crate::model::redact::Secret;

/// The value of `Ferric-Webhook-Signature`: for each secret in use `v1=` and the HMAC-SHA-256 of `<timestamp>.<body>` in lower-case hex, joined by commas.
#[must_use]
pub fn signature(secrets: &[&Secret], timestamp_s: i64, body: &str) -> String {
    let signed = format!("{timestamp_s}.{body}");
    let of = |secret: &&Secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
        format!("v1={}", hex::encode(hmac::sign(&key, signed.as_bytes())))
    };
    secrets.iter().map(of).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_the_documented_recipe_gives() {
        // printf '1767225600.{"seq":1}' | openssl dgst -sha256 -hmac whsec_test
        let secret = Secret::new("whsec_test");
        let one = signature(&[&secret], 1_767_225_600, r#"{"seq":1}"#);
        let expected = std::process::Command::new("openssl")
            .args(["dgst", "-sha256", "-hmac", "whsec_test"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .and_then(|mut child| {
                use std::io::Write;
                child.stdin.take().unwrap().write_all(br#"1767225600.{"seq":1}"#)?;
                child.wait_with_output()
            })
            .unwrap();
        let text = String::from_utf8(expected.stdout).unwrap();
        assert_eq!(one.strip_prefix("v1="), text.trim().rsplit(' ').next());
        let two = signature(&[&secret, &Secret::new("older")], 1_767_225_600, r#"{"seq":1}"#);
        assert!(two.starts_with(&format!("{one},v1=")) && two.len() == 2 * one.len() + 1);
    }
}
