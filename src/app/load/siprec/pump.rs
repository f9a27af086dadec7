//! One thread sends the media of all legs: a sweep every 5 ms serves a quarter of them, so that packets of many calls do not come in one burst.
//! Sequence numbers and time stamps run by the sample clock; a sweep that comes late catches up.

use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use parking_lot::Mutex;

use super::sound::Sound;

const SAMPLES: usize = 160;
const PACKET: usize = 12 + SAMPLES;
const FRAME: Duration = Duration::from_millis(20);
const PHASES: u64 = 4;
const BATCH: usize = 64;
/// Seconds between the Unix epoch and that of NTP (RFC 3550 §4).
const NTP_OFFSET_S: u64 = 2_208_988_800;
const REPORT_EVERY: u64 = 250;

struct Leg {
    rtp: SocketAddr,
    rtcp: SocketAddr,
    sound: Sound,
    position: usize,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    frames: u64,
    phase: u64,
    payload_type: u8,
    octets: u32,
    marker: bool,
}

/// What the outside may change of a leg while it is being sent.
pub struct LegControl {
    leg: Mutex<Leg>,
    sending: AtomicBool,
    gone: AtomicBool,
    packets: AtomicU64,
    reports: AtomicU64,
}

impl LegControl {
    /// RTP packets sent so far.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets.load(Ordering::Relaxed)
    }

    /// RTCP sender reports sent so far.
    #[must_use]
    pub fn reports(&self) -> u64 {
        self.reports.load(Ordering::Relaxed)
    }

    /// Goes silent (nothing is sent, the sample clock runs on) or speaks again.
    pub fn set_sending(&self, sending: bool) {
        if sending && !self.sending.swap(true, Ordering::Relaxed) {
            self.leg.lock().marker = true;
        }
        self.sending.store(sending, Ordering::Relaxed);
    }

    /// Sends to another place from now on.
    pub fn send_to(&self, rtp: SocketAddr, rtcp: SocketAddr) {
        let mut leg = self.leg.lock();
        (leg.rtp, leg.rtcp) = (rtp, rtcp);
    }

    /// Goes on under a new SSRC with new numbers, as after a transfer.
    pub fn renew_ssrc(&self, ssrc: u32) {
        let mut leg = self.leg.lock();
        leg.ssrc = ssrc;
        leg.sequence = ssrc as u16;
        leg.timestamp = ssrc.rotate_left(7);
        leg.marker = true;
    }

    /// Sends another sound from now on.
    pub fn play(&self, sound: Sound) {
        let mut leg = self.leg.lock();
        leg.sound = sound;
        leg.position = 0;
    }
}

/// The sending thread and its two sockets (RTP on an even port, RTCP on the next).
pub struct Pump {
    legs: Arc<Mutex<Vec<Arc<LegControl>>>>,
    turn: Arc<Mutex<()>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    rtp_port: u16,
    sent: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

fn socket_pair() -> std::io::Result<(UdpSocket, UdpSocket)> {
    let any = |port| SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port));
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrInUse);
    for _ in 0..64 {
        let rtp = UdpSocket::bind(any(0))?;
        let port = rtp.local_addr()?.port();
        if port % 2 == 0 && port < u16::MAX {
            match UdpSocket::bind(any(port + 1)) {
                Ok(rtcp) => return Ok((rtp, rtcp)),
                Err(error) => last = error,
            }
        }
    }
    Err(last)
}

impl Pump {
    /// Opens the sockets and starts the thread.
    pub fn start() -> std::io::Result<Self> {
        let (rtp, rtcp) = socket_pair()?;
        let rtp_port = rtp.local_addr()?.port();
        let legs: Arc<Mutex<Vec<Arc<LegControl>>>> = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (sent, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let turn = Arc::<Mutex<()>>::default();
        let sweep =
            Sweep { rtp, rtcp, legs: legs.clone(), turn: turn.clone(), stop: stop.clone(), sent: sent.clone(), failed: failed.clone() };
        let thread = std::thread::Builder::new().name("load-pump".to_owned()).spawn(move || sweep.run())?;
        Ok(Self { legs, turn, stop, thread: Some(thread), rtp_port, sent, failed })
    }

    /// The port that RTP is sent from; RTCP comes from the next.
    #[must_use]
    pub fn rtp_port(&self) -> u16 {
        self.rtp_port
    }

    /// RTP packets sent by all legs, and such that the system refused to send.
    #[must_use]
    pub fn totals(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    /// Adds a leg and begins to send at the next sweep. Legs added together stay in step.
    #[must_use]
    pub fn add(&self, ssrc: u32, phase: u64, payload_type: u8, rtp: SocketAddr, rtcp: SocketAddr, sound: Sound) -> Arc<LegControl> {
        let leg = Leg {
            rtp,
            rtcp,
            sound,
            position: 0,
            ssrc,
            sequence: ssrc as u16,
            timestamp: ssrc.rotate_left(11),
            frames: 0,
            phase: phase % PHASES,
            payload_type,
            octets: 0,
            marker: true,
        };
        let control = Arc::new(LegControl {
            leg: Mutex::new(leg),
            sending: AtomicBool::new(true),
            gone: AtomicBool::new(false),
            packets: AtomicU64::new(0),
            reports: AtomicU64::new(0),
        });
        self.legs.lock().push(control.clone());
        control
    }

    /// Takes a leg out.
    pub fn remove(&self, leg: &Arc<LegControl>) {
        leg.gone.store(true, Ordering::Relaxed);
        self.legs.lock().retain(|l| !Arc::ptr_eq(l, leg));
        // A packet that is counted already may wait for its batch: it is sent before whoever takes the leg out says good-bye.
        drop(self.turn.lock());
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Sweep {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    legs: Arc<Mutex<Vec<Arc<LegControl>>>>,
    /// Held while packets are made and sent.
    turn: Arc<Mutex<()>>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

impl Sweep {
    fn run(self) {
        let started = Instant::now();
        let mut packets = vec![[0u8; PACKET]; BATCH];
        let mut targets = Vec::with_capacity(BATCH);
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
        let mut tick: u64 = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let due = started + FRAME / PHASES as u32 * tick as u32;
            if let Some(wait) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(wait);
            }
            let turn = self.turn.lock();
            let legs: Vec<Arc<LegControl>> = self.legs.lock().clone();
            for control in &legs {
                let mut leg = control.leg.lock();
                if leg.phase != tick % PHASES || control.gone.load(Ordering::Relaxed) {
                    continue;
                }
                let sending = control.sending.load(Ordering::Relaxed);
                if sending && leg.frames % REPORT_EVERY == 5 {
                    let report = sender_report(&leg, control.packets.load(Ordering::Relaxed));
                    if self.rtcp.send_to(&report, leg.rtcp).is_ok() {
                        control.reports.fetch_add(1, Ordering::Relaxed);
                    }
                }
                let target = leg.rtp;
                next_packet(&mut leg, sending, &mut packets[targets.len()]);
                if sending {
                    control.packets.fetch_add(1, Ordering::Relaxed);
                    targets.push(Some(SockaddrStorage::from(target)));
                }
                drop(leg);
                if targets.len() == BATCH {
                    self.flush(&mut headers, &packets, &mut targets);
                }
            }
            self.flush(&mut headers, &packets, &mut targets);
            drop(turn);
            tick += 1;
        }
    }

    fn flush(&self, headers: &mut MultiHeaders<SockaddrStorage>, packets: &[[u8; PACKET]], targets: &mut Vec<Option<SockaddrStorage>>) {
        let mut done = 0;
        while done < targets.len() {
            let slices: Vec<[IoSlice<'_>; 1]> = packets[done..targets.len()].iter().map(|p| [IoSlice::new(p)]).collect();
            let sent = sendmmsg(self.rtp.as_raw_fd(), headers, &slices, &targets[done..], [], MsgFlags::empty()).map_or(0, Iterator::count);
            self.sent.fetch_add(sent as u64, Ordering::Relaxed);
            done += sent;
            if sent == 0 {
                // The system refused this one (its receiver is gone, most often): the others still go.
                self.failed.fetch_add(1, Ordering::Relaxed);
                done += 1;
            }
        }
        targets.clear();
    }
}

fn next_packet(leg: &mut Leg, sending: bool, out: &mut [u8; PACKET]) {
    out[0] = 0x80;
    out[1] = leg.payload_type | if leg.marker { 0x80 } else { 0 };
    out[2..4].copy_from_slice(&leg.sequence.to_be_bytes());
    out[4..8].copy_from_slice(&leg.timestamp.to_be_bytes());
    out[8..12].copy_from_slice(&leg.ssrc.to_be_bytes());
    leg.sound.clone().fill(&mut leg.position, &mut out[12..]);
    if leg.payload_type == 8 {
        out[12..].iter_mut().for_each(|sample| *sample = alaw_of_ulaw(*sample));
    }
    if sending {
        leg.sequence = leg.sequence.wrapping_add(1);
        leg.octets = leg.octets.wrapping_add(SAMPLES as u32);
        leg.marker = false;
    }
    leg.timestamp = leg.timestamp.wrapping_add(SAMPLES as u32);
    leg.frames += 1;
}

/// A sender report and a canonical name (RFC 3550 §6.4.1, §6.5).
fn sender_report(leg: &Leg, packets: u64) -> [u8; 40] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    let mut out = [0u8; 40];
    out[0..4].copy_from_slice(&[0x80, 200, 0, 6]);
    out[4..8].copy_from_slice(&leg.ssrc.to_be_bytes());
    out[8..12].copy_from_slice(&((now.as_secs() + NTP_OFFSET_S) as u32).to_be_bytes());
    out[12..16].copy_from_slice(&(fraction as u32).to_be_bytes());
    out[16..20].copy_from_slice(&leg.timestamp.to_be_bytes());
    out[20..24].copy_from_slice(&(packets as u32).to_be_bytes());
    out[24..28].copy_from_slice(&leg.octets.to_be_bytes());
    out[28..32].copy_from_slice(&[0x81, 202, 0, 2]);
    out[32..36].copy_from_slice(&leg.ssrc.to_be_bytes());
    out[36..40].copy_from_slice(&[1, 1, b'f', 0]);
    out
}

/// µ-law to A-law by way of 16 bits.
fn alaw_of_ulaw(sample: u8) -> u8 {
    let bits = !sample;
    let exponent = (bits >> 4) & 7;
    let magnitude = ((i32::from(bits & 0x0f) << 3) + 132) << exponent;
    let positive = bits & 0x80 == 0;
    let magnitude = (magnitude - 132).clamp(0, 32_767);
    let exponent = (1..8).rev().find(|e| magnitude >= 0x80 << e).unwrap_or(0);
    let mantissa = if exponent == 0 { magnitude >> 4 } else { magnitude >> (exponent + 3) } & 0x0f;
    let sign = if positive { 0x80 } else { 0 };
    (sign | (exponent << 4) as u8 | mantissa as u8) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alaw_has_the_values_of_the_standard() {
        // 0 and full scale, as ITU-T G.711 has them.
        assert_eq!((alaw_of_ulaw(0xff), alaw_of_ulaw(0x80), alaw_of_ulaw(0x00)), (0xd5, 0xaa, 0x2a));
    }
}
