//! The composing process.

use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter};
use std::process::ExitCode;
use std::sync::Arc;

use parking_lot::Mutex;

use super::ComposeError;
use super::canvas::Canvas;
use super::encoder::{Encoder, Out};
use super::pipelines;
use super::protocol::{Configure, FromWorker, Scene, ToWorker};
use super::source::Source;

/// What `ferric compose-worker` does: reads [`ToWorker`] from standard input and answers on standard output until it is told
/// to finish or its parent is gone. Not meant to be called by people.
#[must_use]
pub fn worker_main() -> ExitCode {
    let out = Arc::new(Mutex::new(BufWriter::new(io::stdout())));
    let out: Out = Arc::new(move |message: FromWorker| {
        if message.write(&mut *out.lock()).is_err() {
            // Nobody is listening: the parent has ended or given this job to another.
            std::process::exit(1);
        }
    });
    match work(&mut BufReader::with_capacity(1 << 16, io::stdin()), &out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            out(FromWorker::Failed(e.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn work(from: &mut impl io::Read, out: &Out) -> Result<(), ComposeError> {
    let next = |from: &mut _| ToWorker::read(from).map_err(|e| ComposeError::Gstreamer(e.to_string()));
    let Some(ToWorker::Configure(configure)) = next(from)? else {
        return Err(ComposeError::Start("it was not told how to compose".to_owned()));
    };
    pipelines::check_plugins(configure.encoder)?;
    let mut stage = Stage::new(&configure, Arc::clone(out))?;
    out(FromWorker::Ready);
    loop {
        match next(from)? {
            Some(ToWorker::Frame(frame)) => {
                let track = frame.track;
                stage.with(track, |source, decoded| source.frame(frame, decoded));
            }
            Some(ToWorker::Compose(scene)) => stage.compose(&scene)?,
            Some(ToWorker::Finish) => {
                stage.encoder.finish()?;
                out(FromWorker::Done);
                return Ok(());
            }
            Some(ToWorker::Configure(_)) => return Err(ComposeError::Start("it was told how to compose twice".to_owned())),
            None => return Ok(()),
        }
    }
}

struct Stage {
    sources: BTreeMap<u16, Source>,
    canvas: Canvas,
    encoder: Encoder,
    out: Out,
}

impl Stage {
    fn new(configure: &Configure, out: Out) -> Result<Self, ComposeError> {
        let canvas = Canvas::new(u32::from(configure.width), u32::from(configure.height), u32::from(configure.fps))?;
        let encoder = Encoder::start(configure, &canvas.caps()?, Arc::clone(&out))?;
        Ok(Self { sources: BTreeMap::new(), canvas, encoder, out })
    }

    fn with<T>(&mut self, track: u16, act: impl FnOnce(&mut Source, &mut Vec<(u64, bool)>) -> T) -> T {
        let mut decoded = Vec::new();
        let result = act(self.sources.entry(track).or_default(), &mut decoded);
        for (number, good) in decoded {
            (self.out)(FromWorker::Decoded { track, number, good });
        }
        result
    }

    fn compose(&mut self, scene: &Scene) -> Result<(), ComposeError> {
        let mut cells = Vec::new();
        for cell in &scene.cells {
            if let Some(picture) = self.with(cell.track, |source, decoded| source.show(cell.number, cell.floor, decoded)) {
                cells.push((cell.track, cell.place, picture));
            }
        }
        let canvas = self.canvas.draw(&cells)?;
        self.encoder.push(scene.tick, canvas)
    }
}
