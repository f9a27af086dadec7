//! A PostgreSQL cluster in a folder that stays, on a Unix socket of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sqlx::{Connection, Executor};

pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
}

impl Cluster {
    pub fn start(folder: &Path) -> Self {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let programs = versions.map(|v| v.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
        let programs = programs.expect("PostgreSQL is installed (Debian package `postgresql`)");
        let folder = std::env::temp_dir()
            .join(format!("ferric-archive-{}", folder.parent().and_then(Path::file_name).unwrap_or_default().display()));
        let new = !folder.exists();
        std::fs::create_dir_all(&folder).expect("a folder");
        let cluster = Self { folder, programs };
        if is_root() {
            let given = Command::new("chown").arg("postgres:").arg(&cluster.folder).status().expect("starts");
            assert!(given.success(), "the package makes the user postgres");
        }
        if new {
            cluster.run("initdb", &["-D", &cluster.data(), "-U", "ferric", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]);
        }
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c fsync=off -c shared_buffers=1GB -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=512MB -c maintenance_work_mem=512MB",
            cluster.folder.display()
        );
        let log = cluster.folder.join("log").display().to_string();
        cluster.run("pg_ctl", &["-D", &cluster.data(), "-w", "-t", "60", "-l", &log, "-o", &options, "start"]);
        cluster
    }

    /// The address of the database, made where absent.
    pub async fn database(&self) -> String {
        let socket = self.folder.display().to_string().replace('/', "%2F");
        let mut admin = sqlx::PgConnection::connect(&format!("postgres://ferric@{socket}/postgres")).await.expect("connects");
        let _ = admin.execute("CREATE DATABASE archive").await;
        format!("postgres://ferric@{socket}/archive")
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut c = Command::new("setpriv");
            c.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            c
        } else {
            Command::new(program)
        };
        let status = command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.expect("starts").success(), "{arguments:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "fast", "-w", "stop"]);
    }
}

/// PostgreSQL does not start as root.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}
