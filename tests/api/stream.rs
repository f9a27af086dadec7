//! A stream of server-sent events, message by message.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

pub struct Stream {
    answer: Response,
    text: String,
}

impl Stream {
    pub fn of(answer: Response) -> Self {
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { answer, text: String::new() }
    }

    /// The next message: its name and what it says; `None` where the stream ends.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n").map(|(b, r)| (b.to_owned(), r.to_owned())) {
                self.text = rest;
                let field = |name: &str| block.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim().to_owned());
                if let Some(data) = field("data:") {
                    return Some((field("event:").expect("a name"), serde_json::from_str(&data).expect("JSON")));
                }
            }
            let part = self.answer.chunk().await.expect("read")?;
            self.text.push_str(std::str::from_utf8(&part).expect("UTF-8"));
        }
    }

    /// Reads until a message fits.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&str, &Value) -> bool) -> Value {
        let read = async {
            loop {
                let (name, said) = self.next().await.unwrap_or_else(|| panic!("the stream ended before: {what}"));
                if fits(&name, &said) {
                    return said;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), read).await.unwrap_or_else(|_| panic!("did not come: {what}"))
    }

    /// Reads to the end; answers the last message's name.
    pub async fn last(&mut self) -> String {
        let read = async {
            let mut last = String::new();
            while let Some((name, _)) = self.next().await {
                last = name;
            }
            last
        };
        tokio::time::timeout(Duration::from_secs(20), read).await.expect("the stream ends")
    }
}
