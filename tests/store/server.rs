//! A real S3 server on a loopback port of its own. In front of it stands a door that writes down every request and can make the server fail, hold a part
//! back, or be away.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{Method, Request, Response, StatusCode};
use ferric::model::redact::Secret;
use ferric::store::s3::{S3Credentials, S3Options, S3Store, SMALLEST_PART};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// The key that the server knows.
pub const ACCESS: &str = "AKIAFERRICTEST";
/// Its secret.
pub const SECRET: &str = "a-secret-that-must-not-be-seen";

/// What a server does to an object that it was given, saying that all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each binary does some of it")]
pub enum Harm {
    /// One bit of it is another one, on the disk.
    Flip,
    /// Its second half is gone.
    Halve,
    /// It is gone.
    Lose,
    /// It lies there as it was given; whoever reads it gets one bit wrong.
    FlipRead,
}

/// What the door does.
#[derive(Default)]
struct Door {
    /// Requests as `PUT /bucket/key?query 200`.
    seen: Vec<String>,
    /// Parts that get 503, so many times.
    failing: BTreeMap<i32, u32>,
    /// Parts that get no answer.
    held: HashSet<i32>,
    /// What is done to objects.
    harm: Option<Harm>,
    /// Requests that have come to be held.
    holding: usize,
    /// Uploads begun: id to path.
    uploads: BTreeMap<String, String>,
}

pub struct Server {
    pub address: SocketAddr,
    pub root: tempfile::TempDir,
    door: Arc<Mutex<Door>>,
    away: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(root.path().join("rec")).expect("a bucket");
        let mut s3 = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.path()).expect("a server"));
        s3.set_auth(SimpleAuth::from_single(ACCESS, SECRET));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (door, (away, mut is_away)) = (Arc::new(Mutex::new(Door::default())), watch::channel(false));
        let address = listener.local_addr().expect("an address");
        let (s3, behind, disk) = (s3.build(), door.clone(), root.path().to_owned());
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            loop {
                tokio::select! {
                    Ok((socket, _)) = listener.accept() => {
                        if *is_away.borrow() {
                            continue;
                        }
                        let (s3, door, disk) = (s3.clone(), behind.clone(), disk.clone());
                        open.spawn(async move {
                            let service = tower::service_fn(move |request| answer(s3.clone(), door.clone(), disk.clone(), request));
                            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), TowerToHyperService::new(service)).await;
                        });
                    }
                    Ok(()) = is_away.changed() => if *is_away.borrow() { open.abort_all() },
                }
            }
        });
        Self { address, root, door, away, task }
    }

    pub fn line(&self) -> String {
        format!("s3://rec/eu?endpoint=http://{}&region=eu-north-1&path_style=true", self.address)
    }

    /// A new client, as a new process would make it.
    pub async fn store(&self, journal: Option<PathBuf>) -> S3Store {
        S3Store::open(&self.line(), options(journal)).await.expect("opens")
    }

    /// From now on the server takes no connection and cuts those it has; or it is back.
    pub fn away(&self, away: bool) {
        self.away.send(away).expect("the server runs");
    }

    pub fn fail_part(&self, number: i32, times: u32) {
        self.door.lock().failing.insert(number, times);
    }

    pub fn hold_part(&self, number: i32) {
        self.door.lock().held.insert(number);
    }

    /// Requests that hang now, or hung until they were cut off. Whoever kills a client waits for them: one still on its way would arrive afterwards.
    pub fn holding(&self) -> usize {
        self.door.lock().holding
    }

    pub fn damage_what_is_put(&self) {
        self.harm(Some(Harm::Flip));
    }

    /// What is done to objects from now on.
    pub fn harm(&self, harm: Option<Harm>) {
        self.door.lock().harm = harm;
    }

    pub fn release(&self) {
        self.door.lock().held.clear();
    }

    pub fn forget_requests(&self) {
        self.door.lock().seen.clear();
    }

    pub fn requests(&self, like: &str) -> Vec<String> {
        self.door.lock().seen.iter().filter(|r| r.contains(like)).cloned().collect()
    }

    /// Numbers of parts that were sent and taken.
    pub fn parts_taken(&self) -> Vec<i32> {
        let mut parts: Vec<i32> = self.requests("partNumber=").iter().filter(|r| r.ends_with(" 200")).filter_map(|r| part_of(r)).collect();
        parts.sort_unstable();
        parts
    }

    /// Where the server keeps an object.
    pub fn file_of(&self, key: &str) -> PathBuf {
        self.root.path().join("rec/eu").join(key)
    }

    /// Parts of unfinished uploads that lie on the server's disk.
    pub fn parts_lying(&self) -> usize {
        let names = std::fs::read_dir(self.root.path()).expect("read").flatten().map(|e| e.file_name());
        names.filter(|n| n.to_string_lossy().contains(".part-")).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn options(journal: Option<PathBuf>) -> S3Options {
    let credentials = Some(S3Credentials { access_key: Secret::new(ACCESS), secret_key: Secret::new(SECRET) });
    S3Options { credentials, journal, part_bytes: SMALLEST_PART, parts_at_once: 2, tries: 3, try_timeout: Duration::from_secs(20) }
}

pub fn with_keys(access: &str, secret: &str) -> S3Options {
    let credentials = Some(S3Credentials { access_key: Secret::new(access), secret_key: Secret::new(secret) });
    S3Options { credentials, tries: 1, ..options(None) }
}

/// Waits until something holds, at most 20 seconds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn part_of(text: &str) -> Option<i32> {
    let at = text.find("partNumber=")? + "partNumber=".len();
    text[at..].split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

async fn answer<B>(s3: S3Service, door: Arc<Mutex<Door>>, disk: PathBuf, request: Request<B>) -> Result<Response<Body>, HttpError>
where
    B: Into<Body>,
{
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let query = request.uri().query().unwrap_or_default().to_owned();
    if method == Method::PUT
        && let Some(number) = part_of(&query)
    {
        let held = {
            let mut door = door.lock();
            let held = door.held.contains(&number);
            door.holding += usize::from(held);
            held
        };
        if held {
            std::future::pending::<()>().await;
        }
        if let Some(times) = door.lock().failing.get_mut(&number).filter(|t| **t > 0) {
            *times -= 1;
            return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, String::new()));
        }
    }
    if method == Method::GET && query.split('&').any(|q| q == "uploads" || q == "uploads=") {
        return Ok(plain(StatusCode::OK, uploads(&door.lock())));
    }
    let began = method == Method::POST && query.split('&').any(|q| q == "uploads" || q == "uploads=");
    let mut response = s3.call(request.map(Into::into)).await?;
    if began && response.status().is_success() {
        let body = response.body_mut().store_all_limited(100_000).await.expect("small");
        let text = String::from_utf8_lossy(&body).into_owned();
        if let Some(id) = text.split("<UploadId>").nth(1).and_then(|t| t.split('<').next()) {
            door.lock().uploads.insert(id.to_owned(), path.clone());
        }
    }
    let harm = door.lock().harm;
    if let Some(harm) = harm.filter(|_| response.status().is_success()) {
        let whole = method == Method::PUT && part_of(&query).is_none();
        match harm {
            Harm::FlipRead if method == Method::GET && path.matches('/').count() > 2 => {
                let mut bytes = response.body_mut().store_all_limited(1 << 30).await.expect("whole").to_vec();
                if let Some(byte) = bytes.last_mut() {
                    *byte ^= 1;
                }
                *response.body_mut() = Body::from(bytes);
            }
            Harm::Flip | Harm::Halve | Harm::Lose if whole => damage(harm, &disk.join(path.trim_start_matches('/'))),
            _ => {}
        }
    }
    let mut door = door.lock();
    if let Some(id) = query.split("uploadId=").nth(1).and_then(|q| q.split('&').next())
        && (method == Method::DELETE || method == Method::POST)
    {
        door.uploads.remove(id);
    }
    door.seen.push(format!("{method} {path}?{query} {}", response.status().as_u16()));
    Ok(response)
}

fn damage(harm: Harm, file: &std::path::Path) {
    let mut bytes = std::fs::read(file).expect("lies there");
    match harm {
        Harm::Flip => bytes[0] ^= 1,
        Harm::Halve => bytes.truncate(bytes.len() / 2),
        Harm::Lose | Harm::FlipRead => return std::fs::remove_file(file).expect("lost"),
    }
    std::fs::write(file, bytes).expect("damaged");
}

/// The list of unfinished uploads, which this server's folder backend lacks: what the door saw begin and not end, all of it begun long ago.
fn uploads(door: &Door) -> String {
    let mut list = String::new();
    for (id, path) in &door.uploads {
        let key = path.trim_start_matches("/rec/");
        list += "<Upload><Key>";
        list += key;
        list += "</Key><UploadId>";
        list += id;
        list += "</UploadId><Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>";
    }
    format!(
        "<?xml version=\"1.0\"?><ListMultipartUploadsResult><Bucket>rec</Bucket><IsTruncated>false</IsTruncated>{list}</ListMultipartUploadsResult>"
    )
}

fn plain(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}
