//! rtpengine as the peer to be measured beside: each call's two legs forwarded and written to pcap, driven by its NG protocol.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// A running rtpengine.
pub struct Rtpengine {
    child: Child,
    control: UdpSocket,
    cookie: u64,
}

fn free_port() -> Result<u16> {
    Ok(UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn text(out: &mut String, value: &str) {
    out.push_str(&format!("{}:{value}", value.len()));
}

/// A flat bencoded dictionary; keys must come sorted.
fn dictionary(pairs: &mut Vec<(&str, &str)>) -> String {
    pairs.sort_unstable();
    let mut out = String::from("d");
    for (key, value) in pairs {
        text(&mut out, key);
        text(&mut out, value);
    }
    out.push('e');
    out
}

/// The value of a text in a bencoded answer.
fn value_of<'a>(answer: &'a str, key: &str) -> Option<&'a str> {
    let marked = format!("{}:{key}", key.len());
    let rest = &answer[answer.find(&marked)? + marked.len()..];
    let (len, rest) = rest.split_once(':')?;
    rest.get(..len.parse().ok()?)
}

fn sdp(port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
    )
}

fn audio_port(sdp: &str) -> Option<u16> {
    sdp.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok())
}

impl Rtpengine {
    /// Starts it in userspace with pcap recording into a folder.
    ///
    /// # Errors
    /// Where it is not installed or does not answer.
    pub fn start(recordings: &Path) -> Result<Self> {
        let port = free_port()?;
        let child = Command::new("rtpengine")
            .args(["--config-file=none", "--table=-1", "--interface=127.0.0.1", "--foreground", "--log-stderr", "--log-level=2"])
            .args([
                "--port-min=40000",
                "--port-max=60000",
                "--recording-method=pcap",
                "--num-threads=2",
                "--timeout=600",
                "--silent-timeout=600",
            ])
            .arg(format!("--listen-ng=127.0.0.1:{port}"))
            .arg(format!("--recording-dir={}", recordings.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting rtpengine (Debian package rtpengine-daemon)")?;
        let control = UdpSocket::bind("127.0.0.1:0")?;
        control.connect(SocketAddr::from(([127, 0, 0, 1], port)))?;
        control.set_read_timeout(Some(Duration::from_millis(500)))?;
        let mut engine = Self { child, control, cookie: 0 };
        let deadline = Instant::now() + Duration::from_secs(10);
        while engine.ask(vec![("command", "ping")]).is_err() {
            if Instant::now() > deadline {
                bail!("rtpengine does not answer");
            }
        }
        Ok(engine)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A recorded call between two ports of ours: where each leg's RTP is to be sent.
    ///
    /// # Errors
    /// Where rtpengine refuses.
    pub fn call(&mut self, id: &str, first: u16, second: u16) -> Result<[SocketAddr; 2]> {
        let offer =
            self.ask(vec![("command", "offer"), ("call-id", id), ("from-tag", "a"), ("record call", "yes"), ("sdp", &sdp(first))])?;
        let to_second = value_of(&offer, "sdp").and_then(audio_port).context("rtpengine's offer has no port")?;
        let answer = self.ask(vec![("command", "answer"), ("call-id", id), ("from-tag", "a"), ("to-tag", "b"), ("sdp", &sdp(second))])?;
        let to_first = value_of(&answer, "sdp").and_then(audio_port).context("rtpengine's answer has no port")?;
        // The port told to the second party is where the second party sends to, and the other way round.
        Ok([SocketAddr::from(([127, 0, 0, 1], to_first)), SocketAddr::from(([127, 0, 0, 1], to_second))])
    }

    fn ask(&mut self, mut pairs: Vec<(&str, &str)>) -> Result<String> {
        self.cookie += 1;
        let cookie = format!("c{}", self.cookie);
        self.control.send(format!("{cookie} {}", dictionary(&mut pairs)).as_bytes())?;
        let mut buffer = vec![0; 65536];
        loop {
            let got = self.control.recv(&mut buffer).context("no answer of rtpengine")?;
            let answer = String::from_utf8_lossy(&buffer[..got]).into_owned();
            let Some(body) = answer.strip_prefix(&format!("{cookie} ")) else { continue };
            if value_of(body, "result").is_some_and(|result| result == "error") {
                bail!("rtpengine: {}", value_of(body, "error-reason").unwrap_or("error"));
            }
            return Ok(body.to_owned());
        }
    }
}

impl Drop for Rtpengine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_is_sorted_and_counted() {
        assert_eq!(dictionary(&mut vec![("sdp", "v=0"), ("call-id", "x")]), "d7:call-id1:x3:sdp3:v=0e");
        assert_eq!(value_of("d6:result2:ok3:sdp3:v=0e", "sdp"), Some("v=0"));
        assert_eq!(audio_port(&sdp(4000)), Some(4000));
    }
}
