//! Rule 8: censoring masks everybody on every output.

use super::Question;
use crate::model::gate::Gate;

pub(in crate::policy) fn gate(q: Question<'_>) -> Gate {
    if q.view.situation.censor_on { Gate::Masked } else { Gate::Open }
}
