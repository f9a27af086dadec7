//! The lane as SVG: shares of the width as attributes, so that it needs neither script nor inline style.

use askama::Template;

use super::lane::{CutMark, GapMark, Lane, Piece, Row};
use super::words::{Words, length};
use crate::model::event::GapCause;
use crate::model::role::Role;
use crate::model::settings::Kind;

#[derive(Template)]
#[template(path = "parts/lane.html")]
struct LaneHtml<'a> {
    w: Words,
    lane: &'a Lane,
}

/// The lane's HTML.
pub fn lane_html(w: Words, lane: &Lane) -> String {
    if lane.rows.is_empty() {
        return String::new();
    }
    LaneHtml { w, lane }.render().unwrap_or_default()
}

impl LaneHtml<'_> {
    fn row_name(&self, row: &Row) -> String {
        row.name.clone().unwrap_or_else(|| self.role(row))
    }

    fn role(&self, row: &Row) -> String {
        role_word(self.w, if self.lane.room { Kind::Room } else { Kind::Call }, row.role)
    }

    fn piece_said(&self, piece: &Piece) -> String {
        let kind = if piece.is_open() { "lane-open" } else { "lane-masked" };
        if piece.running {
            self.w.t1(&format!("{kind}-now"), "from", length(piece.from_ms))
        } else {
            self.w.t2(kind, ("from", &length(piece.from_ms)), ("to", &length(piece.to_ms)))
        }
    }

    fn row_said(&self, row: &Row) -> String {
        let said: Vec<String> = row.spans.iter().map(|p| self.piece_said(p)).collect();
        let what = if said.is_empty() { self.w.t("lane-nothing") } else { said.join(", ") };
        self.w.t2("lane-row", ("who", &self.row_name(row)), ("what", &what))
    }

    fn gap_said(&self, gap: &GapMark) -> String {
        self.w.t3("lane-gap", ("from", &length(gap.from_ms)), ("to", &length(gap.to_ms)), ("cause", &cause(self.w, gap.cause)))
    }

    fn cut_said(&self, cut: &CutMark) -> String {
        match cut.skipped_ms {
            Some(ms) => self.w.t1("lane-cut", "length", length(ms)),
            None => self.w.t("lane-cut-live"),
        }
    }
}

/// A role in words: in a room an agent is the host and a customer a guest.
pub fn role_word(w: Words, kind: Kind, role: Role) -> String {
    w.of(
        "role",
        match (kind, role) {
            (Kind::Room, Role::Agent) => "host",
            (Kind::Room, Role::Customer) => "guest",
            (_, role) => role.as_str(),
        },
    )
}

/// A gap's cause in words.
pub fn cause(w: Words, cause: GapCause) -> String {
    w.of(
        "gap",
        match cause {
            GapCause::Hold => "hold",
            GapCause::Mute => "mute",
            GapCause::Network => "network",
            GapCause::Restart => "restart",
            GapCause::NoMedia => "no_media",
        },
    )
}
