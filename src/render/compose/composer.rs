//! This side of composing: feeds the composing process, takes its pictures, and starts another where it dies or hangs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::ComposeError;
use super::journal::Journal;
use super::protocol::{Configure, FromWorker, Scene, ToWorker, TrackFrame};
use super::worker_process::{Heard, WorkerProcess};

/// Pictures that may be under way in the composing process before `collect` waits for it.
const MOST_UNDER_WAY: u64 = 240;
/// A composing process that says nothing for so long while it has work hangs.
const PATIENCE: Duration = Duration::from_secs(30);
/// Processes that may die one after the other without having made a single picture.
const MOST_TRIES: u32 = 3;

/// A picture that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// Which.
    pub tick: u64,
    /// An IDR.
    pub keyframe: bool,
    /// AVCC, without parameter sets.
    pub data: Bytes,
}

/// One composition.
#[derive(Debug)]
pub struct Composer {
    program: PathBuf,
    configure: Configure,
    worker: WorkerProcess,
    journal: Journal,
    format: Option<Bytes>,
    /// The tick of the next picture that has not come back.
    next: u64,
    /// Ticks told.
    told: u64,
    finishing: bool,
    done: bool,
    /// Of each track: the last frame that went through a decoder, and how many did with good result.
    decoded: BTreeMap<u16, (u64, u64)>,
    fruitless: u32,
    restarts: u32,
    patience: Duration,
}

impl Composer {
    /// Starts a composing process.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(program: PathBuf, configure: Configure) -> Result<Self, ComposeError> {
        let worker = WorkerProcess::start(&program)?;
        worker.tell(ToWorker::Configure(configure.clone()));
        Ok(Self {
            program,
            configure,
            worker,
            journal: Journal::default(),
            format: None,
            next: 0,
            told: 0,
            finishing: false,
            done: false,
            decoded: BTreeMap::new(),
            fruitless: 0,
            restarts: 0,
            patience: PATIENCE,
        })
    }

    /// A coded picture; of each track in order.
    pub fn frame(&mut self, frame: TrackFrame) {
        self.journal.frame(frame.clone());
        self.worker.tell(ToWorker::Frame(frame));
    }

    /// The next picture to be made; ticks begin with 0 and rise by one.
    pub fn scene(&mut self, scene: Scene) {
        self.told = scene.tick + 1;
        self.journal.scene(scene.clone());
        self.worker.tell(ToWorker::Compose(scene));
    }

    /// No scene from `tick` on shows a frame of a track before these: where an IDR is due at `tick`, composing can be taken up from there.
    pub fn mark(&mut self, tick: u64, oldest: BTreeMap<u16, u64>) {
        self.journal.mark(tick, oldest);
    }

    /// Pictures that came back, in order, each once. Waits only while too many are under way.
    ///
    /// # Errors
    /// Where processes die again and again.
    pub fn collect(&mut self) -> Result<Vec<Composed>, ComposeError> {
        let mut pictures = Vec::new();
        loop {
            let wait = if self.told - self.next > MOST_UNDER_WAY { self.patience } else { Duration::ZERO };
            if !self.hear(wait, &mut pictures)? {
                return Ok(pictures);
            }
        }
    }

    /// The rest of the pictures.
    ///
    /// # Errors
    /// Where processes die again and again.
    pub fn finish(&mut self) -> Result<Vec<Composed>, ComposeError> {
        self.finishing = true;
        self.worker.tell(ToWorker::Finish);
        let mut pictures = Vec::new();
        while !self.done {
            self.hear(self.patience, &mut pictures)?;
        }
        Ok(pictures)
    }

    /// `AVCDecoderConfigurationRecord`, once the first picture is there.
    #[must_use]
    pub fn format(&self) -> Option<&Bytes> {
        self.format.as_ref()
    }

    /// Frames that decoded.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        self.decoded.values().map(|(_, good)| good).sum()
    }

    /// How often a process had to be started again.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Whether there was anything to hear within `wait`.
    fn hear(&mut self, wait: Duration, pictures: &mut Vec<Composed>) -> Result<bool, ComposeError> {
        let since = Instant::now();
        match self.worker.listen(wait) {
            Heard::Message(message) => self.take(message, pictures)?,
            Heard::Gone(why) => self.again(&why)?,
            Heard::Silence if wait.is_zero() => return Ok(false),
            Heard::Silence => self.again(&format!("it said nothing for {} s", since.elapsed().as_secs()))?,
        }
        Ok(true)
    }

    fn take(&mut self, message: FromWorker, pictures: &mut Vec<Composed>) -> Result<(), ComposeError> {
        match message {
            FromWorker::Ready => {}
            FromWorker::Format(format) => self.format = self.format.take().or(Some(format)),
            // A process that took over makes some pictures once more.
            FromWorker::Picture { tick, .. } if tick < self.next => {}
            FromWorker::Picture { tick, keyframe, data } => {
                if tick != self.next {
                    return self.again(&format!("picture {tick} came instead of {}", self.next));
                }
                self.next += 1;
                self.fruitless = 0;
                if keyframe {
                    self.journal.came(tick);
                }
                pictures.push(Composed { tick, keyframe, data });
            }
            FromWorker::Decoded { track, number, good } => {
                let (last, count) = self.decoded.entry(track).or_insert((0, 0));
                if *count == 0 || number > *last {
                    (*last, *count) = (number, *count + u64::from(good));
                }
            }
            FromWorker::Done if self.next == self.told => self.done = true,
            FromWorker::Done => self.again("it ended early")?,
            FromWorker::Failed(why) => self.again(&why)?,
        }
        Ok(())
    }

    /// Starts another process and tells it what the last one was told since the last IDR picture that came back.
    fn again(&mut self, why: &str) -> Result<(), ComposeError> {
        self.fruitless += 1;
        if self.fruitless >= MOST_TRIES {
            return Err(ComposeError::Worker { tries: self.fruitless, why: why.to_owned() });
        }
        self.restarts += 1;
        tracing::warn!(why, try_number = self.fruitless + 1, picture = self.next, "the composing process is started again");
        self.worker = WorkerProcess::start(&self.program)?;
        self.worker.tell(ToWorker::Configure(self.configure.clone()));
        for message in self.journal.replay() {
            self.worker.tell(message.clone());
        }
        if self.finishing {
            self.worker.tell(ToWorker::Finish);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::render::settings::VideoEncoder;

    #[test]
    fn a_process_that_says_nothing_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("worker");
        std::fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let configure = Configure { width: 320, height: 240, fps: 30, keyframe_every: 60, encoder: VideoEncoder::X264enc };
        let mut composer = Composer::start(program, configure).unwrap();
        composer.patience = Duration::from_millis(20);
        composer.scene(Scene { tick: 0, cells: Vec::new() });
        let error = composer.finish().unwrap_err().to_string();
        assert!(error.contains("failed 3 times: it said nothing"), "{error}");
        assert_eq!(composer.restarts(), 2);
    }
}
