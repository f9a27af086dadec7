//! The configuration line of a bucket.

use std::str::FromStr;

use crate::store::{StoreError, key};

/// `s3://bucket/prefix?endpoint=…&region=…&path_style=true`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketLine {
    /// The bucket.
    pub bucket: String,
    /// What stands before every key: empty, or ending in `/`.
    pub prefix: String,
    /// Where the server is; absent: AWS.
    pub endpoint: Option<String>,
    /// The region; absent: from the environment, or `us-east-1`.
    pub region: Option<String>,
    /// The bucket in the path instead of in the host name.
    pub path_style: bool,
}

impl FromStr for BucketLine {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let no = |why: String| StoreError::Configuration(why);
        let rest = text.strip_prefix("s3://").ok_or_else(|| no("a bucket's line begins with `s3://`".into()))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.contains('@') {
            return Err(no("keys do not belong into a bucket's line: use access_key and secret_key, or the environment".into()));
        }
        if bucket.is_empty() || !bucket.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
            return Err(no("`s3://` needs the name of a bucket behind it".into()));
        }
        let prefix = prefix.trim_end_matches('/');
        if !prefix.is_empty() {
            key::check(prefix).map_err(|e| no(format!("prefix: {e}")))?;
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let mut line = Self { bucket: bucket.to_owned(), prefix, endpoint: None, region: None, path_style: false };
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (name, value) {
                (_, "") => return Err(no(format!("{name}: needs a value"))),
                ("endpoint", _) if value.starts_with("http://") || value.starts_with("https://") => line.endpoint = Some(value.to_owned()),
                ("endpoint", _) => return Err(no("endpoint: must begin with http:// or https://".into())),
                ("region", _) => line.region = Some(value.to_owned()),
                ("path_style", "true") => line.path_style = true,
                ("path_style", "false") => line.path_style = false,
                ("path_style", _) => return Err(no("path_style: must be true or false".into())),
                _ => return Err(no(format!("`{name}` is none of endpoint, region, path_style"))),
            }
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_bucket_prefix_and_server() {
        let line: BucketLine = "s3://rec/eu/west/?endpoint=http://127.0.0.1:9000&region=eu-north-1&path_style=true".parse().unwrap();
        assert_eq!(line.bucket, "rec");
        assert_eq!(line.prefix, "eu/west/");
        assert_eq!(
            (line.endpoint.as_deref(), line.region.as_deref(), line.path_style),
            (Some("http://127.0.0.1:9000"), Some("eu-north-1"), true)
        );
        let line: BucketLine = "s3://rec".parse().unwrap();
        assert_eq!(line, BucketLine { bucket: "rec".into(), prefix: String::new(), endpoint: None, region: None, path_style: false });
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, says) in [
            ("s3://", "needs the name of a bucket"),
            ("s3://b?endpint=http://x", "`endpint` is none of"),
            ("s3://b?endpoint=x", "endpoint: must begin with http"),
            ("s3://b?path_style=yes", "path_style: must be"),
            ("s3://b?region=", "region: needs a value"),
            ("s3://b/../x", "prefix: "),
        ] {
            let no = text.parse::<BucketLine>().unwrap_err().to_string();
            assert!(no.contains(says), "{text}: {no}");
        }
        let no = "s3://AKIA:hush@b".parse::<BucketLine>().unwrap_err().to_string();
        assert!(no.contains("keys do not belong") && !no.contains("hush"), "{no}");
    }
}
