//! Signing in through an OpenID Connect provider: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0 §3.1, RFC 7636).

mod flows;
mod token;

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use flows::{Flow, Flows};
pub use token::{Claims, Untrusted};
use token::{Expected, Jwks, verify};

use crate::archive::rights::Role;
use crate::model::redact::Secret;

/// Keys that the provider published are asked for again after this time, or when a token names another one.
const KEYS_KNOWN_FOR: Duration = Duration::from_hours(1);
/// What it published of itself: looked up as somebody is sent there, so that a provider that is away is found out here, with words. Not more often than this.
const KNOWN_FOR: Duration = Duration::from_secs(2);
/// How long an answer of the provider may take, and be.
const PATIENCE: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: usize = 1 << 20;

/// How people sign in elsewhere.
#[derive(Clone, Debug)]
pub struct OidcSettings {
    /// The provider, exactly as its tokens name it.
    pub issuer: String,
    /// This node as the provider knows it.
    pub client_id: String,
    /// Its secret; empty = a public client.
    pub client_secret: Secret,
    /// What is asked for, besides `openid`.
    pub scopes: String,
    /// The claim that names the person's groups.
    pub groups_claim: String,
    /// Which of these groups makes which role; the first that fits, administrators first.
    pub roles: Vec<(Role, String)>,
    /// Whoever is unknown is made a user of this role where no group says another; absent = is refused.
    pub unknown: Option<Role>,
}

/// Why nobody signed in.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The provider does not answer as it should.
    #[error("the identity provider: {0}")]
    Provider(String),
    /// Its token is not believed.
    #[error("{0}")]
    Token(#[from] Untrusted),
}

#[derive(Clone, Debug, Deserialize)]
struct Published {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: String,
}

/// The provider.
pub struct Oidc {
    settings: OidcSettings,
    http: reqwest::Client,
    published: Mutex<Option<(Instant, Published)>>,
    keys: Mutex<Option<(Instant, Jwks)>>,
    /// Sign-ins that have begun.
    pub flows: Flows,
}

/// `https`, or this very machine.
fn safe(text: &str) -> Result<Url, OidcError> {
    let bad = || OidcError::Provider("publishes an address that is not `https`".to_owned());
    let url: Url = text.parse().map_err(|_| bad())?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() == "https" || url.scheme() == "http" && here { Ok(url) } else { Err(bad()) }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse("http://form").unwrap_or_else(|_| unreachable!("an address"));
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

impl Oidc {
    /// Of its settings.
    ///
    /// # Errors
    /// Where the issuer is no address, or there is no client for HTTPS.
    pub fn new(settings: OidcSettings) -> Result<Self, OidcError> {
        safe(&settings.issuer)?;
        let http = reqwest::Client::builder()
            .user_agent(concat!("Ferric/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(PATIENCE / 2)
            .timeout(PATIENCE)
            .build()
            .map_err(|error| OidcError::Provider(error.to_string()))?;
        Ok(Self { settings, http, published: Mutex::new(None), keys: Mutex::new(None), flows: Flows::default() })
    }

    /// How it is set.
    #[must_use]
    pub fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    async fn answer<T: DeserializeOwned>(request: reqwest::RequestBuilder, what: &str) -> Result<T, OidcError> {
        let no = |why: &dyn std::fmt::Display| OidcError::Provider(format!("{what}: {why}"));
        let mut answer = request.header("accept", "application/json").send().await.map_err(|e| no(&e.without_url()))?;
        if !answer.status().is_success() {
            return Err(no(&format!("it answered {}", answer.status())));
        }
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|e| no(&e.without_url()))? {
            if bytes.len() + piece.len() > LARGEST_ANSWER {
                return Err(no(&"it answered too much"));
            }
            bytes.extend_from_slice(&piece);
        }
        // What does not read may hold a token: it is not repeated.
        serde_json::from_slice(&bytes).map_err(|_| no(&"its answer does not read"))
    }

    async fn published(&self) -> Result<Published, OidcError> {
        let known = self.published.lock().clone();
        if let Some((at, published)) = known
            && at.elapsed() < KNOWN_FOR
        {
            return Ok(published);
        }
        let url = safe(&format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/')))?;
        let published: Published = Self::answer(self.http.get(url), "discovery").await?;
        if published.issuer != self.settings.issuer {
            return Err(OidcError::Provider("publishes itself under another name than `oidc.issuer`".to_owned()));
        }
        for address in [&published.authorization_endpoint, &published.token_endpoint, &published.jwks_uri] {
            safe(address)?;
        }
        *self.published.lock() = Some((Instant::now(), published.clone()));
        Ok(published)
    }

    async fn keys(&self, published: &Published, anew: bool) -> Result<Jwks, OidcError> {
        let known = self.keys.lock().clone();
        if let Some((at, keys)) = known
            && !anew
            && at.elapsed() < KEYS_KNOWN_FOR
        {
            return Ok(keys);
        }
        let keys: Jwks = Self::answer(self.http.get(safe(&published.jwks_uri)?), "keys").await?;
        *self.keys.lock() = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }

    /// The provider's page where somebody signs in.
    ///
    /// # Errors
    /// Where the provider does not answer.
    pub async fn page(&self, flow: &Flow, state: &Secret) -> Result<String, OidcError> {
        let published = self.published().await?;
        let mut url = safe(&published.authorization_endpoint)?;
        let challenge = ring::digest::digest(&ring::digest::SHA256, flow.verifier.reveal().as_bytes());
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &flow.redirect_uri)
            .append_pair("scope", &self.settings.scopes)
            .append_pair("state", state.reveal())
            .append_pair("nonce", flow.nonce.reveal())
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(challenge))
            .append_pair("code_challenge_method", "S256");
        Ok(url.to_string())
    }

    /// What the provider says of whoever came back with a code.
    ///
    /// # Errors
    /// Where it does not answer, or what it says is not believed.
    pub async fn redeem(&self, flow: &Flow, code: &str, now_s: i64) -> Result<Claims, OidcError> {
        let published = self.published().await?;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", flow.redirect_uri.as_str()),
            ("client_id", self.settings.client_id.as_str()),
            ("code_verifier", flow.verifier.reveal()),
        ];
        let secret = self.settings.client_secret.reveal();
        let methods = &published.token_endpoint_auth_methods_supported;
        let in_body = !methods.is_empty() && !methods.iter().any(|method| method == "client_secret_basic");
        let mut request = self.http.post(safe(&published.token_endpoint)?).header("content-type", "application/x-www-form-urlencoded");
        if !secret.is_empty() && in_body {
            fields.push(("client_secret", secret));
        } else if !secret.is_empty() {
            let pair = [self.settings.client_id.as_str(), secret].map(|part| form(&[("", part)])[1..].to_owned()).join(":");
            request = request.header("authorization", format!("Basic {}", STANDARD.encode(pair)));
        }
        let tokens: Tokens = Self::answer(request.body(form(&fields)), "token").await?;
        let expected = Expected { issuer: &self.settings.issuer, client_id: &self.settings.client_id, nonce: flow.nonce.reveal(), now_s };
        let keys = self.keys(&published, false).await?;
        let claims = match verify(&tokens.id_token, &keys, &expected) {
            // Providers change their keys.
            Err(Untrusted::UnknownKey | Untrusted::Signature) => verify(&tokens.id_token, &self.keys(&published, true).await?, &expected)?,
            other => other?,
        };
        self.with_userinfo(claims, &published, &tokens.access_token).await
    }

    /// With what the provider tells apart from the token (OpenID Connect Core 1.0 §5.3): many put nothing but the person's id into a token that comes with
    /// an access token (§5.4). It is asked only where the token leaves something open.
    async fn with_userinfo(&self, mut claims: Claims, published: &Published, access_token: &str) -> Result<Claims, OidcError> {
        let open = !claims.has("email") || !self.settings.roles.is_empty() && !claims.has(&self.settings.groups_claim);
        let Some(endpoint) = published.userinfo_endpoint.as_ref().filter(|_| open && !access_token.is_empty()) else {
            return Ok(claims);
        };
        let told: serde_json::Value = Self::answer(self.http.get(safe(endpoint)?).bearer_auth(access_token), "userinfo").await?;
        claims.add(told)?;
        Ok(claims)
    }

    /// The role that the provider's groups make; `None` where they say nothing.
    #[must_use]
    pub fn role_of(&self, claims: &Claims) -> Option<Role> {
        let groups = claims.list(&self.settings.groups_claim);
        self.settings.roles.iter().find(|(_, group)| groups.contains(&group.as_str())).map(|(role, _)| *role)
    }

    /// The role of somebody who has one here already; `None` where nothing lets them in any more: a role that a group gives goes with the group, and leaves
    /// what unknown people get.
    #[must_use]
    pub fn role_now(&self, claims: &Claims, role: Role) -> Option<Role> {
        let by_group = self.settings.roles.iter().any(|(given, _)| *given == role);
        self.role_of(claims).or(if by_group { self.settings.unknown } else { Some(role) })
    }

    /// What the catalogue knows a person by: ids are unique within their issuer.
    #[must_use]
    pub fn subject_of(&self, claims: &Claims) -> String {
        format!("{} {}", self.settings.issuer, claims.text("sub").unwrap_or_default())
    }
}
