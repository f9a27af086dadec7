//! The ways into the stores: for each region its store and an upload queue of its own, so that one that is away holds up no other.

use anyhow::Result;

use super::config::Config;
use crate::model::region::Region;
use crate::store::queue::{QueueSettings, UploadQueue};
use crate::store::{Regions, S3Options, SharedStore};

/// Files on their way into a folder at once.
const FILES_AT_ONCE: usize = 16;

/// The stores, and the way into each. Clones share them.
#[derive(Clone, Debug)]
pub struct Ways {
    /// The stores.
    pub regions: Regions,
    default: UploadQueue,
    america: UploadQueue,
    europe: UploadQueue,
}

impl Ways {
    /// Opens the stores that are configured, and a queue for each.
    ///
    /// # Errors
    /// With the key of the configuration that no store comes of.
    pub async fn open(config: &Config) -> Result<Self> {
        let regions = stores_of(config, true).await?;
        Ok(Self {
            default: queue(config, &regions, None),
            america: queue(config, &regions, Some(Region::America)),
            europe: queue(config, &regions, Some(Region::Europe)),
            regions,
        })
    }

    /// The store of what is of a region, and the way into it.
    #[must_use]
    pub fn of(&self, region: Option<Region>) -> (&SharedStore, &UploadQueue) {
        let queue = match region {
            None => &self.default,
            Some(Region::America) => &self.america,
            Some(Region::Europe) => &self.europe,
        };
        (self.regions.of(region), queue)
    }
}

/// The stores of a configuration; `sending`: unfinished uploads into buckets are remembered.
///
/// # Errors
/// With the key of the configuration that no store comes of.
pub async fn stores_of(config: &Config, sending: bool) -> Result<Regions> {
    let journal = |region: Option<Region>| {
        let parts = region.map_or_else(|| "parts".to_owned(), |region| format!("parts-{region}"));
        sending.then(|| config.data.dir.join("uploads").join(parts))
    };
    let options = |region| S3Options { journal: journal(region), ..S3Options::default() };
    let opened = Regions::open(&config.store_location(), &config.region_locations(), options).await;
    opened.map_err(|(region, error)| {
        anyhow::Error::new(error).context(region.map_or_else(|| "data.store".to_owned(), |region| format!("regions.{region}")))
    })
}

fn queue(config: &Config, regions: &Regions, region: Option<Region>) -> UploadQueue {
    let (_, line) = config.region_locations().into_iter().find(|(of, _)| Some(*of) == region).unzip();
    UploadQueue::start(regions.of(region).clone(), queue_settings(&line.unwrap_or_else(|| config.store_location())))
}

/// A folder takes many files at once, because syncs that wait together cost little more than one.
fn queue_settings(line: &str) -> QueueSettings {
    let default = QueueSettings::default();
    let at_once = if line.starts_with("folder:") { FILES_AT_ONCE } else { default.at_once };
    QueueSettings { at_once, ..default }
}
