//! A real SMTP server (RFC 5321) with STARTTLS (RFC 3207), TLS from the first byte, AUTH PLAIN and LOGIN (RFC 4954), pipelining, and moods.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// How the way to the server is kept from others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Clear,
    Starttls,
    Tls,
}

/// How the server feels about what it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mood {
    Takes,
    /// Answers RCPT with this.
    Refuses(&'static str),
    /// Says nothing for this long after a connection.
    Slow(Duration),
}

/// A letter as it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub from: String,
    pub to: String,
    /// Headers and body as sent.
    pub raw: String,
    pub over_tls: bool,
    pub signed_in: Option<String>,
}

impl Arrived {
    /// The body, decoded.
    pub fn text(&self) -> String {
        let body = self.raw.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let mut bytes = Vec::new();
        let joined = body.replace("=\r\n", "");
        let mut rest = joined.as_bytes();
        while let Some((&first, more)) = rest.split_first() {
            let byte = more.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
            if let (b'=', Some(byte)) = (first, byte) {
                bytes.push(byte);
                rest = &more[2..];
            } else {
                bytes.push(first);
                rest = more;
            }
        }
        String::from_utf8(bytes).expect("UTF-8")
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.raw.split("\r\n\r\n").next()?.replace("\r\n ", " ");
        head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    }
}

pub const USER: &str = "ferric";
pub const PASSWORD: &str = "correct horse";

struct Inner {
    way: Way,
    logins_only: bool,
    mood: Mutex<Mood>,
    arrived: Mutex<Vec<Arrived>>,
    tries: Mutex<usize>,
    acceptor: TlsAcceptor,
}

pub struct Smtp {
    inner: Arc<Inner>,
    pub port: u16,
    pub root: PathBuf,
    accepting: tokio::task::JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl Smtp {
    pub async fn start(way: Way) -> Self {
        Self::start_with(way, false).await
    }

    /// `logins_only`: of the ways to sign in only the older one is offered.
    pub async fn start_with(way: Way, logins_only: bool) -> Self {
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("root.pem");
        std::fs::write(&root, made.cert.pem()).expect("written");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).expect("TLS");
        let inner = Arc::new(Inner {
            way,
            logins_only,
            mood: Mutex::new(Mood::Takes),
            arrived: Mutex::default(),
            tries: Mutex::default(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let accepting = tokio::spawn(accept(listener, inner.clone()));
        Self { inner, port, root, accepting, _dir: dir }
    }

    /// Nobody listens from now on, until [`Smtp::come_back`].
    pub fn go_away(&mut self) {
        self.accepting.abort();
    }

    pub async fn come_back(&mut self) {
        let mut listener = TcpListener::bind(("127.0.0.1", self.port)).await;
        for _ in 0..100 {
            if listener.is_ok() {
                break;
            }
            tokio::task::yield_now().await;
            listener = TcpListener::bind(("127.0.0.1", self.port)).await;
        }
        self.accepting = tokio::spawn(accept(listener.expect("its port again"), self.inner.clone()));
    }

    pub fn feel(&self, mood: Mood) {
        *self.inner.mood.lock() = mood;
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.inner.arrived.lock().clone()
    }

    /// Connections so far.
    pub fn tries(&self) -> usize {
        *self.inner.tries.lock()
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Waits for the next letter after the first `known`.
    pub async fn after(&self, known: usize) -> Arrived {
        let end = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(letter) = self.inner.arrived.lock().get(known) {
                return letter.clone();
            }
            assert!(tokio::time::Instant::now() < end, "no letter came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    while let Ok((socket, _)) = listener.accept().await {
        *inner.tries.lock() += 1;
        let inner = inner.clone();
        tokio::spawn(async move {
            let _ = talk(socket, inner).await;
        });
    }
}

async fn talk(socket: TcpStream, inner: Arc<Inner>) -> std::io::Result<()> {
    let mood = inner.mood.lock().clone();
    if let Mood::Slow(wait) = mood {
        tokio::time::sleep(wait).await;
    }
    if inner.way == Way::Tls {
        let mut secure = BufReader::new(inner.acceptor.accept(socket).await?);
        secure.write_all(b"220 test ESMTP\r\n").await?;
        return session(&mut secure, &inner, true).await.map(drop);
    }
    let mut plain = BufReader::new(socket);
    plain.write_all(b"220 test ESMTP\r\n").await?;
    if session(&mut plain, &inner, false).await? {
        assert!(plain.buffer().is_empty(), "nothing is said between STARTTLS and TLS");
        let mut secure = BufReader::new(inner.acceptor.accept(plain.into_inner()).await?);
        session(&mut secure, &inner, true).await?;
    }
    Ok(())
}

/// Answers true where TLS is to begin.
async fn session<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, inner: &Inner, secure: bool) -> std::io::Result<bool> {
    let (mut from, mut to, mut signed_in) = (String::new(), String::new(), None);
    let may_sign_in = secure || inner.way == Way::Clear;
    loop {
        let Some(line) = line_of(stream).await? else { return Ok(false) };
        let upper = line.to_ascii_uppercase();
        let answer = if upper.starts_with("EHLO") {
            let mut said = "250-test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n".to_owned();
            if inner.way == Way::Starttls && !secure {
                said += "250-STARTTLS\r\n";
            }
            if may_sign_in {
                said += if inner.logins_only { "250-AUTH LOGIN\r\n" } else { "250-AUTH PLAIN LOGIN\r\n" };
            }
            said + "250 SIZE 1000000"
        } else if upper == "STARTTLS" && inner.way == Way::Starttls && !secure {
            stream.write_all(b"220 go on\r\n").await?;
            return Ok(true);
        } else if let Some(given) = upper.strip_prefix("AUTH PLAIN").filter(|_| may_sign_in && !inner.logins_only).map(str::len) {
            let text = line[line.len() - given..].trim().to_owned();
            let told = if text.is_empty() { asked(stream, "").await? } else { text };
            let parts = String::from_utf8(STANDARD.decode(told).unwrap_or_default()).unwrap_or_default();
            let mut parts = parts.split('\0').skip(1).map(str::to_owned);
            check(&mut signed_in, parts.next(), parts.next())
        } else if upper.starts_with("AUTH LOGIN") && may_sign_in {
            let user = STANDARD.decode(asked(stream, "VXNlcm5hbWU6").await?).ok().and_then(|b| String::from_utf8(b).ok());
            let word = STANDARD.decode(asked(stream, "UGFzc3dvcmQ6").await?).ok().and_then(|b| String::from_utf8(b).ok());
            check(&mut signed_in, user, word)
        } else if upper.starts_with("MAIL FROM:") {
            from = bracketed(&line);
            if signed_in.is_some() { "250 ok".into() } else { "530 5.7.0 authentication required".into() }
        } else if upper.starts_with("RCPT TO:") {
            to = bracketed(&line);
            let mood = inner.mood.lock().clone();
            match mood {
                Mood::Refuses(how) => how.to_owned(),
                _ => "250 ok".into(),
            }
        } else if upper == "DATA" {
            stream.write_all(b"354 go on\r\n").await?;
            let mut raw = String::new();
            while let Some(line) = line_of(stream).await? {
                if line == "." {
                    break;
                }
                raw += line.strip_prefix('.').unwrap_or(&line);
                raw += "\r\n";
            }
            let arrived = Arrived { from: from.clone(), to: to.clone(), raw, over_tls: secure, signed_in: signed_in.clone() };
            inner.arrived.lock().push(arrived);
            "250 taken".into()
        } else if upper == "QUIT" {
            stream.write_all(b"221 bye\r\n").await?;
            return Ok(false);
        } else if upper == "RSET" || upper == "NOOP" {
            "250 ok".into()
        } else {
            "502 5.5.1 what?".into()
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

fn check(signed_in: &mut Option<String>, user: Option<String>, word: Option<String>) -> String {
    if user.as_deref() == Some(USER) && word.as_deref() == Some(PASSWORD) {
        *signed_in = user;
        "235 2.7.0 welcome".into()
    } else {
        "535 5.7.8 who are you?".into()
    }
}

async fn asked<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, what: &str) -> std::io::Result<String> {
    stream.write_all(format!("334 {what}\r\n").as_bytes()).await?;
    Ok(line_of(stream).await?.unwrap_or_default())
}

async fn line_of<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn bracketed(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address.to_owned()).unwrap_or_default()
}
