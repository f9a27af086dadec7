//! Rule 7: a pause of main. A receipt runs on during it.

use super::Question;
use crate::model::gate::Gate;
use crate::model::settings::PauseBehavior;

pub(in crate::policy) fn gate(q: Question<'_>) -> Gate {
    if !q.output.is_main() || !q.view.situation.is_paused() {
        return Gate::Open;
    }
    match q.view.situation.settings.pause_behavior {
        PauseBehavior::Skip => Gate::Closed,
        PauseBehavior::Silence => Gate::Masked,
    }
}

/// Whether a pause stops main's timeline.
pub(in crate::policy) fn cuts(behavior: PauseBehavior) -> bool {
    match behavior {
        PauseBehavior::Skip => true,
        PauseBehavior::Silence => false,
    }
}
