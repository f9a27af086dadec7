//! Rule 2: only what runs records, and only those who are in.

use super::{Question, open_if};
use crate::model::gate::Gate;

pub(in crate::policy) fn gate(q: Question<'_>) -> Gate {
    open_if(!q.view.situation.ended && q.output.is_running() && q.party.is_present())
}
