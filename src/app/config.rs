//! The configuration: one TOML file, every key also as `FERRIC_<SECTION>_<KEY>` in the environment.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::redact::Personal;
use crate::model::region::Region;
use crate::render::{AudioLayout, VideoEncoder, VideoLayout};
use crate::share::mail::Security;

/// A configuration that stops the start: one line that says what and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file says something that is no configuration.
    #[error("{path}:{line}: {what}")]
    Bad {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong, with the key.
        what: String,
    },
    /// A variable of the environment is none of ours, or holds no value of its kind.
    #[error("environment variable {name}: {what}")]
    Environment {
        /// Its name.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// A value that is of its kind but makes no sense.
    #[error("{key}: {what}")]
    Value {
        /// Which key, as `rtp.ports`.
        key: &'static str,
        /// What is wrong.
        what: String,
    },
}

/// Everything that can be set. An empty text means "as the comment in `ferric.example.toml` says".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The web side.
    pub http: Http,
    /// The telephone side.
    pub sip: Sip,
    /// Media of SIP legs.
    pub rtp: Rtp,
    /// Media of browsers.
    pub webrtc: Webrtc,
    /// Where things are kept.
    pub data: Data,
    /// Where recordings of a region are kept.
    pub regions: RegionStores,
    /// Where copies lie that are shared with people outside.
    pub external: ExternalStore,
    /// What is held before it is on the disk.
    pub tape: Tape,
    /// How sessions end by themselves.
    pub session: Session,
    /// How recordings are made of tapes.
    pub render: Render,
    /// Files that are sent in.
    pub uploads: Uploads,
    /// When recordings whose time is over are looked for.
    pub retention: Retention,
    /// Events sent to platforms.
    pub webhooks: Webhooks,
    /// How letters go out.
    pub mail: Mail,
    /// Signing in through an identity provider.
    pub oidc: OpenId,
    /// What the log says.
    pub log: Log,
}

/// `[http]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port.
    pub listen: String,
    /// What people's browsers call this node, as `https://rec.example`; empty = as the request says.
    pub public_url: String,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".into(), public_url: String::new() }
    }
}

/// `[sip]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sip {
    /// Address and port, UDP and TCP.
    pub listen: String,
    /// The address that peers reach us at, where it is another one (NAT); empty = `listen`.
    pub advertised: String,
    /// How parties of plain calls are told of the recording.
    pub notice: NoticeKind,
    /// Seconds from one tone to the next, at least 1.
    pub notice_every_s: u64,
    /// The words of a spoken notice: WAV (8 kHz, mono, 16 bit) or raw µ-law; empty = the ones built in.
    pub notice_file: String,
}

/// How parties who can hear us are told that they are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Not by us.
    #[default]
    None,
    /// A beep when recording begins or goes on, and again and again.
    Tone,
    /// Words when recording begins or goes on.
    Spoken,
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:5060".into(),
            advertised: String::new(),
            notice: NoticeKind::None,
            notice_every_s: 15,
            notice_file: String::new(),
        }
    }
}

/// `[rtp]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rtp {
    /// Address that media sockets are bound to; empty = that of `sip.listen`.
    pub bind: String,
    /// First UDP port.
    pub port_first: u16,
    /// Last UDP port.
    pub port_last: u16,
}

impl Default for Rtp {
    fn default() -> Self {
        Self { bind: String::new(), port_first: 20_000, port_last: 29_999 }
    }
}

/// `[webrtc]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webrtc {
    /// Address that peer connections are bound to; empty = that of `http.listen`.
    pub bind: String,
    /// The address that browsers reach us at, where it is another one (NAT); empty = `bind`.
    pub public_ip: String,
}

/// `[data]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// Spool, keys, catalogue, and (by default) recordings.
    pub dir: PathBuf,
    /// `folder:PATH` or `s3://BUCKET/PREFIX?endpoint=URL&region=R&path_style=true`; empty = `folder:<dir>/store`.
    pub store: String,
    /// `sqlite:PATH`; empty = `sqlite:<dir>/catalogue.db`.
    pub catalogue: String,
    /// Days that tapes are kept after their recordings are safe; 0 = removed at once.
    pub keep_tape_days: u32,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: "data".into(), store: String::new(), catalogue: String::new(), keep_tape_days: 0 }
    }
}

/// `[regions]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegionStores {
    /// As `data.store`; empty = this node stores nothing in America.
    pub america: String,
    /// As `data.store`; empty = this node stores nothing in Europe.
    pub europe: String,
}

/// `[external]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExternalStore {
    /// As `data.store`, and another place than any store of recordings; empty = `folder:<dir>/external`.
    pub store: String,
}

/// `[tape]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tape {
    /// Memory that all tapes together may hold while the disk is slow or stuck, MiB.
    pub memory_mb: u32,
}

impl Default for Tape {
    fn default() -> Self {
        Self { memory_mb: 256 }
    }
}

/// `[session]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    /// Seconds that a browser may be away before it has left.
    pub reconnect_s: u64,
    /// Seconds that a session may stand empty before it ends.
    pub idle_end_s: u64,
}

impl Default for Session {
    fn default() -> Self {
        Self { reconnect_s: 15, idle_end_s: 120 }
    }
}

/// `[render]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Render {
    /// `x264enc` (GPL) or `openh264enc` (BSD).
    pub encoder: VideoEncoder,
    /// `active_speaker`, `grid`, `single`.
    pub layout: VideoLayout,
    /// `split` (agent left, customer right) or `mono`.
    pub audio: AudioLayout,
    /// Threads that render calls; 0 = one a core.
    pub threads: usize,
    /// Render while sessions run; off: only once they have ended.
    pub live: bool,
}

impl Default for Render {
    fn default() -> Self {
        Self { encoder: VideoEncoder::X264enc, layout: VideoLayout::ActiveSpeaker, audio: AudioLayout::Split, threads: 0, live: true }
    }
}

/// `[uploads]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uploads {
    /// Largest file, MiB.
    pub max_mb: u64,
    /// All files that are not recordings yet, MiB.
    pub total_mb: u64,
    /// Unfinished files of one caller.
    pub at_once: u32,
    /// Hours that an unfinished file stays when nothing of it comes.
    pub unfinished_h: u32,
    /// Files that are rendered at once.
    pub renderings: usize,
    /// Address space of the process that renders a file, MiB.
    pub memory_mb: u64,
    /// Seconds that rendering a file may take.
    pub time_s: u64,
    /// Seconds of computing that rendering a file may take, over all cores.
    pub cpu_s: u64,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { max_mb: 4096, total_mb: 65_536, at_once: 8, unfinished_h: 24, renderings: 1, memory_mb: 2048, time_s: 14_400, cpu_s: 28_800 }
    }
}

/// `[retention]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Seconds from one look for recordings whose time is over to the next; 0 = only when asked (`POST /v1/retention/sweep`). How long they are kept is set in the workspace and in projects.
    pub sweep_s: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { sweep_s: 60 }
    }
}

/// `[webhooks]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// May lead to this machine and into private networks. Off: whoever may set a webhook could make the node ask things there.
    pub allow_private: bool,
    /// Seconds that a receiver may take to answer.
    pub timeout_s: u64,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { allow_private: false, timeout_s: 15 }
    }
}

/// `[oidc]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenId {
    /// The provider, exactly as it names itself (`https://login.example`); empty = nobody signs in elsewhere.
    pub issuer: String,
    /// This node as the provider knows it.
    pub client_id: String,
    /// Its secret; empty = a public client.
    pub client_secret: Personal,
    /// What is asked for.
    pub scopes: String,
    /// The claim that names a person's groups at the provider.
    pub groups_claim: String,
    /// The group there whose members are administrators here; empty = none is.
    pub admin_group: String,
    /// The group there whose members are agents here; empty = none is.
    pub agent_group: String,
    /// The group there whose members are reviewers here; empty = none is.
    pub reviewer_group: String,
    /// Role of whoever is unknown here and signs in there: `agent`, `reviewer`, `admin`; empty = they are refused.
    pub unknown: String,
}

impl Default for OpenId {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: Personal::default(),
            scopes: "openid profile email".to_owned(),
            groups_claim: "groups".to_owned(),
            admin_group: String::new(),
            agent_group: String::new(),
            reviewer_group: String::new(),
            unknown: String::new(),
        }
    }
}

/// `[mail]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// The SMTP server's name; empty = no letters go out, and what needs one is refused.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is kept from others.
    pub security: Security,
    /// Who signs in there; empty = nobody does.
    pub user: String,
    /// The password; empty = none.
    pub password: Personal,
    /// The sender's address, where a workspace names no other: `no-reply@example.com` or `Example <no-reply@example.com>`.
    pub from: String,
    /// A PEM file with the certificates of the authority that the server's is signed by; empty = the system's.
    pub tls_root: String,
    /// Seconds that the server may take for each answer.
    pub timeout_s: u64,
    /// Seconds before a letter that did not go out is tried again; doubled with each further try, an hour at most.
    pub retry_s: u64,
    /// Hours after which such a letter is given up.
    pub give_up_h: u64,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            security: Security::Starttls,
            user: String::new(),
            password: Personal::default(),
            from: String::new(),
            tls_root: String::new(),
            timeout_s: 30,
            retry_s: 15,
            give_up_h: 24,
        }
    }
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// A filter such as `info` or `info,ferric=debug`.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "warn,ferric=info,rtc_dtls=error".into(), format: "text".into() }
    }
}

fn or_else(text: &str, otherwise: impl FnOnce() -> String) -> String {
    if text.is_empty() { otherwise() } else { text.to_owned() }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1)
}

fn first_line(error: &toml::de::Error) -> String {
    error.message().lines().next().unwrap_or_default().to_owned()
}

/// `FERRIC_HTTP_LISTEN` → `("http", "listen")`, where there is such a key.
fn key_of(variable: &str, known: &toml::Table) -> Option<(String, String)> {
    let rest = variable.strip_prefix("FERRIC_")?.to_ascii_lowercase();
    known.iter().find_map(|(section, keys)| {
        let key = rest.strip_prefix(section.as_str())?.strip_prefix('_')?;
        keys.as_table()?.contains_key(key).then(|| (section.clone(), key.to_owned()))
    })
}

/// A variable's text as the kind of value that the default has.
fn typed(text: &str, like: &toml::Value) -> Result<toml::Value, String> {
    match like {
        toml::Value::Integer(_) => text.parse().map(toml::Value::Integer).map_err(|_| format!("`{text}` is no whole number")),
        toml::Value::Boolean(_) => text.parse().map(toml::Value::Boolean).map_err(|_| format!("`{text}` is neither true nor false")),
        _ => Ok(toml::Value::String(text.to_owned())),
    }
}

impl Config {
    /// Reads a file's text. `path` is only for messages.
    ///
    /// # Errors
    /// With file, line and key.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::Bad {
            path: path.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            what: first_line(&error),
        })
    }

    /// Puts the environment over the file.
    ///
    /// # Errors
    /// With the variable's name.
    pub fn with_environment(self, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let known =
            toml::Table::try_from(Self::default()).map_err(|error| ConfigError::Value { key: "defaults", what: error.to_string() })?;
        let mut table =
            toml::Table::try_from(&self).map_err(|error| ConfigError::Value { key: "configuration", what: error.to_string() })?;
        let mut variables: Vec<_> = variables.into_iter().filter(|(name, _)| name.starts_with("FERRIC_")).collect();
        variables.sort();
        for (name, text) in variables {
            let bad = |what: String| ConfigError::Environment { name: name.clone(), what };
            let (section, key) = key_of(&name, &known).ok_or_else(|| bad("there is no such key".into()))?;
            let value = typed(&text, &known[&section][&key]).map_err(bad)?;
            if let Some(keys) = table.get_mut(&section).and_then(toml::Value::as_table_mut) {
                keys.insert(key, value);
            }
            Self::try_from_table(&table).map_err(|what| ConfigError::Environment { name: name.clone(), what })?;
        }
        Self::try_from_table(&table).map_err(|what| ConfigError::Value { key: "configuration", what })
    }

    fn try_from_table(table: &toml::Table) -> Result<Self, String> {
        table.clone().try_into().map_err(|error: toml::de::Error| first_line(&error))
    }

    /// Where the catalogue is.
    #[must_use]
    pub fn catalogue_url(&self) -> String {
        or_else(&self.data.catalogue, || format!("sqlite:{}", self.data.dir.join("catalogue.db").display()))
    }

    /// Where recordings go.
    #[must_use]
    pub fn store_location(&self) -> String {
        or_else(&self.data.store, || format!("folder:{}", self.data.dir.join("store").display()))
    }

    /// Where copies go that are shared with people outside.
    #[must_use]
    pub fn external_location(&self) -> String {
        or_else(&self.external.store, || format!("folder:{}", self.data.dir.join("external").display()))
    }

    /// Where recordings of each region go, of those that have a store.
    #[must_use]
    pub fn region_locations(&self) -> Vec<(Region, String)> {
        let all = [(Region::America, &self.regions.america), (Region::Europe, &self.regions.europe)];
        all.into_iter().filter(|(_, line)| !line.is_empty()).map(|(region, line)| (region, line.clone())).collect()
    }

    /// The file named, or `ferric.toml` if it is there; the environment over it.
    ///
    /// # Errors
    /// One line that says what and where.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let fallback = Path::new("ferric.toml");
        let path = file.or_else(|| fallback.exists().then_some(fallback));
        let config = match path {
            None => Self::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
                Self::parse(&text, path)?
            }
        };
        config.with_environment(std::env::vars())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_lists_every_key_with_its_default() {
        let text = include_str!("../../ferric.example.toml");
        let example = Config::parse(text, Path::new("ferric.example.toml")).unwrap();
        assert_eq!(example, Config::default());
        let written: toml::Table = text.parse().unwrap();
        for (section, keys) in toml::Table::try_from(Config::default()).unwrap() {
            for key in keys.as_table().unwrap().keys() {
                assert!(written[&section].get(key).is_some(), "{section}.{key} is not in the example");
            }
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = Config::parse("[http]\nlisten = \"x\"\nlissten = \"y\"\n", Path::new("f.toml")).unwrap_err().to_string();
        assert!(error.starts_with("f.toml:3: ") && error.contains("lissten"), "{error}");
    }

    #[test]
    fn an_ill_typed_key_is_named_with_its_line() {
        let error = Config::parse("[rtp]\nport_first = \"many\"\n", Path::new("f.toml")).unwrap_err().to_string();
        assert!(error.starts_with("f.toml:2: "), "{error}");
    }

    #[test]
    fn the_environment_stands_over_the_file_and_is_checked_like_it() {
        let set = |name: &str, value: &str| Config::default().with_environment([(name.to_owned(), value.to_owned())]);
        assert_eq!(set("FERRIC_DATA_KEEP_TAPE_DAYS", "7").unwrap().data.keep_tape_days, 7);
        assert_eq!(set("FERRIC_RENDER_ENCODER", "openh264enc").unwrap().render.encoder, VideoEncoder::Openh264enc);
        assert!(set("FERRIC_DATA_KEEP_TAPES", "7").unwrap_err().to_string().contains("FERRIC_DATA_KEEP_TAPES"));
        assert!(set("FERRIC_RTP_PORT_FIRST", "low").unwrap_err().to_string().contains("FERRIC_RTP_PORT_FIRST"));
        assert!(set("FERRIC_RENDER_ENCODER", "h265").unwrap_err().to_string().contains("FERRIC_RENDER_ENCODER"));
    }
}
