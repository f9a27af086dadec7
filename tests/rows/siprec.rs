//! One SIPREC call of two G.711 legs, with metadata and header fields as a test wants them.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

use crate::peer::Peer;

/// The call, and who sends its sound.
pub struct Call {
    peer: Peer,
    sending: tokio::task::JoinHandle<()>,
}

/// A party: its address of record and its name.
pub type Who = (&'static str, &'static str);

const BOUNDARY: &str = "a-boundary";

fn metadata(parties: [Who; 2]) -> String {
    let mut out = "<?xml version=\"1.0\"?><recording xmlns=\"urn:ietf:params:xml:ns:recording:1\"><datamode>complete</datamode>\
         <session session_id=\"s\"/>"
        .to_owned();
    for (n, (address, name)) in parties.iter().enumerate() {
        out += &format!(
            "<participant participant_id=\"p{n}\"><nameID aor=\"{address}\"><name>{name}</name></nameID></participant>\
             <stream stream_id=\"st{n}\" session_id=\"s\"><label>{}</label></stream>\
             <participantstreamassoc participant_id=\"p{n}\"><send>st{n}</send></participantstreamassoc>",
            n + 1
        );
    }
    out + "</recording>"
}

impl Call {
    /// Places it: `fields` are further header fields, each with its line end.
    pub async fn place(node: SocketAddr, parties: [Who; 2], fields: &str) -> Self {
        let media = [UdpSocket::bind("127.0.0.1:0").await.unwrap(), UdpSocket::bind("127.0.0.1:0").await.unwrap()];
        let mut sdp = "v=0\r\no=SBC 7 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n".to_owned();
        for (n, socket) in media.iter().enumerate() {
            sdp += &format!("m=audio {} RTP/AVP 0\r\na=label:{}\r\na=sendonly\r\n", socket.local_addr().unwrap().port(), n + 1);
        }
        let part = |kind: &str, body: &str| format!("--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n{body}\r\n");
        let body =
            part("application/sdp", &sdp) + &part("application/rs-metadata+xml", &metadata(parties)) + &format!("--{BOUNDARY}--\r\n");
        let mut peer = Peer::to(node).await;
        let fields = format!("Require: siprec\r\nContent-Type: multipart/mixed;boundary={BOUNDARY}\r\n{fields}");
        let answer = peer.ask("INVITE", &fields, &body).await;
        assert_eq!(answer.status, 200, "{}\n{}", answer.text, answer.body);
        let ports: Vec<u16> =
            answer.body.lines().filter_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok()).collect();
        let sending = tokio::spawn(sound(media, ports.try_into().unwrap()));
        Self { peer, sending }
    }

    pub async fn hang_up(mut self) {
        self.sending.abort();
        assert_eq!(self.peer.ask("BYE", "", "").await.status, 200);
    }
}

/// Loud noise on both legs, a packet every 20 ms.
async fn sound(media: [UdpSocket; 2], ports: [u16; 2]) {
    let mut clock = tokio::time::interval(Duration::from_millis(20));
    for n in 0u32.. {
        clock.tick().await;
        for (leg, (socket, port)) in media.iter().zip(ports).enumerate() {
            let mut packet = vec![0x80, 0];
            packet.extend((n as u16).to_be_bytes());
            packet.extend((n * 160).to_be_bytes());
            packet.extend((leg as u32 + 7).to_be_bytes());
            packet.extend((0..160u32).map(|k| ((n * 160 + k).wrapping_mul(2_654_435_761) >> 13) as u8));
            let _ = socket.send_to(&packet, ("127.0.0.1", port)).await;
        }
    }
}
