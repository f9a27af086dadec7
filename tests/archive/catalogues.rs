//! Where the catalogues of tests lie: a SQLite file in each test's own folder, or with `FERRIC_TEST_CATALOGUE=postgres` a database each in a PostgreSQL
//! cluster of the tests' own, in a temporary folder on a Unix socket, gone with the process.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Whether the tests run on PostgreSQL.
pub fn on_postgres() -> bool {
    match std::env::var("FERRIC_TEST_CATALOGUE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite" | "") | Err(_) => false,
        Ok(other) => panic!("FERRIC_TEST_CATALOGUE: `{other}` is neither `sqlite` nor `postgres`"),
    }
}

/// The catalogue of a node whose data lie in a folder: always the same for the same folder.
pub fn url_in(data: &Path) -> String {
    if !on_postgres() {
        return format!("sqlite:{}", data.join("catalogue.db").display());
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, data.display().to_string().as_bytes());
    shared().database(&format!("t{}", hex::encode(&digest.as_ref()[..12])))
}

/// What a node and its tools are told of it.
pub fn environment(data: &Path) -> Option<(&'static str, String)> {
    on_postgres().then(|| ("FERRIC_DATA_CATALOGUE", url_in(data)))
}

/// A cluster that runs as long as this process.
struct Shared {
    cluster: Cluster,
    made: Mutex<HashSet<String>>,
    /// Once it is shut, by the end of this process at the latest, the cluster goes.
    _lives: ChildStdin,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let cluster = Cluster::start();
        let (stop, folder) = (cluster.stopping(), cluster.dir.path().to_owned());
        let mut watch = Command::new("sh");
        watch.args(["-c", "read -r _; folder=$1; shift; \"$@\"; rm -rf \"$folder\"", "sh"]).arg(folder).args(stop);
        let watch = watch.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let lives = watch.spawn().expect("a shell").stdin.take().expect("piped");
        Shared { cluster, made: Mutex::default(), _lives: lives }
    })
}

impl Shared {
    fn database(&self, name: &str) -> String {
        let mut made = self.made.lock().expect("nobody panics here");
        if made.insert(name.to_owned()) { self.cluster.database(name) } else { self.cluster.url(name) }
    }
}

/// A PostgreSQL cluster.
pub struct Cluster {
    dir: tempfile::TempDir,
    programs: PathBuf,
}

impl Cluster {
    pub fn start() -> Self {
        let programs = programs().expect("PostgreSQL is installed (Debian package `postgresql`)");
        let dir = tempfile::tempdir().expect("a folder");
        let cluster = Self { dir, programs };
        if is_root() {
            let given = Command::new("chown").arg("postgres:").arg(cluster.dir.path()).status().expect("starts");
            assert!(given.success(), "the package makes the user postgres");
        }
        cluster.run("initdb", &["-D", &cluster.data(), "-U", "ferric", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]);
        cluster.go_on();
        cluster
    }

    /// Starts its server, anew where it was stopped.
    pub fn go_on(&self) {
        let dir = self.dir.path().display();
        let options = format!("-c listen_addresses= -c unix_socket_directories={dir} -c fsync=off -c max_connections=2000");
        let log = format!("{dir}/log");
        self.run("pg_ctl", &["-D", &self.data(), "-w", "-t", "60", "-l", &log, "-o", &options, "start"]);
    }

    /// Stops its server as a crash would: nobody who is connected hears of it before.
    pub fn stop(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }

    /// Makes a database, and says where it is.
    pub fn database(&self, name: &str) -> String {
        self.run("createdb", &["-h", &self.dir.path().display().to_string(), "-U", "ferric", name]);
        self.url(name)
    }

    fn data(&self) -> String {
        self.dir.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let line = self.line(program, arguments);
        let status = Command::new(&line[0])
            .args(&line[1..])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.expect("starts").success(), "{line:?}");
    }

    /// PostgreSQL does not run as root.
    fn line(&self, program: &str, arguments: &[&str]) -> Vec<String> {
        let as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];
        let before = if is_root() { as_postgres.as_slice() } else { &[] };
        let program = self.programs.join(program).display().to_string();
        before.iter().copied().chain([program.as_str()]).chain(arguments.iter().copied()).map(str::to_owned).collect()
    }

    fn stopping(&self) -> Vec<String> {
        self.line("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"])
    }

    pub fn url(&self, database: &str) -> String {
        let socket: String = self.dir.path().display().to_string().replace('/', "%2F");
        format!("postgres://ferric@{socket}/{database}")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            self.stop();
        }
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// The newest version below Debian's folder, or what is on the path.
fn programs() -> Option<PathBuf> {
    let versions = match std::fs::read_dir("/usr/lib/postgresql") {
        Err(error) if error.kind() != ErrorKind::NotFound => panic!("/usr/lib/postgresql: {error}"),
        found => found.into_iter().flatten().flatten(),
    };
    let packaged = versions.map(|v| v.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
    packaged.or_else(|| {
        std::env::split_paths(&std::env::var_os("PATH")?).find(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
    })
}
