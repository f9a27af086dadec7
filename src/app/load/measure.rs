//! What a process costs: CPU seconds and memory, from `/proc`.

use std::fs;
use std::time::Duration;

/// A process with its children.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    pid: u32,
}

/// What it has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// CPU time in user and kernel mode, children's too.
    pub cpu: Duration,
    /// Resident memory now, bytes, children's too.
    pub rss_bytes: u64,
}

/// Fields of `/proc/<pid>/stat` behind the command, which may hold anything (proc(5)).
fn stat_fields(pid: u32) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect())
}

/// USER_HZ: what `/proc` counts CPU time in, 100 on x86-64 and Arm whatever the kernel's own tick is.
const TICKS_PER_SECOND: u64 = 100;

fn rss_bytes(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

impl Watched {
    /// By its number.
    #[must_use]
    pub const fn process(pid: u32) -> Self {
        Self { pid }
    }

    /// Its use until now; zero once it is gone.
    #[must_use]
    pub fn usage(self) -> Usage {
        // Counted from the third field of the line, the state: parent 1, utime 11, stime 12, cutime 13, cstime 14.
        const PARENT: usize = 1;
        let own = stat_fields(self.pid).map_or(0, |fields| fields.iter().skip(11).take(4).sum::<u64>());
        let mut ticks = own;
        let mut rss = rss_bytes(self.pid);
        for child in fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok()) {
            if let Some(fields) = stat_fields(child).filter(|fields| fields.get(PARENT) == Some(&u64::from(self.pid))) {
                ticks += fields.iter().skip(11).take(4).sum::<u64>();
                rss += rss_bytes(child);
            }
        }
        Usage { cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND), rss_bytes: rss }
    }
}
