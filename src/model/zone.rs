//! A time zone by its name in the IANA database. The rules come with the program: two nodes reckon alike, whatever their systems have.

use std::str::FromStr;
use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

static RULES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// Why a text names no zone.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no time zone of the IANA database, as `Europe/Oslo` or `UTC`")]
pub struct NoZone;

impl Zone {
    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &TimeZone {
        &self.0
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl Default for Zone {
    /// UTC.
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = NoZone;

    fn from_str(name: &str) -> Result<Self, NoZone> {
        if name.eq_ignore_ascii_case("utc") {
            return Ok(Self::default());
        }
        RULES.get(name).map(Self).map_err(|_| NoZone)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(d)?;
        name.parse().map_err(|no: NoZone| serde::de::Error::custom(format!("`{}` {no}", name.chars().take(64).collect::<String>())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_by_its_name_and_goes_out_as_it_came_in() {
        for name in ["UTC", "Europe/Oslo", "America/New_York", "Asia/Kathmandu"] {
            let zone: Zone = serde_json::from_value(name.into()).unwrap();
            assert_eq!((zone.name(), serde_json::to_value(&zone).unwrap()), (name, name.into()));
        }
        for bad in ["", "Oslo", "Europe/Atlantis", "../etc/passwd", "+01:00"] {
            assert_eq!(bad.parse::<Zone>(), Err(NoZone), "{bad}");
        }
        assert_eq!("utc".parse::<Zone>(), Ok(Zone::default()));
    }
}
