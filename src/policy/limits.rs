//! The longest and the shortest main (recording-policy.md §9.20). Both count main's own timeline; receipts have neither.

use super::action::Action;
use super::ending;
use super::instant::{Instant, Length};
use super::output::Output;
use super::situation::Situation;
use crate::model::gate::EndedBy;
use crate::model::settings::Settings;

/// When main will have reached `max_duration_s`, if nothing else happens before.
pub(super) fn due(situation: &Situation) -> Option<Instant> {
    let longest = Length::from_s(situation.settings.max_duration_s?);
    situation.outputs[situation.main?.output].reaches(longest)
}

/// Ends main if it is due by `now`.
pub(super) fn enforce(situation: &mut Situation, now: Instant, actions: &mut Vec<Action>) {
    if due(situation).is_some_and(|due| due <= now) {
        ending::end_main(situation, EndedBy::MaxDuration, now, actions);
    }
}

/// Whether a finished output is a main below `min_duration_s`; exactly as long is kept.
pub(super) fn is_too_short(settings: &Settings, output: &Output) -> bool {
    output.is_main() && output.ran() < Length::from_s(settings.min_duration_s)
}
