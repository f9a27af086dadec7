//! A real node, and a telephone that listens: the notice is heard while something is recorded, and never stands in the recording.

use std::f64::consts::TAU;
use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::a_telephone_that_dials_in_is_recorded::call_with_baresip;
use crate::heard::Heard;
use crate::peer::{Answer, Peer};
use crate::recorded::{decibels, only_recording};
use crate::running_node::RunningNode;
use ferric::model::g711::{alaw_to_linear, linear_to_alaw};
use ferric::model::rtp::RtpPacket;

/// A telephone with A-law, that says a tone and keeps what it hears: when each packet came, and what was in it.
struct Telephone {
    peer: Peer,
    port: u16,
    talking: Arc<AtomicBool>,
    voice: Option<std::thread::JoinHandle<Vec<(Instant, RtpBytes)>>>,
}

impl Telephone {
    async fn dial(node: &RunningNode, wish: &str) -> (Self, Answer) {
        let mut peer = Peer::to(node.sip.parse().unwrap()).await;
        peer.contact = format!("<sip:phone@{}>", peer.local);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let answer = peer
            .ask(
                "INVITE",
                "Content-Type: application/sdp\r\nSupported: record-aware\r\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n",
                &Self::sdp(port, "sendrecv", wish),
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let line = answer.body.lines().find(|l| l.starts_with("m=audio ")).unwrap();
        let to: u16 = line.split(' ').nth(1).unwrap().parse().unwrap();
        let talking = Arc::new(AtomicBool::new(true));
        let go_on = Arc::clone(&talking);
        let voice = std::thread::spawn(move || {
            socket.connect(("127.0.0.1", to)).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
            let (began, mut packets, mut heard) = (Instant::now(), 0u32, Vec::new());
            let mut buffer = [0; 2048];
            while go_on.load(Ordering::Acquire) {
                while began.elapsed() >= Duration::from_millis(20) * packets {
                    let mut packet = vec![0x80, 8];
                    packet.extend((packets as u16).to_be_bytes());
                    packet.extend((packets * 160).to_be_bytes());
                    packet.extend([1, 2, 3, 4]);
                    let sample = |n: u32| (8000.0 * (TAU * 600.0 * f64::from(n) / 8000.0).sin()) as i16;
                    packet.extend((packets * 160..(packets + 1) * 160).map(|n| linear_to_alaw(sample(n))));
                    let _ = socket.send(&packet);
                    packets += 1;
                }
                if let Ok(length) = socket.recv(&mut buffer) {
                    heard.push((Instant::now(), RtpBytes(buffer[..length].to_vec())));
                }
            }
            heard
        });
        (Self { peer, port, talking, voice: Some(voice) }, answer)
    }

    fn sdp(port: u16, direction: &str, wish: &str) -> String {
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 8\r\na={direction}\r\n{wish}"
        )
    }

    /// Waits until the node says that the recording is `state`, and says yes.
    async fn told(&mut self, state: &str) -> Answer {
        let told = self.peer.next_request("UPDATE").await;
        assert!(told.body.contains(&format!("a=record:{state}\r\n")), "{}", told.body);
        let direction = if told.body.contains("a=sendrecv") { "sendrecv" } else { "sendonly" };
        self.peer.answer(&told, "200 OK", &Self::sdp(self.port, direction, "")).await;
        told
    }

    /// Hangs up; what it heard.
    async fn hang_up(mut self) -> Vec<(Instant, RtpBytes)> {
        assert_eq!(self.peer.ask("BYE", "", "").await.status, 200);
        self.talking.store(false, Ordering::Release);
        self.voice.take().unwrap().join().unwrap()
    }
}

struct RtpBytes(Vec<u8>);

impl RtpBytes {
    fn packet(&self) -> RtpPacket<'_> {
        RtpPacket::parse(&self.0).unwrap()
    }

    fn samples(&self) -> Vec<i16> {
        self.packet().payload.iter().map(|b| alaw_to_linear(*b)).collect()
    }

    fn is_sound(&self) -> bool {
        self.samples().iter().any(|s| s.unsigned_abs() > 500)
    }
}

/// The strongest frequency of samples at 8 kHz, to 10 Hz.
fn frequency(samples: &[i16]) -> u32 {
    let power = |hz: u32| {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, s) in samples.iter().enumerate() {
            let angle = TAU * f64::from(hz) * n as f64 / 8000.0;
            re += f64::from(*s) * angle.cos();
            im += f64::from(*s) * angle.sin();
        }
        re * re + im * im
    };
    (30..390).map(|n| n * 10).max_by(|a, b| power(*a).total_cmp(&power(*b))).unwrap()
}

async fn wait(duration: Duration) {
    // The sound that is to be heard takes its time.
    tokio::time::sleep(duration).await;
}

async fn the_session(node: &RunningNode) -> (String, String) {
    let sessions = node.get("/v1/sessions").await;
    let session = sessions["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{sessions:#}")).to_owned();
    let view = node.get(&format!("/v1/sessions/{session}")).await;
    let customer =
        view["participants"].as_array().unwrap().iter().find(|p| p["role"] == "customer").unwrap()["id"].as_str().unwrap().to_owned();
    (session, customer)
}

/// An agent without media, who gives the commands.
async fn an_agent(node: &RunningNode, session: &str) -> String {
    let (status, agent) = node.post(&format!("/v1/sessions/{session}/participants"), serde_json::json!({ "role": "agent" })).await;
    assert!(status < 300, "{agent}");
    agent["id"].as_str().or(agent["participant"].as_str()).unwrap_or_else(|| panic!("{agent:#}")).to_owned()
}

/// Follows the events of a session from the first on until the wishes of all devices are there.
async fn wishes_in_the_events(node: &RunningNode, session: &str, count: usize) -> String {
    let key = std::fs::read_to_string(node.data.join("admin.key")).unwrap();
    let url = format!("{}/v1/events?session={session}&since=0", node.http);
    let mut stream = reqwest::Client::new().get(url).bearer_auth(key.trim()).send().await.unwrap();
    let mut text = String::new();
    while text.matches("\"participant.preferred\"").count() < count {
        let chunk = tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("no wish among the events: {text}")).unwrap().expect("a stream that goes on");
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    text
}

#[tokio::test]
async fn a_tone_while_it_is_recorded_and_nothing_of_it_in_the_recording() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start_with(dir.path(), &[("FERRIC_SIP_NOTICE", "tone"), ("FERRIC_SIP_NOTICE_EVERY_S", "1")]);
    let (mut phone, answer) = Telephone::dial(&node, "").await;
    assert!(answer.body.contains("a=record:on\r\n") && answer.body.contains("a=sendrecv"), "{}", answer.body);
    let (session, _) = the_session(&node).await;
    let agent = an_agent(&node, &session).await;
    wait(Duration::from_millis(2500)).await;

    let mut delays = Vec::new();
    let asked = Instant::now();
    let (status, answered) = node.command(&session, &agent, "pause").await;
    assert_eq!(status, 200, "{answered}");
    let paused = Instant::now();
    phone.told("paused").await;
    delays.push(asked.elapsed());
    wait(Duration::from_millis(2200)).await;
    let resuming = Instant::now();
    node.command(&session, &agent, "resume").await;
    phone.told("on").await;
    delays.push(resuming.elapsed());
    // From the command to the telephone's yes; this machine may be busy with other things for one of them.
    assert!(delays.iter().min() < Some(&Duration::from_millis(200)), "{delays:?}");
    wait(Duration::from_millis(1500)).await;
    let heard = phone.hang_up().await;

    let sound: Vec<&(Instant, RtpBytes)> = heard.iter().filter(|(_, p)| p.is_sound()).collect();
    let grace = Duration::from_millis(100);
    let during = |from: Option<Instant>, to: Option<Instant>| {
        sound.iter().filter(|(at, _)| from.is_none_or(|f| *at > f) && to.is_none_or(|t| *at < t)).count()
    };
    // 200 ms each second: at least two before the pause, none in it, at least one after it.
    assert!(during(None, Some(paused + grace)) >= 20, "{} packets", during(None, Some(paused + grace)));
    assert_eq!(during(Some(paused + grace), Some(resuming)), 0, "heard while paused");
    assert!(during(Some(resuming), None) >= 10);
    let first: Vec<i16> = sound.iter().take(10).flat_map(|(_, p)| p.samples()).collect();
    assert_eq!(frequency(&first), 1400);
    // Proper RTP: one source, numbers without gaps, a clock of 8 kHz, a marker where each tone begins.
    let ssrc = heard[0].1.packet().ssrc;
    for pair in heard.windows(2) {
        let (a, b) = (pair[0].1.packet(), pair[1].1.packet());
        assert_eq!((b.ssrc, b.sequence, b.payload_type), (ssrc, a.sequence.wrapping_add(1), 8));
        let ahead = b.timestamp.wrapping_sub(a.timestamp);
        assert!(if b.marker { ahead > 160 } else { ahead == 160 }, "{ahead}");
        let apart = (pair[1].0 - pair[0].0).as_secs_f64();
        assert!((f64::from(ahead) / 8000.0 - apart).abs() < 0.2, "{ahead} in {apart} s");
    }
    let (_, recorded, _) = only_recording(&node, dir.path()).await;
    for (from, to) in [(0.5, 2.0), (2.8, 3.6)] {
        let level = |hz: f64| decibels(recorded.tone(1, hz, from, to));
        assert!((-16.0..-10.0).contains(&level(600.0)), "{} dB", level(600.0));
        assert!(level(1400.0) < -55.0, "the notice is in the recording at {} dB", level(1400.0));
    }
    drop(node);
}

#[tokio::test]
async fn words_are_said_when_recording_begins_and_a_telephone_that_listens_no_more_hears_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start_with(dir.path(), &[("FERRIC_SIP_NOTICE", "spoken")]);
    let (mut phone, _) = Telephone::dial(&node, "").await;
    wait(Duration::from_millis(2600)).await;
    // On hold with music of its own: it listens no more.
    let port = phone.port;
    let held = phone.peer.ask("UPDATE", "Content-Type: application/sdp\r\n", &Telephone::sdp(port, "sendonly", "")).await;
    assert!(held.body.contains("a=recvonly"), "{}", held.body);
    let heard = phone.hang_up().await;
    let words = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/notice/recorded.ulaw")).unwrap();
    let words: Vec<i16> = words.iter().map(|b| ferric::model::g711::ulaw_to_linear(*b)).collect();
    // Sample for sample what was to be said, as far as A-law can say it, each where its time stamp puts it. (What a busy machine is late with is left out.)
    let (mut packets, mut energy, mut apart) = (0, 0.0f64, 0.0f64);
    for (_, packet) in &heard {
        let at = packet.packet().timestamp.wrapping_sub(heard[0].1.packet().timestamp) as usize;
        let Some(meant) = words.get(at..at + 160) else { continue };
        packets += 1;
        for (said, meant) in packet.samples().iter().zip(meant) {
            energy += f64::from(*meant).powi(2);
            apart += (f64::from(*said) - f64::from(*meant)).powi(2);
        }
    }
    assert!(packets >= words.len() / 160 * 7 / 10, "{packets} packets of {} samples", words.len());
    assert!(energy > 1e9 && apart < energy / 1000.0, "{apart} of {energy}");
    drop(node);
}

#[tokio::test]
async fn without_a_notice_nothing_is_sent_and_a_wish_not_to_be_recorded_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start(dir.path());
    let (mut phone, answer) = Telephone::dial(&node, "").await;
    assert!(answer.body.contains("a=recvonly") && answer.body.contains("a=record:on\r\n"), "{}", answer.body);
    let (session, customer) = the_session(&node).await;
    wait(Duration::from_millis(2500)).await;
    let port = phone.port;
    let wish = |wish: &str| Telephone::sdp(port, "sendrecv", wish);
    let answer = phone.peer.ask("UPDATE", "Content-Type: application/sdp\r\n", &wish("a=recordpref:off\r\n")).await;
    assert!(answer.body.contains("a=record:off\r\n"), "{}", answer.body);
    wait(Duration::from_millis(1500)).await;
    let answer = phone.peer.ask("UPDATE", "Content-Type: application/sdp\r\n", &wish("a=recordpref:on\r\n")).await;
    assert!(answer.body.contains("a=record:on\r\n"), "{}", answer.body);
    wait(Duration::from_millis(1500)).await;
    let heard = phone.hang_up().await;
    assert!(heard.is_empty(), "{} packets", heard.len());

    let events = wishes_in_the_events(&node, &session, 2).await;
    let told = |preference: &str| events.lines().any(|l| l.contains(&customer) && l.contains(&format!("\"preference\":\"{preference}\"")));
    assert!(told("off") && told("on"), "{events}");
    let (length, recorded, row) = only_recording(&node, dir.path()).await;
    assert!((5.0..7.5).contains(&length), "{length} s: {row:#}");
    let silent = |heard: &Heard, from: f64, to: f64| decibels(heard.tone(1, 600.0, from, to)) < -60.0;
    assert!(
        !silent(&recorded, 0.5, 2.0) && silent(&recorded, 2.9, 3.7) && !silent(&recorded, 4.6, 5.2),
        "what was recorded stays, what was not wished is not there"
    );
    drop(node);
}

#[tokio::test]
async fn baresip_hears_the_tone() {
    let dir = tempfile::tempdir().unwrap();
    let node = RunningNode::start_with(&dir.path().join("data"), &[("FERRIC_SIP_NOTICE", "tone"), ("FERRIC_SIP_NOTICE_EVERY_S", "1")]);
    let phone = dir.path().join("phone");
    call_with_baresip(&node, &phone).await;
    let heard = std::fs::read_dir(&phone).unwrap().flatten().find(|f| f.file_name().to_string_lossy().ends_with("-dec.wav")).unwrap();
    let wav = std::fs::read(heard.path()).unwrap();
    let samples: Vec<i16> = wav[44..].chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
    // Five seconds: a tone of 200 ms at once and at each second, of which a phone may cut the edges.
    assert!((4000..=9600).contains(&samples.len()), "{} samples", samples.len());
    assert_eq!(frequency(&samples[..1280]), 1400);
    let (_, recorded, _) = only_recording(&node, dir.path()).await;
    assert!(decibels(recorded.tone(1, 1400.0, 0.5, recorded.seconds() - 0.5)) < -60.0, "and it is not in the recording");
    drop(node);
}
