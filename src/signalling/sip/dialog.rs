//! A dialog (RFC 3261 §12) seen from the one who was called: who is asked next, with which tags, routes and numbers. Pure.

use std::net::{IpAddr, SocketAddr};

use rsipstack::sip::{Headers, Method, Request, Uri, Version, headers::make_header};

use super::address::{NameAddress, split_list};
use super::fields;
use super::reply::Reply;

/// What a dialog is found by.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct DialogKey {
    pub(super) call_id: String,
    pub(super) local_tag: String,
    pub(super) remote_tag: String,
}

impl DialogKey {
    /// The dialog that a request of the peer belongs to; without a To tag it begins one.
    pub(super) fn of_request(headers: &Headers) -> Option<(Self, bool)> {
        let call_id = fields::first(headers, "Call-ID")?.to_owned();
        let remote_tag = NameAddress::parse(fields::first(headers, "From")?).tag().unwrap_or_default().to_owned();
        let local_tag = NameAddress::parse(fields::first(headers, "To")?).tag().map(str::to_owned);
        let within = local_tag.is_some();
        Some((Self { call_id, local_tag: local_tag.unwrap_or_default(), remote_tag }, within))
    }
}

/// A live dialog.
#[derive(Clone, Debug)]
pub(super) struct Dialog {
    pub(super) key: DialogKey,
    local: String,
    remote: String,
    remote_target: String,
    route_set: Vec<String>,
    local_sequence: u32,
    remote_sequence: u32,
    source: SocketAddr,
}

impl Dialog {
    /// The dialog that an INVITE begins (§12.1.1). The INVITE's To bears our tag already.
    pub(super) fn of_invite(invite: &Request, source: SocketAddr) -> Result<Self, Reply> {
        let missing = |what: &str| Reply::refuse(400, what);
        let (key, within) = DialogKey::of_request(&invite.headers).ok_or_else(|| missing("From, To or Call-ID is missing"))?;
        if !within || key.remote_tag.is_empty() {
            return Err(missing("the From field has no tag"));
        }
        let contact = fields::first(&invite.headers, "Contact").ok_or_else(|| missing("an INVITE without a Contact field"))?;
        let route_set = fields::values(&invite.headers, "Record-Route").flat_map(split_list).map(str::to_owned).collect();
        Ok(Self {
            key,
            local: fields::first(&invite.headers, "To").unwrap_or_default().to_owned(),
            remote: fields::first(&invite.headers, "From").unwrap_or_default().to_owned(),
            remote_target: NameAddress::parse(contact).uri,
            route_set,
            local_sequence: 0,
            remote_sequence: fields::sequence_number(&invite.headers).unwrap_or(0),
            source,
        })
    }

    /// Takes note of a request's number: gaps are fine, going back is not (§12.2.2).
    pub(super) fn admit(&mut self, headers: &Headers) -> Result<u32, Reply> {
        let number = fields::sequence_number(headers).ok_or_else(|| Reply::refuse(400, "the CSeq field has no number"))?;
        if number < self.remote_sequence {
            return Err(Reply::refuse(500, "the CSeq number is lower than one before"));
        }
        self.remote_sequence = number;
        Ok(number)
    }

    /// A re-INVITE or UPDATE moves the remote target (§12.2.2).
    pub(super) fn refresh_target(&mut self, headers: &Headers, source: SocketAddr) {
        if let Some(contact) = fields::first(headers, "Contact") {
            self.remote_target = NameAddress::parse(contact).uri;
        }
        self.source = source;
    }

    /// Where requests of ours go: the first route or the remote target where it is an address, else where the peer's requests come from.
    pub(super) fn next_hop(&self) -> SocketAddr {
        let uri = self.route_set.first().map_or_else(|| self.remote_target.clone(), |route| NameAddress::parse(route).uri);
        let Ok(uri) = Uri::try_from(uri.as_str()) else { return self.source };
        let port = uri.host_with_port.port.as_ref().map_or(5060, rsipstack::sip::Port::value);
        match &uri.host_with_port.host {
            rsipstack::sip::Host::IpAddr(ip) => SocketAddr::new(*ip, port),
            rsipstack::sip::Host::Domain(name) => name.0.parse::<IpAddr>().map_or(self.source, |ip| SocketAddr::new(ip, port)),
        }
    }

    /// A request of ours within the dialog (§12.2.1.1); Via comes from whoever sends it.
    pub(super) fn request(&mut self, method: Method, via: String, extra: &[(&'static str, String)], sdp: &str) -> Option<Request> {
        self.local_sequence += 1;
        self.message(method, self.local_sequence, via, extra, sdp)
    }

    /// The ACK of a 2xx to an INVITE of ours (§13.2.2.4), with the answer to an offer that came in it.
    pub(super) fn acknowledge(&self, number: u32, via: String, answer: &str) -> Option<Request> {
        self.message(Method::Ack, number, via, &[], answer)
    }

    fn message(&self, method: Method, number: u32, via: String, extra: &[(&'static str, String)], sdp: &str) -> Option<Request> {
        let uri = Uri::try_from(self.remote_target.as_str()).ok()?;
        let mut headers = Headers::default();
        headers.push(make_header("Via", via));
        for route in &self.route_set {
            headers.push(make_header("Route", route.clone()));
        }
        headers.push(make_header("Max-Forwards", "70".to_owned()));
        headers.push(make_header("From", self.local.clone()));
        headers.push(make_header("To", self.remote.clone()));
        headers.push(make_header("Call-ID", self.key.call_id.clone()));
        headers.push(make_header("CSeq", format!("{number} {method}")));
        headers.push(make_header("User-Agent", format!("Ferric/{}", env!("CARGO_PKG_VERSION"))));
        for (name, value) in extra {
            headers.push(make_header(name, value.clone()));
        }
        if !sdp.is_empty() {
            headers.push(make_header("Content-Type", "application/sdp".to_owned()));
        }
        headers.push(make_header("Content-Length", sdp.len().to_string()));
        Some(Request { method, uri, version: Version::V2, headers, body: sdp.as_bytes().to_vec() })
    }
}
