//! Who is asking. Nothing but the probes, the sign-in page and pages without data answers before this room has an answer.

mod browser;
mod caller;
mod gate;
mod origin;

pub use browser::{BrowserSessions, COOKIE_NAME, SESSION_LIFE};
pub use caller::{Caller, Operator};
pub use gate::{ask_who, session_cookie};
pub use origin::same_origin;
