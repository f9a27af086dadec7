//! What is said of a file in `Upload-Metadata`: names and values in Base64, a comma between two.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api::problem::Problem;
use crate::archive::uploads::UploadDetails;
use crate::model::id::ProjectSlug;
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::text::holds_controls;

/// Names that become the session's metadata. Files are named `filename` by most clients.
const NAMES: [&str; 10] =
    ["title", "ticket", "customer_email", "customer_number", "queue", "order", "access_number", "caller", "description", "restricted"];

/// What was said, by name.
pub struct Told(BTreeMap<String, String>);

impl Told {
    /// Reads the header.
    ///
    /// # Errors
    /// Where it is not as the protocol writes it.
    pub fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let bad = |what: &str| Problem::new(StatusCode::BAD_REQUEST, "bad_metadata", format!("Upload-Metadata: {what}"));
        let Some(value) = headers.get("upload-metadata") else { return Ok(Self(BTreeMap::new())) };
        let text = value.to_str().map_err(|_| bad("names are ASCII, values Base64"))?;
        let mut told = BTreeMap::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
            let value = STANDARD.decode(value.trim()).map_err(|_| bad(&format!("{name}: is no Base64")))?;
            let value = String::from_utf8(value).map_err(|_| bad(&format!("{name}: is no UTF-8")))?;
            if told.insert(name.to_owned(), value).is_some() {
                return Err(bad(&format!("{name}: stands there twice")));
            }
        }
        Ok(Self(told))
    }

    /// From names and values.
    #[must_use]
    pub fn of(told: BTreeMap<String, String>) -> Self {
        Self(told)
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.trim().is_empty())
    }

    /// PostgreSQL keeps no NUL in a text. A file's name is freed of such characters instead: nobody chose it for this.
    fn fits(&self) -> Result<(), Problem> {
        match self.0.iter().find(|(name, value)| !matches!(name.as_str(), "filename" | "name") && holds_controls(value)) {
            Some((name, _)) => Err(Problem::invalid(format!("{name}: must not hold control characters"))),
            None => Ok(()),
        }
    }

    /// What a member says of a file of theirs.
    ///
    /// # Errors
    /// With the name of what cannot be.
    pub fn of_member(mut self, name: &str) -> Result<UploadDetails, Problem> {
        self.fits()?;
        let project = self.take("project").unwrap_or_else(|| "default".to_owned());
        let project: ProjectSlug = project.parse().map_err(|e| Problem::invalid(format!("project: {e}")))?;
        let role = match self.take("role").as_deref() {
            None | Some("agent") => Role::Agent,
            Some("customer") => Role::Customer,
            Some(_) => return Err(Problem::invalid("role: agent or customer")),
        };
        let agent = (role == Role::Agent).then(|| self.take("agent").unwrap_or_else(|| name.to_owned()));
        let sender = self.take("sender").or_else(|| agent.clone()).map(Personal::new);
        let external_id = self.take("external_id");
        Ok(UploadDetails { project, role, sender, agent, external_id, metadata: self.rest()? })
    }

    /// What somebody says of a file who was invited to send it: its name, and no more than that.
    ///
    /// # Errors
    /// With the name of what cannot be.
    pub fn of_invited(mut self, invited: &UploadDetails) -> Result<UploadDetails, Problem> {
        let mut details = invited.clone();
        if let Some(name) = self.take("filename") {
            details.metadata.insert("file_name".to_owned(), Personal::new(short(&name)));
        }
        self.take("filetype");
        self.take("name");
        self.take("type");
        match self.0.keys().next() {
            None => Ok(details),
            Some(name) => Err(Problem::invalid(format!("{name}: an invitation says this itself"))),
        }
    }

    /// The rest as metadata of the session.
    ///
    /// # Errors
    /// With the name of what is unknown.
    pub fn rest(mut self) -> Result<BTreeMap<String, Personal>, Problem> {
        self.fits()?;
        let mut metadata = BTreeMap::new();
        if let Some(name) = self.take("filename").or_else(|| self.take("name")) {
            metadata.insert("file_name".to_owned(), Personal::new(short(&name)));
        }
        for ignored in ["filetype", "type", "name", "relativePath"] {
            self.0.remove(ignored);
        }
        for name in NAMES {
            if let Some(value) = self.take(name) {
                metadata.insert(name.to_owned(), Personal::new(value.trim()));
            }
        }
        self.0.retain(|_, value| !value.trim().is_empty());
        match self.0.keys().next() {
            None => Ok(metadata),
            Some(name) => {
                Err(Problem::invalid(format!("{name}: unknown; filename, project, role, agent, sender, external_id, {}", NAMES.join(", "))))
            }
        }
    }
}

/// A file's name, without folders, as long as it may be.
fn short(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let plain: String = last.chars().filter(|c| !c.is_control()).collect();
    let plain = plain.trim();
    if plain.is_empty() { "file".to_owned() } else { plain.chars().take(200).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<Told, Problem> {
        Told::read(&HeaderMap::from_iter([("upload-metadata".parse().unwrap(), text.parse().unwrap())]))
    }

    #[test]
    fn what_is_said_is_read_and_what_is_unknown_is_named() {
        let encoded =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| format!("{n} {}", STANDARD.encode(v))).collect::<Vec<_>>().join(",");
        let details = told(&encoded(&[("filename", "../C:\\tmp\\møte.mp4"), ("project", "support"), ("ticket", "T-7")]))
            .unwrap()
            .of_member("paal")
            .unwrap();
        assert_eq!((details.project.as_str(), details.agent.as_deref()), ("support", Some("paal")));
        assert_eq!(details.metadata["file_name"].reveal(), "møte.mp4");
        assert_eq!(details.metadata["ticket"].reveal(), "T-7");
        let unknown = told(&encoded(&[("colour", "red")])).unwrap().of_member("paal").unwrap_err();
        assert!(unknown.detail.starts_with("colour: "), "{}", unknown.detail);
        let torn = told(&encoded(&[("ticket", "T-7\0")])).unwrap().of_member("paal").unwrap_err();
        assert!(torn.detail.starts_with("ticket: "), "{}", torn.detail);
        let customer = told(&encoded(&[("role", "customer")])).unwrap().of_member("paal").unwrap();
        assert_eq!(customer.agent, None);
        for bad in ["filename ???", "a YQ==,a YQ=="] {
            assert_eq!(told(bad).err().unwrap().status, 400, "{bad}");
        }
        assert!(told("").unwrap().of_member("paal").is_ok());
    }

    #[test]
    fn whoever_was_invited_says_no_more_than_a_name() {
        let invited = told("").unwrap().of_member("paal").unwrap();
        let named = told(&format!("filename {}", STANDARD.encode("a.mp4"))).unwrap().of_invited(&invited).unwrap();
        assert_eq!(named.metadata["file_name"].reveal(), "a.mp4");
        let more = told(&format!("project {}", STANDARD.encode("other"))).unwrap().of_invited(&invited).unwrap_err();
        assert!(more.detail.starts_with("project: "), "{}", more.detail);
    }
}
