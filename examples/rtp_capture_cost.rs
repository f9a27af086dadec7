//! What capturing SIP calls costs: `cargo run --release --example rtp_capture_cost -- [CALLS] [SECONDS]`.
//!
//! Each call has two legs of 50 packets a second (G.711, 20 ms). A second process sends them over loopback, so that its own time is not counted; this
//! one receives them, passes them through the gate and puts them on a real, encrypted tape. The time is what the system counts of this process
//! (getrusage), the spool's writing and syncing included; that of the kernel's receive path on loopback falls to the sender.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use ferric::ingest::{MediaClock, RtpIngest, RtpIngestConfig, RtpLegSpec, Tap};
use ferric::model::event::SessionOpened;
use ferric::model::id::{ParticipantId, SessionId, TrackId};
use ferric::model::media::{Codec, MediaKind, PayloadFormat};
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, Kind, QueueProperties, Settings};
use ferric::model::switchboard::RtpOffer;
use ferric::model::time::{MediaTime, WallClock};
use ferric::policy::{Gatekeeper, Input};
use ferric::tape::{Spool, SpoolConfig};
use nix::sys::resource::{UsageWho, getrusage};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PACKET: Duration = Duration::from_millis(20);

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|a| a == "--send") {
        return send(args[1].parse()?);
    }
    let number = |at: usize, default: u64| args.get(at).map_or(Ok(default), |a| a.parse::<u64>());
    let (calls, seconds) = (number(0, 300)?, number(1, 30)?);

    let dir = tempfile_dir()?;
    let spool = Spool::open(SpoolConfig { dir: dir.join("spool"), master_key: dir.join("master.key") })?;
    let ingest =
        RtpIngest::start(RtpIngestConfig { bind_ip: LOOPBACK, ports: 10_000..=29_999, advertised_ip: None, bell: Some(spool.bell()) })?;
    let memory_before = resident_kib();
    let (mut ports, mut keepers, mut tapes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..calls {
        let settings = Settings::resolve(Kind::Call, &[], QueueProperties::default());
        let opened = SessionOpened {
            session: SessionId::random(),
            project: "default".parse()?,
            started_at: WallClock(0),
            settings: settings.clone(),
            external_id: None,
            metadata: BTreeMap::new(),
        };
        let (tape, clock, mut keeper) = (spool.create(&opened)?, MediaClock::starting(Instant::now()), Gatekeeper::new(settings));
        for (track, role) in [(1, Role::Agent), (2, Role::Customer)] {
            let participant: ParticipantId = role.as_str().parse()?;
            let join = Input::Join { participant: participant.clone(), role, initiator: false, properties: AgentProperties::default() };
            keeper.apply(MediaTime::ZERO, join).1?;
            let permit = keeper.permit(&participant).context("a permit")?;
            let tap = Tap { track: TrackId(track), permit, writer: tape.track(&participant, TrackId(track))?, clock };
            ports.push(ingest.add(RtpLegSpec { tap, offer: offer() })?.1.rtp.port());
        }
        keepers.push(keeper);
        tapes.push(tape);
    }
    println!(
        "{calls} calls, {} legs: {} KiB of memory a leg before media",
        ports.len(),
        (resident_kib() - memory_before) / ports.len() as u64
    );

    let mut sender = Command::new(std::env::current_exe()?);
    let mut sender = sender.args(["--send", &seconds.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let list: Vec<String> = ports.iter().map(ToString::to_string).collect();
    writeln!(sender.stdin.take().context("its input")?, "{}", list.join(" "))?;
    let mut said = BufReader::new(sender.stdout.take().context("its output")?).lines();
    said.next().context("the sender's start")??;
    let (before, start) = (cpu(), Instant::now());
    let sent: u64 = said.next().context("the sender's end")??.parse()?;
    let (spent, took) = (cpu().saturating_sub(before), start.elapsed());
    let during = resident_kib();
    sender.wait()?;
    drop(tapes);

    let totals = ingest.totals();
    let call_minutes = calls as f64 * took.as_secs_f64() / 60.0;
    println!("sent {sent}, received {}, kept {}, dropped by the kernel {}", totals.received, totals.kept, totals.dropped_by_kernel);
    println!("{:.2} CPU seconds in {:.1} s", spent.as_secs_f64(), took.as_secs_f64());
    println!(
        "{:.4} CPU seconds a call-minute, {:.2} µs a packet",
        spent.as_secs_f64() / call_minutes,
        spent.as_secs_f64() * 1e6 / sent as f64
    );
    println!("{} KiB of memory a leg with media", (during - memory_before) / ports.len() as u64);
    std::fs::remove_dir_all(dir)?;
    Ok(())
}

fn offer() -> RtpOffer {
    let pcmu = PayloadFormat { pt: 0, codec: Codec::Pcmu, clock_hz: 8000, channels: 1, fmtp: String::new() };
    RtpOffer {
        kind: MediaKind::Audio,
        formats: vec![pcmu],
        label: None,
        remote_rtp: None,
        remote_rtcp: None,
        rtcp_mux: false,
        local_ip: LOOPBACK,
        hears: false,
    }
}

/// The other process: reads ports from standard input, sends to them for so many seconds, and says how much.
fn send(seconds: u64) -> anyhow::Result<()> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let ports = line.split_whitespace().map(str::parse).collect::<Result<Vec<u16>, _>>()?;
    let socket = UdpSocket::bind((LOOPBACK, 0))?;
    println!("started");
    let start = Instant::now();
    let rounds = seconds * 50;
    let mut packet = [0x55u8; 172];
    for round in 0..rounds {
        for (n, port) in ports.iter().enumerate() {
            packet[..2].copy_from_slice(&[0x80, 0]);
            packet[2..4].copy_from_slice(&(round as u16).to_be_bytes());
            packet[4..8].copy_from_slice(&(round as u32 * 160).to_be_bytes());
            packet[8..12].copy_from_slice(&(n as u32 + 1).to_be_bytes());
            socket.send_to(&packet, SocketAddr::new(LOOPBACK, *port))?;
            // Calls are not in step: the legs' packets are spread over the 20 ms.
            if n % 50 == 49 {
                let due = PACKET * round as u32 + PACKET * n as u32 / ports.len() as u32;
                std::thread::sleep(due.saturating_sub(start.elapsed()));
            }
        }
        std::thread::sleep((PACKET * (round as u32 + 1)).saturating_sub(start.elapsed()));
    }
    println!("{}", rounds * ports.len() as u64);
    Ok(())
}

fn cpu() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let of = |t: nix::sys::time::TimeVal| Duration::new(t.tv_sec() as u64, t.tv_usec() as u32 * 1000);
    of(usage.user_time()) + of(usage.system_time())
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn tempfile_dir() -> anyhow::Result<std::path::PathBuf> {
    let dir = std::env::temp_dir().join(format!("ferric-capture-cost-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}
