//! A tape that grows while it is rendered, and whoever looks at it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ferric::model::time::MediaTime;
use ferric::render::{Records, RenderSettings, RenderedOutput, SessionRender};
use ferric::tape::{Record, Spot, TapeError};

/// Later than anything on a tape.
const OVER_MS: u64 = 600_000;

/// A tape that grows: a record can be read 200 ms after it came.
#[derive(Debug)]
struct Growing {
    records: Arc<[Record]>,
    next: usize,
    now_ms: Arc<AtomicU64>,
}

impl Records for Growing {
    fn next(&mut self) -> Result<Option<Record>, TapeError> {
        let written = MediaTime::from_ms(self.now_ms.load(Ordering::Relaxed)) - 200_000_000;
        let record = self.records.get(self.next).filter(|r| r.at <= written).cloned();
        self.next += usize::from(record.is_some());
        Ok(record)
    }

    fn spot(&self) -> Option<Spot> {
        Some(Spot { chunk: 1, block_at: self.next as u64 - 1, record_at: 0 })
    }

    fn again(&mut self, spot: Spot) -> Result<Option<Record>, TapeError> {
        Ok(self.records.get(spot.block_at as usize).cloned())
    }
}

/// Rendering of a tape that grows with the time that it is told.
pub struct Following {
    render: SessionRender,
    now_ms: Arc<AtomicU64>,
}

impl Following {
    pub fn begin(out: &Path, records: &[Record]) -> Self {
        let (records, now_ms): (Arc<[Record]>, _) = (records.into(), Arc::new(AtomicU64::new(0)));
        let now = now_ms.clone();
        let rewind = move || Ok(Box::new(Growing { records: records.clone(), next: 0, now_ms: now.clone() }) as Box<dyn Records>);
        Self { render: SessionRender::of(Box::new(rewind), out, RenderSettings::default()).unwrap(), now_ms }
    }

    pub fn look(&mut self, at_ms: u64) -> Vec<RenderedOutput> {
        self.now_ms.store(at_ms, Ordering::Relaxed);
        self.render.advance(MediaTime::from_ms(at_ms)).unwrap()
    }

    pub fn told_of_an_end(&mut self, at_ms: u64) {
        self.render.ending(MediaTime::from_ms(at_ms));
    }

    pub fn finish(self) -> Vec<RenderedOutput> {
        self.now_ms.store(OVER_MS, Ordering::Relaxed);
        self.render.finish().unwrap()
    }
}

/// Every output's file, in the order of their names.
pub fn bytes(outputs: &[RenderedOutput]) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = outputs.iter().map(|o| (o.output.to_string(), std::fs::read(o.dir.join("recording.mp4")).unwrap())).collect();
    all.sort();
    all
}
