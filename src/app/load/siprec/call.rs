//! One recorded call as a session recording client sees it: INVITE, hold, changes of metadata, BYE.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::watch;

use super::client::SiprecClient;
use super::message::{LoadError, SipMessage, multipart};
use super::pump::{LegControl, Pump};
use super::sound::Sound;

/// One party of a call and what is heard of it.
#[derive(Clone)]
pub struct LegPlan {
    /// SDP label of its stream.
    pub label: String,
    /// Name in the metadata.
    pub name: String,
    /// Address of record in the metadata.
    pub address: String,
    /// What it says.
    pub sound: Sound,
    /// RTP payload type: 0 for PCMU, 8 for PCMA.
    pub payload_type: u8,
}

impl LegPlan {
    /// A leg in µ-law.
    #[must_use]
    pub fn pcmu(label: &str, name: &str, address: &str, sound: Sound) -> Self {
        Self { label: label.to_owned(), name: name.to_owned(), address: address.to_owned(), sound, payload_type: 0 }
    }
}

/// A call to be placed.
#[derive(Clone, Default)]
pub struct CallPlan {
    /// User part of the request URI; empty for `default`.
    pub project: String,
    /// The parties, the caller first.
    pub legs: Vec<LegPlan>,
    /// Further header fields (`X-Ferric-…`).
    pub fields: Vec<(String, String)>,
    /// Leave the metadata out, as some senders do.
    pub without_metadata: bool,
    /// Call as a telephone does: nothing in the INVITE says SIPREC.
    pub as_telephone: bool,
}

/// What a call sent in its life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallReport {
    /// The SIP Call-ID.
    pub call_id: String,
    /// RTP packets, by leg.
    pub packets: Vec<u64>,
    /// RTCP sender reports, by leg.
    pub reports: Vec<u64>,
}

/// A live call.
pub struct SiprecCall {
    client: Arc<SiprecClient>,
    plan: CallPlan,
    call_id: String,
    local_tag: String,
    remote: String,
    remote_target: String,
    sequence: u32,
    sdp_version: u32,
    rtp_port: u16,
    legs: Vec<Arc<LegControl>>,
    present: Vec<bool>,
    ended: watch::Receiver<bool>,
    /// The answer to the INVITE.
    pub answer: SipMessage,
}

fn token() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The ports of an answer's m-lines, and where to send for each.
fn targets(answer: &SipMessage, node: SocketAddr) -> Vec<Option<(SocketAddr, SocketAddr)>> {
    let mut session_ip: Option<IpAddr> = None;
    let mut found: Vec<(Option<IpAddr>, u16, Option<u16>, bool)> = Vec::new();
    for line in answer.body.lines() {
        if let Some(rest) = line.strip_prefix("c=") {
            let ip = rest.split_ascii_whitespace().nth(2).and_then(|ip| ip.parse().ok());
            match found.last_mut() {
                Some(last) => last.0 = ip,
                None => session_ip = ip,
            }
        } else if let Some(rest) = line.strip_prefix("m=") {
            let port = rest.split_ascii_whitespace().nth(1).and_then(|p| p.parse().ok()).unwrap_or(0);
            found.push((None, port, None, false));
        } else if let (Some(rest), Some(last)) = (line.strip_prefix("a=rtcp:"), found.last_mut()) {
            last.2 = rest.split_ascii_whitespace().next().and_then(|p| p.parse().ok());
        } else if let ("a=rtcp-mux", Some(last)) = (line, found.last_mut()) {
            last.3 = true;
        }
    }
    found
        .into_iter()
        .map(|(ip, port, rtcp, mux)| {
            let ip = ip.or(session_ip).filter(|ip| !ip.is_unspecified()).unwrap_or(node.ip());
            let rtcp = if mux { port } else { rtcp.unwrap_or(port.wrapping_add(1)) };
            (port != 0).then(|| (SocketAddr::new(ip, port), SocketAddr::new(ip, rtcp)))
        })
        .collect()
}

impl SiprecCall {
    /// Sends the INVITE, acknowledges the answer and begins to send sound.
    pub async fn place(client: &Arc<SiprecClient>, pump: &Pump, plan: CallPlan) -> Result<Self, LoadError> {
        let call_id = token();
        let ended = client.watch_end(&call_id);
        let present = vec![true; plan.legs.len()];
        let mut call = Self {
            client: client.clone(),
            remote: format!("<{}>", Self::uri(&plan, client)),
            remote_target: Self::uri(&plan, client),
            plan,
            call_id,
            local_tag: token(),
            sequence: 0,
            sdp_version: 0,
            rtp_port: pump.rtp_port(),
            legs: Vec::new(),
            present,
            ended,
            answer: SipMessage::default(),
        };
        let (content_type, body) = call.offer("sendonly");
        let answer = match call.invite(&content_type, &body).await {
            Ok(answer) => answer,
            Err(error) => {
                client.forget(&call.call_id);
                return Err(error);
            }
        };
        let phase = rand::random::<u64>();
        for (leg, target) in call.plan.legs.iter().zip(targets(&answer, client.node)) {
            // A leg that was refused still keeps its place, so that the legs of the plan and of the call stay in step.
            let (rtp, rtcp) = target.unwrap_or((SocketAddr::new(client.node.ip(), 9), SocketAddr::new(client.node.ip(), 9)));
            let control = pump.add(rand::random(), phase, leg.payload_type, rtp, rtcp, leg.sound.clone());
            control.set_sending(target.is_some());
            call.legs.push(control);
        }
        call.answer = answer;
        Ok(call)
    }

    fn uri(plan: &CallPlan, client: &SiprecClient) -> String {
        if plan.project.is_empty() { format!("sip:{}", client.node) } else { format!("sip:{}@{}", plan.project, client.node) }
    }

    /// The call's Call-ID.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// The legs' senders, in the order of the plan.
    #[must_use]
    pub fn legs(&self) -> &[Arc<LegControl>] {
        &self.legs
    }

    /// Whether the node has ended the call.
    #[must_use]
    pub fn ended_by_node(&self) -> bool {
        *self.ended.borrow()
    }

    /// Waits until the node ends the call.
    pub async fn wait_for_end(&mut self) {
        let _ = self.ended.wait_for(|ended| *ended).await;
    }

    fn sdp(&mut self, direction: &str) -> String {
        self.sdp_version += 1;
        let ip = self.client.local.ip();
        let mut sdp = format!("v=0\r\no=load 1 {} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n", self.sdp_version);
        for (leg, present) in self.plan.legs.iter().zip(&self.present) {
            let name = if leg.payload_type == 8 { "PCMA" } else { "PCMU" };
            let pt = leg.payload_type;
            // The line of somebody who is gone keeps its place and is switched off (RFC 3264 §8.2).
            let port = if *present { self.rtp_port } else { 0 };
            let _ = write!(
                sdp,
                "m=audio {port} RTP/AVP {pt} 101\r\na=rtpmap:{pt} {name}/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
                 a=ptime:20\r\na={direction}\r\na=label:{}\r\n",
                leg.label
            );
        }
        sdp
    }

    /// Complete metadata of whoever is in the call.
    fn metadata(&self) -> String {
        let mut xml = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\">\r\n<datamode>complete</datamode>\r\n",
        );
        let _ = write!(xml, "<session session_id=\"s1\"><sipSessionID>{}</sipSessionID></session>\r\n", self.call_id);
        let present = || self.plan.legs.iter().enumerate().filter(|(i, _)| self.present[*i]);
        for (i, leg) in present() {
            let _ = write!(
                xml,
                "<participant participant_id=\"p{i}\"><nameID aor=\"{}\"><name xml:lang=\"en\">{}</name></nameID></participant>\r\n\
                 <participantsessionassoc participant_id=\"p{i}\" session_id=\"s1\"/>\r\n",
                leg.address, leg.name
            );
        }
        for (i, leg) in present() {
            let _ = write!(xml, "<stream stream_id=\"m{i}\" session_id=\"s1\"><label>{}</label></stream>\r\n", leg.label);
        }
        for (i, _) in present() {
            let _ = write!(xml, "<participantstreamassoc participant_id=\"p{i}\"><send>m{i}</send></participantstreamassoc>\r\n");
        }
        xml + "</recording>\r\n"
    }

    fn offer(&mut self, direction: &str) -> (String, String) {
        let sdp = self.sdp(direction);
        if self.plan.without_metadata { ("application/sdp".to_owned(), sdp) } else { multipart(&sdp, &self.metadata()) }
    }

    fn request(&self, method: &str, number: u32, branch: &str, content_type: &str, body: &str) -> String {
        let local = self.client.local;
        let mut out = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/{} {local};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:load@{local}>;tag={}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {number} {method}\r\n",
            self.remote_target,
            self.client.transport(),
            self.local_tag,
            self.remote,
            self.call_id
        );
        if matches!(method, "INVITE" | "UPDATE") {
            let transport = self.client.transport().to_ascii_lowercase();
            let siprec = if self.plan.as_telephone { "\r\n" } else { ";+sip.src\r\nRequire: siprec\r\n" };
            let _ = write!(out, "Contact: <sip:load@{local};transport={transport}>{siprec}");
            let _ = write!(out, "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE\r\n");
            for (name, value) in &self.plan.fields {
                let _ = write!(out, "{name}: {value}\r\n");
            }
        }
        if !body.is_empty() {
            let _ = write!(out, "Content-Type: {content_type}\r\n");
        }
        let _ = write!(out, "Content-Length: {}\r\n\r\n{body}", body.len());
        out
    }

    /// Sends any request within the call and returns its final answer, also a refusal.
    pub async fn send(&mut self, method: &str, content_type: &str, body: &str) -> Result<SipMessage, LoadError> {
        self.sequence += 1;
        let branch = format!("z9hG4bK{}", token());
        let request = self.request(method, self.sequence, &branch, content_type, body);
        let answer = self.client.transact(method, &branch, &request).await?;
        if method == "INVITE" {
            if let (true, Some(to)) = (answer.status < 300, answer.field("To")) {
                to.clone_into(&mut self.remote);
            }
            let contact = answer.field("Contact").and_then(|c| c.split(['<', '>']).nth(1)).map(str::to_owned);
            let branch = if answer.status < 300 { format!("z9hG4bK{}", token()) } else { branch };
            let mut ack = self.request("ACK", self.sequence, &branch, "", "");
            if answer.status >= 300
                && let Some(to) = answer.field("To")
            {
                ack = ack.replace(&format!("To: {}\r\n", self.remote), &format!("To: {to}\r\n"));
            } else if let Some(contact) = contact {
                self.remote_target = contact;
            }
            self.client.send_raw(ack.as_bytes()).await?;
        }
        Ok(answer)
    }

    async fn invite(&mut self, content_type: &str, body: &str) -> Result<SipMessage, LoadError> {
        let answer = self.send("INVITE", content_type, body).await?;
        if answer.status < 300 {
            return Ok(answer);
        }
        Err(LoadError::Refused { method: "INVITE".to_owned(), status: answer.status, reason: answer.reason() })
    }

    async fn re_invite(&mut self, direction: &str) -> Result<SipMessage, LoadError> {
        let (content_type, body) = self.offer(direction);
        let answer = self.invite(&content_type, &body).await?;
        for (leg, target) in self.legs.iter().zip(targets(&answer, self.client.node)) {
            if let Some((rtp, rtcp)) = target {
                leg.send_to(rtp, rtcp);
            }
        }
        Ok(answer)
    }

    /// Puts all streams on hold: `inactive`, and silence on the wire.
    pub async fn hold(&mut self) -> Result<SipMessage, LoadError> {
        let answer = self.re_invite("inactive").await?;
        self.legs.iter().for_each(|leg| leg.set_sending(false));
        Ok(answer)
    }

    /// Takes all streams off hold.
    pub async fn resume(&mut self) -> Result<SipMessage, LoadError> {
        let answer = self.re_invite("sendonly").await?;
        self.legs.iter().for_each(|leg| leg.set_sending(true));
        Ok(answer)
    }

    /// Somebody leaves or comes back: tells it by a re-INVITE with complete metadata.
    pub async fn set_present(&mut self, leg: usize, present: bool) -> Result<SipMessage, LoadError> {
        if let Some(slot) = self.present.get_mut(leg) {
            *slot = present;
        }
        self.re_invite("sendonly").await
    }

    /// Somebody joins who was not there: a line and a party more, told by a re-INVITE. Their sound is sent once the node has answered.
    pub async fn add_leg(&mut self, pump: &Pump, leg: LegPlan) -> Result<SipMessage, LoadError> {
        self.plan.legs.push(leg);
        self.present.push(true);
        let answer = self.re_invite("sendonly").await?;
        for (leg, target) in self.plan.legs.iter().zip(targets(&answer, self.client.node)).skip(self.legs.len()) {
            let (rtp, rtcp) = target.unwrap_or((SocketAddr::new(self.client.node.ip(), 9), SocketAddr::new(self.client.node.ip(), 9)));
            let control = pump.add(rand::random(), rand::random(), leg.payload_type, rtp, rtcp, leg.sound.clone());
            control.set_sending(target.is_some());
            self.legs.push(control);
        }
        Ok(answer)
    }

    /// Sends metadata alone, in an UPDATE without SDP.
    pub async fn update_metadata(&mut self) -> Result<SipMessage, LoadError> {
        let metadata = self.metadata();
        self.send("UPDATE", "application/rs-metadata+xml", &metadata).await
    }

    /// Ends the call and takes its legs out of the pump.
    pub async fn hang_up(mut self, pump: &Pump) -> Result<CallReport, LoadError> {
        let ended = self.ended_by_node();
        self.legs.iter().for_each(|leg| pump.remove(leg));
        let answered = if ended { Ok(SipMessage::default()) } else { self.send("BYE", "", "").await };
        self.client.forget(&self.call_id);
        answered?;
        Ok(CallReport {
            call_id: self.call_id,
            packets: self.legs.iter().map(|l| l.packets()).collect(),
            reports: self.legs.iter().map(|l| l.reports()).collect(),
        })
    }
}
