//! A peer that says exactly what a test wants, byte for byte.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

pub struct Peer {
    pub socket: UdpSocket,
    pub node: SocketAddr,
    pub local: SocketAddr,
    pub call_id: String,
    pub contact: String,
    pub to: String,
    pub user: String,
    pub sequence: u32,
    pub seen: Vec<String>,
}

pub struct Answer {
    pub status: u16,
    pub text: String,
    pub body: String,
}

impl Answer {
    pub fn of(datagram: &[u8]) -> Self {
        let all = String::from_utf8_lossy(datagram).into_owned();
        let (text, body) = all.split_once("\r\n\r\n").map(|(h, b)| (h.to_owned(), b.to_owned())).unwrap_or((all.clone(), String::new()));
        let status = text.strip_prefix("SIP/2.0 ").and_then(|r| r[..3].parse().ok()).unwrap_or(0);
        Self { status, text, body }
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|l| l.strip_prefix(&format!("{name}: ")))
    }

    pub fn warning(&self) -> &str {
        self.field("Warning").unwrap_or_default()
    }

    /// Ports of its audio lines, in order.
    pub fn ports(&self) -> Vec<u16> {
        let lines = self.body.lines().filter_map(|l| l.strip_prefix("m=audio "));
        lines.map(|l| l.split(' ').next().unwrap().parse().unwrap()).collect()
    }
}

impl Peer {
    pub async fn to(node: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let local = socket.local_addr().unwrap();
        Self {
            node,
            local,
            call_id: uuid::Uuid::new_v4().to_string(),
            contact: format!("<sip:src@{local}>;+sip.src"),
            to: "<sip:srs@node>".to_owned(),
            user: "default".to_owned(),
            sequence: 0,
            seen: Vec::new(),
            socket,
        }
    }

    pub fn request(&mut self, method: &str, branch: &str, fields: &str, body: &str) -> String {
        let uri = if self.user.is_empty() { format!("sip:{}", self.node) } else { format!("sip:{}@{}", self.user, self.node) };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch={branch}\r\nMax-Forwards: 70\r\n\
             From: \"Sender\" <sip:src@example.net>;tag=t1\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\nContact: {}\r\n{fields}\
             Content-Length: {}\r\n\r\n{body}",
            self.local,
            self.to,
            self.call_id,
            self.sequence,
            self.contact,
            body.len()
        )
    }

    pub async fn send(&self, message: &str) {
        self.socket.send_to(message.as_bytes(), self.node).await.unwrap();
    }

    /// The next message from the node that is no 100.
    pub async fn receive(&self) -> Answer {
        let mut buffer = vec![0; 65_536];
        loop {
            let received = tokio::time::timeout(Duration::from_secs(10), self.socket.recv(&mut buffer)).await;
            let answer = Answer::of(&buffer[..received.expect("an answer within 10 s").unwrap()]);
            if answer.status != 100 {
                return answer;
            }
        }
    }

    /// The next message of the node that is a request.
    pub async fn receive_request(&self) -> Answer {
        loop {
            let message = self.receive().await;
            if message.status == 0 {
                return message;
            }
        }
    }

    /// The answer to the newest request of a method, whatever is sent again in between.
    pub async fn answer_to(&self, method: &str) -> Answer {
        let cseq = format!("{} {method}", self.sequence);
        loop {
            let answer = self.receive().await;
            if answer.status > 0 && answer.field("CSeq") == Some(cseq.as_str()) {
                return answer;
            }
        }
    }

    pub async fn ask(&mut self, method: &str, fields: &str, body: &str) -> Answer {
        self.sequence += 1;
        let branch = format!("z9hG4bK{}", uuid::Uuid::new_v4().simple());
        let request = self.request(method, &branch, fields, body);
        self.send(&request).await;
        let answer = self.answer_to(method).await;
        if method == "INVITE" {
            let to = answer.field("To").unwrap().to_owned();
            if answer.status < 300 {
                self.to = to;
                self.ack().await;
            } else {
                let kept = std::mem::replace(&mut self.to, to);
                let ack = self.request("ACK", &branch, "", "");
                self.send(&ack).await;
                self.to = kept;
            }
        }
        answer
    }

    pub async fn ack(&mut self) {
        let branch = format!("z9hG4bK{}", uuid::Uuid::new_v4().simple());
        let ack = self.request("ACK", &branch, "", "");
        self.send(&ack).await;
    }

    /// Answers a request of the node with 200.
    pub async fn agree_to(&self, request: &Answer) {
        self.answer(request, "200 OK", "").await;
    }

    /// Answers a request of the node.
    pub async fn answer(&self, request: &Answer, status: &str, sdp: &str) {
        let mut out = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            out.push_str(&format!("{name}: {}\r\n", request.field(name).unwrap()));
        }
        if !sdp.is_empty() {
            out.push_str(&format!("Contact: {}\r\nContent-Type: application/sdp\r\n", self.contact));
        }
        self.send(&format!("{out}Content-Length: {}\r\n\r\n{sdp}", sdp.len())).await;
    }

    /// The node's next request of a method that is no repetition of one before.
    pub async fn next_request(&mut self, method: &str) -> Answer {
        loop {
            let request = self.receive_request().await;
            let cseq = request.field("CSeq").unwrap_or_default().to_owned();
            if request.text.starts_with(&format!("{method} ")) && !self.seen.contains(&cseq) {
                self.seen.push(cseq);
                return request;
            }
        }
    }

    pub async fn invite(&mut self, content_type: &str, body: &str) -> Answer {
        self.ask("INVITE", &format!("Content-Type: {content_type}\r\nRequire: siprec\r\n"), body).await
    }
}

/// Two audio lines with labels.
pub fn two_lines(direction: &str) -> String {
    format!(
        "v=0\r\no=SRC 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=label:1\r\na={direction}\r\n\
         m=audio 40002 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=label:2\r\na={direction}\r\n"
    )
}

pub fn one_line() -> String {
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n".to_owned()
}

/// SDP and metadata as two parts.
pub fn multipart(sdp: &str, metadata: &str) -> (String, String) {
    let body = format!(
        "--unique-boundary-1\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--unique-boundary-1\r\n\
         Content-Type: application/rs-metadata+xml\r\nContent-Disposition: recording-session\r\n\r\n{metadata}\r\n--unique-boundary-1--\r\n"
    );
    ("multipart/mixed;boundary=unique-boundary-1".to_owned(), body)
}

/// Metadata as RFC 7865 has it: who is in (id, name, address, what they send) and which stream has which label.
pub fn metadata(mode: &str, people: &[(&str, &str, &str, &[&str])], streams: &[(&str, &str)]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><recording xmlns=\"urn:ietf:params:xml:ns:recording:1\"><datamode>{mode}</datamode>\
         <session session_id=\"s\"/>"
    );
    for (id, name, address, sends) in people {
        xml.push_str(&format!(
            "<participant participant_id=\"{id}\"><nameID aor=\"{address}\"><name xml:lang=\"en\">{name}</name></nameID></participant>\
             <participantsessionassoc participant_id=\"{id}\" session_id=\"s\"><associate-time>2026-01-01T00:00:00Z</associate-time></participantsessionassoc>\
             <participantstreamassoc participant_id=\"{id}\">"
        ));
        sends.iter().for_each(|s| xml.push_str(&format!("<send>{s}</send>")));
        xml.push_str("</participantstreamassoc>");
    }
    for (id, label) in streams {
        xml.push_str(&format!("<stream stream_id=\"{id}\" session_id=\"s\"><label>{label}</label></stream>"));
    }
    xml + "</recording>"
}

pub fn ann_and_bob() -> String {
    metadata(
        "complete",
        &[("pa", "Ann", "sip:ann@example.com", &["st1"]), ("pb", "Bob", "sip:bob@example.com", &["st2"])],
        &[("st1", "1"), ("st2", "2")],
    )
}

/// After a transfer: the second line is Dee's.
pub fn ann_and_dee() -> String {
    metadata(
        "complete",
        &[("pa", "Ann", "sip:ann@example.com", &["st1"]), ("pd", "Dee", "sip:dee@example.com", &["st2"])],
        &[("st1", "1"), ("st2", "2")],
    )
}
