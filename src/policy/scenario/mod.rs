//! `ferric simulate`: one scenario through the very machine that runs in a live session (recording-policy.md §8, §9).
//!
//! A scenario is read whole (`json`, `read`), run event by event (`run`), and answered (`answer`). Nothing of it touches media or the clock.

mod answer;
mod json;
mod read;
mod run;

/// A scenario that says nothing clear: where, and what is wrong there. Shown as one line, as
/// ``events[3].join.role: unknown variant `boss`, expected one of …``.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Malformed {
    place: String,
    problem: String,
}

impl Malformed {
    fn at(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }

    /// The field, as `events[3].join.role`, or `line 3 column 7` where the text is not JSON.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

/// Runs a scenario (JSON, recording-policy.md §8) and gives the answer: indented JSON, keys in the order of the specification's example,
/// participants in the order in which the scenario first names them, no newline at the end.
///
/// # Errors
/// [`Malformed`] for anything that §9.2 lists; nothing is run then.
pub fn simulate(text: &str) -> Result<String, Malformed> {
    let scenario = read::scenario(&json::parse(text)?)?;
    let answer = run::run(scenario);
    serde_json::to_string_pretty(&answer).map_err(|e| Malformed::at("answer", e.to_string()))
}
