//! A session whose gates a test opens and shuts, with a tape to be read afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ferric::ingest::{MediaClock, Tap, TapFactory};
use ferric::model::command::{Command, Verb};
use ferric::model::event::SessionOpened;
use ferric::model::id::{ParticipantId, SessionId, TrackId};
use ferric::model::media::TrackSpec;
use ferric::model::role::Role;
use ferric::model::settings::{AgentProperties, Kind, QueueProperties, Settings};
use ferric::model::switchboard::PeerId;
use ferric::model::time::WallClock;
use ferric::policy::{Gatekeeper, Input};
use ferric::tape::{Body, Record, SenderReport, SessionTape, Spool, SpoolConfig, SpoolLimits, TapeReader, WriteBell};
use parking_lot::Mutex;

/// A session with one agent, whose recording starts when they join.
pub struct Session {
    pub clock: MediaClock,
    pub agent: ParticipantId,
    tape: SessionTape,
    keeper: Mutex<Gatekeeper>,
    key: std::path::PathBuf,
    tracks: Mutex<Vec<TrackSpec>>,
    pub lost: Mutex<Vec<ParticipantId>>,
    spool: Spool,
    _dir: tempfile::TempDir,
}

impl Session {
    pub fn new() -> Arc<Self> {
        Self::writing(SpoolLimits::default())
    }

    pub fn writing(limits: SpoolLimits) -> Arc<Self> {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("master.key");
        let spool = Spool::open_with(SpoolConfig { dir: dir.path().join("spool"), master_key: key.clone() }, limits).unwrap();
        let settings = Settings::resolve(Kind::Call, &[], QueueProperties::default());
        let opened = SessionOpened {
            session: SessionId::random(),
            project: "default".parse().unwrap(),
            started_at: WallClock(0),
            settings: settings.clone(),
            external_id: None,
            metadata: BTreeMap::new(),
        };
        let tape = spool.create(&opened).unwrap();
        let clock = MediaClock::starting(Instant::now());
        let agent: ParticipantId = "agent".parse().unwrap();
        let mut keeper = Gatekeeper::new(settings);
        let join = Input::Join { participant: agent.clone(), role: Role::Agent, initiator: false, properties: AgentProperties::default() };
        keeper.apply(clock.now(), join).1.unwrap();
        let (keeper, tracks, lost) = (Mutex::new(keeper), Mutex::default(), Mutex::default());
        Arc::new(Self { clock, agent, tape, keeper, key, tracks, lost, spool, _dir: dir })
    }

    fn command(&self, verb: Verb) {
        let command = Command { by: self.agent.clone(), verb, order: None };
        self.keeper.lock().apply(self.clock.now(), Input::Command(command)).1.unwrap();
    }

    pub fn pause(&self) {
        self.command(Verb::Pause);
    }

    /// Resumes, and waits out the guard that follows.
    pub fn resume(&self) {
        self.command(Verb::Resume);
        let permit = self.keeper.lock().permit(&self.agent).unwrap();
        wait_for("the permit to admit", || permit.admits(self.clock.now()));
    }

    pub fn tap(&self, track: u16) -> Tap {
        let permit = self.keeper.lock().permit(&self.agent).unwrap();
        let track = TrackId(track);
        Tap { track, permit, writer: self.tape.track(&self.agent, track).unwrap(), clock: self.clock }
    }

    pub fn specs(&self) -> Vec<TrackSpec> {
        self.tracks.lock().clone()
    }

    pub fn bell(&self) -> WriteBell {
        self.spool.bell()
    }

    /// Everything on the tape so far.
    pub fn records(&self) -> Vec<Record> {
        self.tape.flush().unwrap();
        self.written()
    }

    /// What would be found if the process were killed now.
    pub fn written(&self) -> Vec<Record> {
        let mut reader = TapeReader::open(self.tape.dir(), &self.key).unwrap();
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    pub fn packets(&self, track: u16) -> Vec<Bytes> {
        self.arrivals(track).into_iter().map(|(_, packet)| packet).collect()
    }

    /// Arrival in nanoseconds of session time, and the packet.
    pub fn arrivals(&self, track: u16) -> Vec<(u64, Bytes)> {
        let of = |record: Record| match record.body {
            Body::Rtp { track: t, packet } if t == TrackId(track) => Some((record.at.as_ns(), packet)),
            _ => None,
        };
        self.records().into_iter().filter_map(of).collect()
    }

    pub fn reports(&self, track: u16) -> Vec<SenderReport> {
        let of = |record: Record| match record.body {
            Body::SenderReport { track: t, report } if t == TrackId(track) => Some(report),
            _ => None,
        };
        self.records().into_iter().filter_map(of).collect()
    }
}

impl TapFactory for Session {
    fn open(&self, spec: TrackSpec) -> Result<Tap, String> {
        let mut tracks = self.tracks.lock();
        tracks.push(spec);
        Ok(self.tap(tracks.len() as u16))
    }

    fn lost(&self, participant: &ParticipantId, _: &PeerId) {
        self.lost.lock().push(participant.clone());
    }

    fn dropped(&self, _track: TrackId, _packets: u64) {}
}

/// Polls a condition until it holds; panics after ten seconds.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
