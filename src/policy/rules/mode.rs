//! Rule 6: the record mode.

use super::{Question, open_if};
use crate::model::gate::Gate;
use crate::model::role::Role;
use crate::model::settings::RecordMode;
use crate::policy::situation::Situation;

pub(in crate::policy) fn gate(q: Question<'_>) -> Gate {
    match q.party.role {
        Role::Agent => open_if(row(q.view.situation) != RecordMode::None),
        Role::Customer => open_if(records_customer(q.view.situation)),
        // The record mode says nothing about third parties (recording-policy.md §9.33).
        Role::ThirdParty => Gate::Open,
    }
}

/// The row of the table that holds: forcing stands in for it as if it were `both`.
fn row(situation: &Situation) -> RecordMode {
    if situation.forced { RecordMode::Both } else { situation.settings.record_mode }
}

/// On a receipt, and on main: a receipt that runs opens the customer on both alike (§3.6).
fn records_customer(situation: &Situation) -> bool {
    let receipt_runs = situation.receipt.is_some();
    match row(situation) {
        RecordMode::Both => true,
        RecordMode::AgentOnlyAllow => situation.customer_on,
        RecordMode::AgentOnlyForbid | RecordMode::None => false,
        RecordMode::ReceiptsAllow => receipt_runs || situation.customer_on,
        RecordMode::ReceiptsForbid => receipt_runs,
    }
}

/// Whether the mode has a customer switch at all (§9.13). Forcing changes nothing about that.
pub(in crate::policy) fn has_customer_switch(mode: RecordMode) -> bool {
    match mode {
        RecordMode::AgentOnlyAllow | RecordMode::ReceiptsAllow => true,
        RecordMode::Both | RecordMode::AgentOnlyForbid | RecordMode::ReceiptsForbid | RecordMode::None => false,
    }
}
