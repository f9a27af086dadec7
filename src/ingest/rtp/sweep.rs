//! The sweep: one thread that reads what all sockets hold, every 160 ms.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::counters::RtpCounters;
use super::leg::{Leg, Way};
use super::ports::PortPairs;
use super::{LegId, Notice, RtpIngestConfig, RtpLegSpec};
use crate::ingest::arrival::ClockReading;
use crate::ingest::error::IngestError;
use crate::ingest::stamped_socket::{ReadBuffer, ReadManyBuffer, StampedSocket};
use crate::model::switchboard::{RtpAnswer, RtpOffer};

/// A call's packets come every 20 ms: eight of a socket are read by one call. What was read is written to the tapes at once, so this is what a killed process
/// loses, with the time that reading and writing take.
const SWEEP_EVERY: Duration = Duration::from_millis(160);
/// As often packets of those who speak are sent.
const SPEAK_EVERY: Duration = Duration::from_millis(10);
/// Readings of the list of RTCP sockets that hold something in one sweep.
const ROUNDS: usize = 32;
/// Datagrams of a socket that are read at once outside of a sweep, at most.
const DRAINED: usize = 256;
/// Legs that are read before whoever waits for one of them gets in between.
const TURN: usize = 32;
/// A sweep that began late may find datagrams older than its interval.
const SLACK: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(super) struct Sweep {
    config: RtpIngestConfig,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug)]
struct State {
    slots: Vec<Slot>,
    free: Vec<usize>,
    live: usize,
    ports: PortPairs,
    rtcp: Epoll,
    gone: RtpCounters,
    /// Slots of legs with a voice.
    speaking: Vec<usize>,
    stopping: bool,
    buffer: ReadBuffer,
    events: Vec<EpollEvent>,
    last_rtp: Instant,
    last_rtcp: Instant,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    leg: Option<Box<Leg>>,
}

fn split(id: LegId) -> (usize, u32) {
    ((id.0 & 0xffff_ffff) as usize, (id.0 >> 32) as u32)
}

/// Does something that must not take the thread with it. `None` where it panicked, which is counted (and printed by the panic hook).
fn survive<T>(panics: &mut u64, act: impl FnOnce() -> T) -> Option<T> {
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
    *panics += u64::from(done.is_err());
    done.ok()
}

/// One leg's failure is one leg's: what it was handling is lost, the others never notice.
fn guarded<T>(leg: &mut Leg, act: impl FnOnce(&mut Leg) -> T) -> Option<T> {
    let mut panics = 0;
    let done = survive(&mut panics, || act(leg));
    leg.counters.panics += panics;
    done
}

impl Sweep {
    pub(super) fn new(config: RtpIngestConfig) -> Result<Self, IngestError> {
        let ports = PortPairs::of(&config.ports, rand::random::<u16>().into());
        let ports = ports.ok_or_else(|| IngestError::BadRange { range: config.ports.clone() })?;
        let epoll = || {
            let made = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC);
            made.map_err(std::io::Error::from).map_err(IngestError::io("making an epoll instance"))
        };
        let state = State {
            slots: Vec::new(),
            free: Vec::new(),
            live: 0,
            ports,
            rtcp: epoll()?,
            gone: RtpCounters::default(),
            speaking: Vec::new(),
            stopping: false,
            buffer: ReadBuffer::new(),
            events: vec![EpollEvent::empty(); 1024],
            last_rtp: Instant::now(),
            last_rtcp: Instant::now(),
        };
        Ok(Self { config, state: Mutex::new(state), wake: Condvar::new() })
    }

    pub(super) fn run(&self) {
        let mut due = Instant::now();
        let mut buffer = ReadManyBuffer::new();
        let mut state = self.state.lock();
        loop {
            while state.live == 0 && !state.stopping {
                self.wake.wait(&mut state);
                due = Instant::now();
                (state.last_rtp, state.last_rtcp) = (due, due);
            }
            if state.stopping {
                return;
            }
            // Each leg is guarded by itself; this is for what is around them.
            let unforeseen = &mut 0;
            let now = Instant::now();
            survive(unforeseen, || {
                state.speak();
                if now < due {
                    return;
                }
                sweep_rtp(&mut state, &mut buffer);
                state.sweep_rtcp();
                state.report();
            });
            state.gone.panics += *unforeseen;
            if now >= due {
                if let Some(bell) = &self.config.bell {
                    bell.ring();
                }
                // After a stall the missed sweeps are not made up for: one reads everything.
                due = (due + SWEEP_EVERY).max(now);
            }
            // Who speaks is heard in step.
            let next = if state.speaking.is_empty() { due } else { due.min(now + SPEAK_EVERY) };
            let rest = next.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                MutexGuard::bump(&mut state);
            } else {
                self.wake.wait_for(&mut state, rest);
            }
        }
    }

    pub(super) fn stop(&self) {
        self.state.lock().stopping = true;
        self.wake.notify_all();
    }

    pub(super) fn add(&self, spec: RtpLegSpec) -> Result<(LegId, RtpAnswer), IngestError> {
        let RtpLegSpec { tap, offer } = spec;
        let mut state = self.state.lock();
        let pair = state.ports.take(|port| {
            let Some(rtp) = StampedSocket::bind(self.config.bind_ip, port)? else { return Ok(None) };
            Ok(StampedSocket::bind(self.config.bind_ip, port + 1)?.map(|rtcp| (rtp, rtcp)))
        })?;
        let (port, sockets) = pair.ok_or_else(|| IngestError::PortsExhausted { range: self.config.ports.clone() })?;
        let leg = Box::new(Leg::new(tap, offer, port, sockets, Instant::now()));
        let slot = state.free.pop().unwrap_or_else(|| {
            state.slots.push(Slot { generation: 0, leg: None });
            state.slots.len() - 1
        });
        let event = EpollEvent::new(EpollFlags::EPOLLIN, slot as u64);
        let watched = state.rtcp.add(&leg.rtcp, event);
        if let Err(source) = watched {
            state.free.push(slot);
            state.ports.give_back(port);
            return Err(IngestError::Io { doing: "watching an RTCP socket", source: source.into() });
        }
        let answer = self.answer(&leg);
        let id = LegId(u64::from(state.slots[slot].generation) << 32 | slot as u64);
        state.slots[slot].leg = Some(leg);
        state.live += 1;
        drop(state);
        self.wake.notify_all();
        Ok((id, answer))
    }

    fn answer(&self, leg: &Leg) -> RtpAnswer {
        let bound = Some(self.config.bind_ip).filter(|ip| !ip.is_unspecified());
        let ip = self.config.advertised_ip.or(bound).unwrap_or(leg.offer.local_ip);
        let rtp = SocketAddr::new(ip, leg.port);
        let rtcp = if leg.offer.rtcp_mux { rtp } else { SocketAddr::new(ip, leg.port + 1) };
        RtpAnswer { track: leg.track(), rtp, rtcp, speaks: leg.has_voice() }
    }

    fn with<T>(&self, id: LegId, act: impl FnOnce(&mut Leg) -> T) -> Result<T, IngestError> {
        self.state.lock().leg(id).map(act).ok_or(IngestError::NoSuchLeg)
    }

    pub(super) fn change(&self, id: LegId, offer: RtpOffer) -> Result<RtpAnswer, IngestError> {
        let mut state = self.state.lock();
        // What arrived before this moment came from the source of before.
        state.drain(id);
        let leg = state.leg(id).ok_or(IngestError::NoSuchLeg)?;
        leg.offered_anew(offer);
        Ok(self.answer(leg))
    }

    pub(super) fn set_muted(&self, id: LegId, muted: bool) -> Result<(), IngestError> {
        let mut state = self.state.lock();
        // What arrived before this moment is judged by what held before it.
        state.drain(id);
        state.leg(id).ok_or(IngestError::NoSuchLeg)?.muted = muted;
        Ok(())
    }

    pub(super) fn speak(&self, id: LegId, notice: &Arc<Notice>, recording: &Arc<AtomicBool>) -> Result<bool, IngestError> {
        let mut state = self.state.lock();
        let leg = state.leg(id).ok_or(IngestError::NoSuchLeg)?;
        leg.give_voice(notice, recording, Instant::now());
        let speaks = leg.has_voice();
        let (at, _) = split(id);
        if speaks && !state.speaking.contains(&at) {
            state.speaking.push(at);
            self.wake.notify_all();
        }
        Ok(speaks)
    }

    pub(super) fn read_out(&self, ids: &[LegId]) {
        let mut state = self.state.lock();
        for id in ids {
            state.drain(*id);
        }
    }

    pub(super) fn counters(&self, id: LegId) -> Option<RtpCounters> {
        self.with(id, |leg| leg.counters).ok()
    }

    pub(super) fn totals(&self) -> RtpCounters {
        let state = self.state.lock();
        let mut all = state.gone;
        for leg in state.slots.iter().filter_map(|s| s.leg.as_ref()) {
            all += leg.counters;
        }
        all
    }

    pub(super) fn remove(&self, id: LegId) -> Option<RtpCounters> {
        let mut state = self.state.lock();
        state.drain(id);
        state.leg(id)?;
        let (at, _) = split(id);
        let slot = state.slots.get_mut(at)?;
        slot.generation = slot.generation.wrapping_add(1);
        let leg = slot.leg.take()?;
        state.free.push(at);
        state.speaking.retain(|speaking| *speaking != at);
        state.live -= 1;
        state.gone += leg.counters;
        let port = leg.port;
        let counters = leg.counters;
        drop(leg);
        state.ports.give_back(port);
        Some(counters)
    }
}

/// Every socket is read without asking first which of them hold something: nearly all do, and asking the kernel (and its looking again) cost as much
/// as a third of the reading.
fn sweep_rtp(state: &mut MutexGuard<'_, State>, buffer: &mut ReadManyBuffer) {
    let began = Instant::now();
    let mut next = 0;
    while next < state.slots.len() {
        let clocks = ClockReading::take(state.last_rtp.elapsed() + SLACK);
        let turn = next..(next + TURN).min(state.slots.len());
        next = turn.end;
        for leg in state.slots[turn].iter_mut().filter_map(|s| s.leg.as_deref_mut()) {
            guarded(leg, |leg| leg.sweep(buffer, &clocks));
        }
        MutexGuard::bump(state);
    }
    // Only now: a leg that is read in between by itself may not have had its turn.
    state.last_rtp = began;
}

impl State {
    fn leg(&mut self, id: LegId) -> Option<&mut Leg> {
        let (at, generation) = split(id);
        self.slots.get_mut(at).filter(|s| s.generation == generation)?.leg.as_deref_mut()
    }

    /// Few of these hold anything at any time: the kernel says which.
    fn sweep_rtcp(&mut self) {
        let oldest = self.last_rtcp.elapsed() + SLACK;
        self.last_rtcp = Instant::now();
        for _ in 0..ROUNDS {
            let ready = match self.rtcp.wait(&mut self.events, EpollTimeout::ZERO) {
                Ok(0) | Err(_) => return,
                Ok(ready) => ready,
            };
            let clocks = ClockReading::take(oldest);
            for event in &self.events[..ready] {
                if let Some(leg) = self.slots.get_mut(event.data() as usize).and_then(|s| s.leg.as_deref_mut()) {
                    guarded(leg, |leg| leg.read(Way::Rtcp, &mut self.buffer, &clocks));
                }
            }
        }
    }

    fn drain(&mut self, id: LegId) {
        let (at, generation) = split(id);
        let Some(leg) = self.slots.get_mut(at).filter(|s| s.generation == generation).and_then(|s| s.leg.as_deref_mut()) else { return };
        let clocks = ClockReading::take(self.last_rtp.elapsed() + SLACK);
        let clocks_of_rtcp = ClockReading::take(self.last_rtcp.elapsed() + SLACK);
        for _ in 0..DRAINED {
            if guarded(leg, |leg| leg.read(Way::Rtp, &mut self.buffer, &clocks)) == Some(false) {
                break;
            }
        }
        for _ in 0..DRAINED {
            if guarded(leg, |leg| leg.read(Way::Rtcp, &mut self.buffer, &clocks_of_rtcp)) == Some(false) {
                break;
            }
        }
    }

    fn speak(&mut self) {
        if self.speaking.is_empty() {
            return;
        }
        let now = Instant::now();
        for at in &self.speaking {
            if let Some(leg) = self.slots.get_mut(*at).and_then(|s| s.leg.as_deref_mut()) {
                guarded(leg, |leg| leg.speak(now));
            }
        }
    }

    fn report(&mut self) {
        let now = Instant::now();
        for leg in self.slots.iter_mut().filter_map(|s| s.leg.as_deref_mut()) {
            guarded(leg, |leg| leg.report(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::survive;

    #[test]
    fn what_panics_is_counted_and_the_caller_goes_on() {
        let mut panics = 0;
        assert_eq!(survive(&mut panics, || 1), Some(1));
        assert_eq!(survive(&mut panics, || [0u8; 1][std::hint::black_box(7)]), None);
        assert_eq!((survive(&mut panics, || 2), panics), (Some(2), 1));
    }
}
