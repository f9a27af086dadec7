//! What a process costs: CPU seconds and memory, from `/proc`.

use std::fs;
use std::time::{Duration, Instant};

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

/// What it used in a while. One reading of memory says little: work comes in bursts, and free pages go back to the system in between.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spell {
    /// CPU time in user and kernel mode, children's too.
    pub cpu: Duration,
    /// How long it was watched.
    pub elapsed: Duration,
    /// Resident memory, bytes: mean of a reading a second.
    pub rss_mean_bytes: u64,
    /// The highest of these readings.
    pub rss_highest_bytes: u64,
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

    /// Watches it for so long.
    pub async fn over(self, seconds: u64) -> Spell {
        let (before, began) = (self.usage(), Instant::now());
        let (mut sum, mut highest, mut after) = (0, 0, before);
        for second in 1..=seconds {
            tokio::time::sleep((began + Duration::from_secs(second)).saturating_duration_since(Instant::now())).await;
            after = self.usage();
            sum += after.rss_bytes;
            highest = highest.max(after.rss_bytes);
        }
        let cpu = after.cpu.saturating_sub(before.cpu);
        Spell { cpu, elapsed: began.elapsed(), rss_mean_bytes: sum / seconds.max(1), rss_highest_bytes: highest }
    }
}
