//! What header fields tell of a call beside who is in it: `X-Ferric-*` and the known fields of vendors become the session's metadata.

use std::collections::BTreeMap;

use rsipstack::sip::Headers;

use crate::model::redact::Personal;

use super::fields;

/// Fields of vendors and of RFCs, and the metadata key each feeds; of several for a key the first in this table that is there stands.
const KNOWN: [(&str, &str); 33] = [
    ("Cisco-Guid", "call_id"),
    ("X-Genesys-CallUUID", "call_id"),
    ("X-Genesys-Call-UUID", "call_id"),
    ("X-CallUUID", "call_id"),
    ("X-Avaya-UCID", "call_id"),
    ("X-UCID", "call_id"),
    ("X-Global-Call-ID", "call_id"),
    ("X-Twilio-CallSid", "call_id"),
    ("X-BroadWorks-Correlation-Info", "call_id"),
    ("X-NetSapiens-Call-ID", "call_id"),
    ("X-Acme-Call-ID", "call_id"),
    ("X-Call-ID", "call_id"),
    ("X-Genesys-Queue", "queue"),
    ("X-Avaya-Queue", "queue"),
    ("X-Queue-Name", "queue"),
    ("X-Queue", "queue"),
    ("X-Genesys-DNIS", "access_number"),
    ("X-DNIS", "access_number"),
    ("P-Called-Party-ID", "access_number"),
    ("Diversion", "access_number"),
    ("X-Genesys-ANI", "caller"),
    ("X-ANI", "caller"),
    ("P-Asserted-Identity", "caller"),
    ("Remote-Party-ID", "caller"),
    ("X-Genesys-AgentID", "agent_id"),
    ("X-Agent-ID", "agent_id"),
    ("User-to-User", "user_to_user"),
    ("Session-ID", "sip_session_id"),
    ("History-Info", "history_info"),
    ("Call-Info", "call_info"),
    ("Subject", "subject"),
    ("User-Agent", "sender"),
    ("Call-ID", "sip_call_id"),
];

/// `X-Ferric-*` fields that steer and are not kept as metadata.
const STEERING: [&str; 4] = ["session", "role", "external_id", "consent"];
const MOST_FIELDS: usize = 64;
const MOST_CHARS: usize = 1024;

fn kept(value: &str) -> Personal {
    Personal::new(value.chars().filter(|c| !c.is_control()).take(MOST_CHARS).collect::<String>())
}

/// The metadata that a request's header fields hold.
pub(super) fn metadata_of(headers: &Headers) -> BTreeMap<String, Personal> {
    let mut found = BTreeMap::new();
    for header in headers.iter() {
        let name = header.name().to_ascii_lowercase();
        let Some(own) = name.strip_prefix("x-ferric-") else { continue };
        let key = own.replace('-', "_");
        if !STEERING.contains(&key.as_str()) && !key.is_empty() && found.len() < MOST_FIELDS {
            found.insert(key, kept(header.value().trim()));
        }
    }
    for (field, key) in KNOWN {
        if let Some(value) = fields::first(headers, field).filter(|v| !v.is_empty()) {
            found.entry(key.to_owned()).or_insert_with(|| kept(value));
        }
    }
    found
}

/// A steering field of ours.
pub(super) fn steering<'a>(headers: &'a Headers, name: &'a str) -> Option<&'a str> {
    fields::first(headers, name).filter(|value| !value.is_empty())
}
