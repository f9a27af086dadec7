//! An ID token and what has to hold of it (OpenID Connect Core 1.0 §3.1.3.7; RFC 7515, RFC 7517). Pure: time comes as an argument.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// Seconds that the clocks of provider and node may differ.
const LEEWAY_S: i64 = 60;

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It does not read.
    #[error("the ID token does not read")]
    Malformed,
    /// It is signed in a way that is not taken.
    #[error("the ID token is signed by neither RS256 nor ES256")]
    Algorithm,
    /// Signed by a key that the provider does not publish.
    #[error("the ID token names a key that the provider does not publish")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// Of another issuer.
    #[error("the ID token is another issuer's")]
    Issuer,
    /// For another client.
    #[error("the ID token is for another client")]
    Audience,
    /// Over, or not begun.
    #[error("the ID token's time is over, or has not begun")]
    Time,
    /// Of another sign-in.
    #[error("the ID token is of another sign-in")]
    Nonce,
    /// What was told beside it is of somebody else.
    #[error("what the provider tells beside the ID token is of somebody else")]
    Subject,
}

/// A key that the provider publishes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    used: Option<String>,
    n: String,
    e: String,
    crv: String,
    x: String,
    y: String,
}

/// All keys that the provider publishes.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Jwks {
    /// The keys. What cannot be read among them is left out by the reader.
    pub keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

/// What has to hold.
pub struct Expected<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// This node as the provider knows it.
    pub client_id: &'a str,
    /// Of this sign-in.
    pub nonce: &'a str,
    /// Seconds since the Unix epoch.
    pub now_s: i64,
}

/// What a believed token says of somebody.
#[derive(Clone, Debug)]
pub struct Claims(pub Value);

impl Claims {
    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A claim that is a list of texts, or one.
    pub fn list(&self, name: &str) -> Vec<&str> {
        match self.0.get(name) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the provider says anything of it.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// Adds what the token does not say, from what the provider told beside it of the same person (OpenID Connect Core 1.0 §5.3.2).
    ///
    /// # Errors
    /// Where it is of somebody else.
    pub fn add(&mut self, told: Value) -> Result<(), Untrusted> {
        let told = Self(told);
        if told.text("sub").is_none() || told.text("sub") != self.text("sub") {
            return Err(Untrusted::Subject);
        }
        // Whether an address is theirs is said of that address alone.
        let other_address = self.has("email") && self.text("email") != told.text("email");
        if let (Value::Object(own), Value::Object(told)) = (&mut self.0, told.0) {
            for (name, value) in told.into_iter().filter(|(name, _)| !(other_address && name == "email_verified")) {
                let kept = own.entry(name).or_insert(Value::Null);
                if kept.is_null() {
                    *kept = value;
                }
            }
        }
        Ok(())
    }

    /// The address, where the provider says that it is theirs.
    pub fn verified_email(&self) -> Option<&str> {
        self.text("email").filter(|_| self.0.get("email_verified") == Some(&Value::Bool(true)))
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, Untrusted> {
    URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|_| Untrusted::Malformed)
}

/// Believes a token, or not.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify(token: &str, keys: &Jwks, expected: &Expected<'_>) -> Result<Claims, Untrusted> {
    let parts: Vec<&str> = token.split('.').collect();
    let [head, body, signature] = parts[..] else { return Err(Untrusted::Malformed) };
    let header: Header = serde_json::from_slice(&decoded(head)?).map_err(|_| Untrusted::Malformed)?;
    if !matches!(header.alg.as_str(), "RS256" | "ES256") {
        return Err(Untrusted::Algorithm);
    }
    let signature = decoded(signature)?;
    let signed = &token.as_bytes()[..head.len() + 1 + body.len()];
    let fits = |key: &&Jwk| {
        let kind = if header.alg == "RS256" { "RSA" } else { "EC" };
        key.kty == kind
            && (header.kid.is_none() || key.kid == header.kid)
            && key.used.as_deref().is_none_or(|used| used == "sig")
            && key.alg.as_deref().is_none_or(|alg| alg == header.alg)
    };
    let mut candidates = keys.keys.iter().filter(fits).peekable();
    if candidates.peek().is_none() {
        return Err(Untrusted::UnknownKey);
    }
    if !candidates.any(|key| signed_by(key, &header.alg, signed, &signature)) {
        return Err(Untrusted::Signature);
    }
    let claims = Claims(serde_json::from_slice(&decoded(body)?).map_err(|_| Untrusted::Malformed)?);
    if claims.text("iss") != Some(expected.issuer) {
        return Err(Untrusted::Issuer);
    }
    let audience = claims.list("aud");
    let authorized = claims.text("azp");
    if !audience.contains(&expected.client_id)
        || authorized.is_some_and(|azp| azp != expected.client_id)
        || audience.len() > 1 && authorized.is_none()
    {
        return Err(Untrusted::Audience);
    }
    let second = |name: &str| claims.0.get(name).and_then(Value::as_f64).map(|s| s as i64);
    let ends = second("exp").ok_or(Untrusted::Malformed)?;
    let begins = second("nbf").or_else(|| second("iat")).unwrap_or(expected.now_s);
    if expected.now_s >= ends.saturating_add(LEEWAY_S) || begins > expected.now_s.saturating_add(LEEWAY_S) {
        return Err(Untrusted::Time);
    }
    if claims.text("nonce") != Some(expected.nonce) {
        return Err(Untrusted::Nonce);
    }
    if claims.text("sub").is_none() {
        return Err(Untrusted::Malformed);
    }
    Ok(claims)
}

fn signed_by(key: &Jwk, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
    if algorithm == "RS256" {
        let (Ok(n), Ok(e)) = (decoded(&key.n), decoded(&key.e)) else { return false };
        return RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok();
    }
    let (Ok(x), Ok(y)) = (decoded(&key.x), decoded(&key.y)) else { return false };
    let point = [&[4u8][..], &x, &y].concat();
    key.crv == "P-256" && UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::json;

    struct Provider {
        pair: EcdsaKeyPair,
        keys: Jwks,
    }

    fn provider() -> Provider {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let jwk = json!({ "kty": "EC", "kid": "k", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) });
        let keys = serde_json::from_value(json!({ "keys": [jwk] })).unwrap();
        Provider { pair, keys }
    }

    fn sign(provider: &Provider, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let signature = provider.pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn what_is_told_beside_the_token_fills_it_up_and_changes_nothing_in_it() {
        let token = || Claims(json!({ "sub": "1", "iss": "https://idp", "email": "a@example.com" }));
        let mut claims = token();
        let told = json!({ "sub": "1", "iss": "evil", "email": "b@example.com", "email_verified": true, "groups": ["x"] });
        assert_eq!(claims.add(told), Ok(()));
        assert_eq!(
            (claims.text("iss"), claims.text("email"), claims.list("groups")),
            (Some("https://idp"), Some("a@example.com"), vec!["x"])
        );
        assert_eq!(claims.verified_email(), None, "another address is theirs");
        assert_eq!(claims.add(json!({ "sub": "1", "email": "a@example.com", "email_verified": true })), Ok(()));
        assert_eq!(claims.verified_email(), Some("a@example.com"));
        for other in [json!({ "sub": "2", "groups": ["x"] }), json!({ "groups": ["x"] }), json!([])] {
            assert_eq!(token().add(other.clone()), Err(Untrusted::Subject), "{other}");
        }
    }

    #[test]
    fn every_claim_that_does_not_hold_is_refused() {
        let provider = provider();
        let header = json!({ "alg": "ES256", "kid": "k" });
        let good = json!({ "iss": "https://idp", "aud": "node", "sub": "1", "nonce": "n", "exp": 2_000, "iat": 1_000 });
        let judged = |header: &Value, change: Value| {
            let mut claims = good.clone();
            for (name, value) in change.as_object().unwrap() {
                claims[name] = value.clone();
            }
            let expected = Expected { issuer: "https://idp", client_id: "node", nonce: "n", now_s: 1_500 };
            verify(&sign(&provider, header, &claims), &provider.keys, &expected).map(drop)
        };
        assert_eq!(judged(&header, json!({})), Ok(()));
        assert_eq!(judged(&header, json!({ "aud": ["node", "other"], "azp": "node" })), Ok(()));
        for (change, why) in [
            (json!({ "iss": "https://idp/" }), Untrusted::Issuer),
            (json!({ "aud": "other" }), Untrusted::Audience),
            (json!({ "aud": ["node", "other"] }), Untrusted::Audience),
            (json!({ "azp": "other" }), Untrusted::Audience),
            (json!({ "exp": 1_440 }), Untrusted::Time),
            (json!({ "iat": 1_561 }), Untrusted::Time),
            (json!({ "nonce": "m" }), Untrusted::Nonce),
            (json!({ "nonce": null }), Untrusted::Nonce),
            (json!({ "sub": "" }), Untrusted::Malformed),
        ] {
            assert_eq!(judged(&header, change.clone()), Err(why), "{change}");
        }
        assert_eq!(judged(&json!({ "alg": "none" }), json!({})), Err(Untrusted::Algorithm));
        assert_eq!(judged(&json!({ "alg": "HS256", "kid": "k" }), json!({})), Err(Untrusted::Algorithm));
        assert_eq!(judged(&json!({ "alg": "ES256", "kid": "other" }), json!({})), Err(Untrusted::UnknownKey));
        let other = super::tests::provider();
        let expected = Expected { issuer: "https://idp", client_id: "node", nonce: "n", now_s: 1_500 };
        assert_eq!(verify(&sign(&other, &header, &good), &provider.keys, &expected).map(drop), Err(Untrusted::Signature));
    }
}
