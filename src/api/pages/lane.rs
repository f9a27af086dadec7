//! The spans lane: one row a party, time to the right. The one picture of who was recorded when, live and afterwards.

use std::borrow::Borrow;

use crate::archive::EventRow;
use crate::model::event::GapCause;
use crate::model::gate::Gate;
use crate::model::id::ParticipantId;
use crate::model::manifest::Manifest;
use crate::model::role::Role;
use crate::model::settings::Kind;
use crate::session::SessionView;

/// A lane over some stretch of time, from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// Its whole length in milliseconds, at least 1.
    pub total_ms: u64,
    /// Of a room: its parties are hosts and guests.
    pub room: bool,
    /// The end is now and moves.
    pub live: bool,
    /// One a party.
    pub rows: Vec<Row>,
    /// Where the timeline was cut.
    pub cuts: Vec<CutMark>,
}

/// A party's row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name, if it is known.
    pub name: Option<String>,
    /// Its role: the colour.
    pub role: Role,
    /// Live: still in.
    pub present: bool,
    /// While it was in.
    pub presence: Vec<Piece>,
    /// While it was recorded or masked.
    pub spans: Vec<Piece>,
    /// While nothing came of it.
    pub gaps: Vec<GapMark>,
}

/// A stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// First millisecond.
    pub from_ms: u64,
    /// The one after the last.
    pub to_ms: u64,
    /// `Open`, `Masked`, or `Closed` for mere presence.
    pub gate: Gate,
    /// Its end is now.
    pub running: bool,
}

impl Piece {
    /// Media was written then; otherwise masked.
    pub fn is_open(&self) -> bool {
        self.gate == Gate::Open
    }
}

/// A pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutMark {
    /// Where.
    pub at_ms: u64,
    /// How long it was; unknown while it lasts.
    pub skipped_ms: Option<u64>,
}

/// A gap with its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GapMark {
    /// First millisecond.
    pub from_ms: u64,
    /// The one after the last.
    pub to_ms: u64,
    /// Why.
    pub cause: GapCause,
}

impl Lane {
    /// Of a live session, from its events so far (in order) and what it looks like now. `now_ms` is session time.
    pub fn of_live(view: &SessionView, events: &[EventRow], now_ms: u64) -> Self {
        let mut lane = Self { total_ms: now_ms.max(1), room: view.settings.kind == Kind::Room, live: true, ..Self::default() };
        for participant in &view.participants {
            let id = &participant.party.id;
            let mut row = Row {
                name: participant.party.name.as_ref().map(|n| n.reveal().to_owned()),
                role: participant.party.role,
                present: participant.present,
                presence: Vec::new(),
                spans: Vec::new(),
                gaps: Vec::new(),
            };
            follow(&mut row, id, events, view.started_at.as_unix_ms(), now_ms);
            lane.rows.push(row);
        }
        lane.rows.sort_by_key(|row| row.role);
        let since = |event: &EventRow| elapsed(event, view.started_at.as_unix_ms(), now_ms);
        for event in events.iter().filter(|e| names_main(e)) {
            match event.kind.as_str() {
                "recording.paused" => lane.cuts.push(CutMark { at_ms: since(event), skipped_ms: None }),
                "recording.resumed" => {
                    if let Some(cut) = lane.cuts.last_mut().filter(|c| c.skipped_ms.is_none()) {
                        cut.skipped_ms = Some(since(event).saturating_sub(cut.at_ms));
                    }
                }
                _ => {}
            }
        }
        lane
    }

    /// Of a finished recording, on the recording's own timeline.
    pub fn of_manifest(manifest: &Manifest, kind: Kind) -> Self {
        let mut rows: Vec<Row> = manifest
            .parties
            .iter()
            .map(|party| {
                let spans = manifest.spans.get(&party.id).map(Vec::as_slice).unwrap_or_default();
                Row {
                    name: party.name.as_ref().map(|n| n.reveal().to_owned()),
                    role: party.role,
                    present: false,
                    presence: Vec::new(),
                    spans: spans
                        .iter()
                        .map(|s| Piece {
                            from_ms: in_recording(manifest, s.from_ms),
                            to_ms: in_recording(manifest, s.to_ms),
                            gate: s.gate,
                            running: false,
                        })
                        .filter(|p| p.to_ms > p.from_ms)
                        .collect(),
                    gaps: manifest
                        .gaps
                        .iter()
                        .filter(|g| g.participant == party.id)
                        .map(|g| GapMark { from_ms: g.from_ms, to_ms: g.to_ms, cause: g.cause })
                        .collect(),
                }
            })
            .collect();
        rows.sort_by_key(|row| row.role);
        let cuts = manifest.cuts.iter().map(|c| CutMark { at_ms: c.at_ms, skipped_ms: Some(c.skipped_ms) }).collect();
        Self { total_ms: manifest.duration_ms.max(1), room: kind == Kind::Room, live: false, rows, cuts }
    }

    /// A time as a share of the lane: `12.345%`.
    pub fn x(&self, ms: impl Borrow<u64>) -> String {
        format!("{:.3}%", (*ms.borrow()).min(self.total_ms) as f64 * 100.0 / self.total_ms as f64)
    }

    /// A stretch as a share of the lane.
    pub fn width(&self, from_ms: impl Borrow<u64>, to_ms: impl Borrow<u64>) -> String {
        self.x((*to_ms.borrow()).min(self.total_ms).saturating_sub(*from_ms.borrow()))
    }
}

/// Session time of an instant as the recording's time: skipped pauses have no length there.
fn in_recording(manifest: &Manifest, session_ms: u64) -> u64 {
    let since_start = session_ms.saturating_sub(manifest.session_offset_ms);
    let mut skipped = 0;
    for cut in &manifest.cuts {
        let pause_from = cut.at_ms + skipped;
        if since_start <= pause_from {
            break;
        }
        if since_start < pause_from + cut.skipped_ms {
            return cut.at_ms;
        }
        skipped += cut.skipped_ms;
    }
    (since_start - skipped).min(manifest.duration_ms)
}

fn elapsed(event: &EventRow, started_unix_ms: i64, now_ms: u64) -> u64 {
    u64::try_from(event.at.as_unix_ms() - started_unix_ms).unwrap_or(0).min(now_ms)
}

fn names_main(event: &EventRow) -> bool {
    event.data.get("output").and_then(|o| o.as_str()).is_some_and(|o| o.starts_with("main"))
}

/// Fills a row from the events: the most open gate over all outputs counts, as it does for the permit.
fn follow(row: &mut Row, id: &ParticipantId, events: &[EventRow], started_unix_ms: i64, now_ms: u64) {
    let mut gates: Vec<(String, Gate)> = Vec::new();
    let mut running: Option<(u64, Gate)> = None;
    let mut came: Option<u64> = None;
    for event in events {
        let at = elapsed(event, started_unix_ms, now_ms);
        let own = event.data.get("participant").and_then(|p| p.as_str()) == Some(id.as_str());
        match event.kind.as_str() {
            "participant.joined" if own => came = came.or(Some(at)),
            "participant.left" if own => {
                if let Some(from) = came.take() {
                    row.presence.push(Piece { from_ms: from, to_ms: at, gate: Gate::Closed, running: false });
                }
            }
            "participant.erased" if own => {
                row.spans.clear();
                running = None;
                gates.clear();
            }
            "gate" if own => {
                let Some(output) = event.data.get("output").and_then(|o| o.as_str()) else { continue };
                let Some(gate) = event.data.get("gate").and_then(|g| serde_json::from_value(g.clone()).ok()) else { continue };
                gates.retain(|(o, _)| o != output);
                gates.push((output.to_owned(), gate));
                change(row, &mut running, &gates, at);
            }
            "recording.ended" => {
                let output = event.data.get("output").and_then(|o| o.as_str()).unwrap_or_default();
                gates.retain(|(o, _)| o != output);
                change(row, &mut running, &gates, at);
            }
            _ => {}
        }
    }
    if let Some(from) = came {
        row.presence.push(Piece { from_ms: from, to_ms: now_ms, gate: Gate::Closed, running: true });
    }
    if let Some((from, gate)) = running {
        row.spans.push(Piece { from_ms: from, to_ms: now_ms, gate, running: true });
    }
}

fn change(row: &mut Row, running: &mut Option<(u64, Gate)>, gates: &[(String, Gate)], at: u64) {
    let now = gates.iter().map(|(_, g)| *g).max().filter(|g| *g != Gate::Closed);
    if running.map(|(_, g)| g) == now {
        return;
    }
    if let Some((from, gate)) = running.take()
        && at > from
    {
        row.spans.push(Piece { from_ms: from, to_ms: at, gate, running: false });
    }
    *running = now.map(|gate| (at, gate));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::WallClock;
    use serde_json::{Value, json};

    fn event(at_ms: i64, kind: &str, data: Value) -> EventRow {
        EventRow { seq: at_ms, at: WallClock::from_unix_ms(1_000_000 + at_ms), session: None, kind: kind.into(), data }
    }

    fn row_of(events: &[EventRow], now_ms: u64) -> Row {
        let mut row = Row { name: None, role: Role::Customer, present: true, presence: vec![], spans: vec![], gaps: vec![] };
        follow(&mut row, &"c1".parse().expect("id"), events, 1_000_000, now_ms);
        row
    }

    #[test]
    fn a_row_follows_the_gates_of_its_own_party() {
        let row = row_of(
            &[
                event(0, "participant.joined", json!({ "participant": "c1" })),
                event(1_000, "gate", json!({ "output": "main", "participant": "c1", "gate": "open" })),
                event(1_000, "gate", json!({ "output": "main", "participant": "a1", "gate": "open" })),
                event(4_000, "gate", json!({ "output": "main", "participant": "c1", "gate": "masked" })),
                event(6_000, "gate", json!({ "output": "main", "participant": "c1", "gate": "closed" })),
                event(8_000, "gate", json!({ "output": "main", "participant": "c1", "gate": "open" })),
            ],
            10_000,
        );
        let spans: Vec<_> = row.spans.iter().map(|p| (p.from_ms, p.to_ms, p.gate, p.running)).collect();
        assert_eq!(spans, [(1_000, 4_000, Gate::Open, false), (4_000, 6_000, Gate::Masked, false), (8_000, 10_000, Gate::Open, true)]);
        assert_eq!(row.presence.len(), 1);
    }

    #[test]
    fn who_is_open_on_a_receipt_is_recorded_while_main_is_closed() {
        let row = row_of(
            &[
                event(0, "gate", json!({ "output": "main", "participant": "c1", "gate": "closed" })),
                event(2_000, "gate", json!({ "output": "receipt:O:1", "participant": "c1", "gate": "open" })),
                event(5_000, "recording.ended", json!({ "output": "receipt:O:1" })),
            ],
            10_000,
        );
        assert_eq!(row.spans, [Piece { from_ms: 2_000, to_ms: 5_000, gate: Gate::Open, running: false }]);
    }

    #[test]
    fn what_was_erased_is_gone_from_the_lane() {
        let row = row_of(
            &[
                event(0, "gate", json!({ "output": "main", "participant": "c1", "gate": "open" })),
                event(5_000, "participant.erased", json!({ "participant": "c1" })),
            ],
            10_000,
        );
        assert_eq!(row.spans, []);
    }
}
