//! Words of a fixed set, read from text alone. Serde's own reading of an enum takes `{"stop": null}` for `"stop"` as well: a wrong type, and refused here.

/// Reads and writes enums without fields by their names. Each must say `#[serde(remote = "Self")]`, so that what serde derives is at hand and not the way in.
macro_rules! by_name {
    ($($kind:ty),+) => { $(
        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                <$kind>::serialize(self, s)
            }
        }

        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                use serde::de::IntoDeserializer as _;
                let name = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(d)?;
                <$kind>::deserialize(name.into_deserializer())
            }
        }
    )+ };
}

pub(super) use by_name;

#[cfg(test)]
mod tests {
    use crate::model::command::Verb;
    use crate::model::settings::SettingsLayer;

    #[test]
    fn a_word_in_anything_but_a_text_is_refused() {
        assert_eq!(serde_json::from_str::<Verb>(r#""stop""#).unwrap(), Verb::Stop);
        assert_eq!(serde_json::to_string(&Verb::CensorOn).unwrap(), r#""censor_on""#);
        for wrong in [r#"{"stop":null}"#, r#"["stop"]"#, "0", "null", r#""Stop""#, r#""""#] {
            assert!(serde_json::from_str::<Verb>(wrong).is_err(), "{wrong}");
        }
        for (field, word) in [
            ("record_mode", "both"),
            ("conference_mode", "all"),
            ("pause_behavior", "skip"),
            ("consent", "per_party"),
            ("trigger", "manual"),
        ] {
            assert!(serde_json::from_str::<SettingsLayer>(&format!(r#"{{"{field}":"{word}"}}"#)).is_ok());
            assert!(serde_json::from_str::<SettingsLayer>(&format!(r#"{{"{field}":{{"{word}":null}}}}"#)).is_err(), "{field}");
        }
    }
}
