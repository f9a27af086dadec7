//! Voice receipts (recording-policy.md §5, §9.34, 35).

use super::action::Action;
use super::discard;
use super::instant::Instant;
use super::output::Output;
use super::situation::Situation;
use crate::model::gate::DiscardReason;
use crate::model::id::OutputKey;

fn order_of(output: &Output) -> Option<&str> {
    match &output.key {
        OutputKey::Main(_) => None,
        OutputKey::Receipt { order, .. } => Some(order),
    }
}

/// The order of the receipt that runs.
pub(super) fn running_order(situation: &Situation) -> Option<&str> {
    situation.receipt.and_then(|place| order_of(&situation.outputs[place]))
}

/// Starts a receipt, numbered within its order whether or not earlier ones were kept.
pub(super) fn start(situation: &mut Situation, order: String, now: Instant, actions: &mut Vec<Action>) {
    let earlier = situation.outputs.iter().filter(|output| order_of(output) == Some(&order)).count();
    let number = u32::try_from(earlier).unwrap_or(u32::MAX).saturating_add(1);
    let key = OutputKey::Receipt { order, number };
    actions.push(Action::OutputStarted { output: key.clone() });
    situation.receipt = Some(situation.outputs.len());
    situation.outputs.push(Output::starting(key, now));
}

/// A receipt is complete: where an order keeps one receipt, the earlier ones that hold something give way, but only to one that holds
/// something itself.
pub(super) fn replace_earlier(situation: &mut Situation, complete: usize, actions: &mut Vec<Action>) {
    if situation.settings.multiple_receipts_per_order || !situation.outputs[complete].holds_something() {
        return;
    }
    for place in 0..complete {
        let earlier = &situation.outputs[place];
        if earlier.holds_something() && !earlier.is_main() && order_of(earlier) == order_of(&situation.outputs[complete]) {
            discard::discard(situation, place, DiscardReason::Replaced, actions);
        }
    }
}
