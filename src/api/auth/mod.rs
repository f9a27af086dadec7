//! Who is asking. Nothing but the probes, the sign-in page and pages without data answers before this room has an answer.

mod browser;
mod caller;
mod gate;
mod grants;
mod member;
mod origin;

pub use browser::{BrowserSessions, COOKIE_NAME, SESSION_LIFE, random_text};
pub use caller::{Caller, Operator};
pub use gate::{ask_who, bearer, cookie, is_signed_in, session_cookie};
pub use grants::{GRANT_LIFE, Grant, Grants};
pub use member::{Member, WORKSPACE};
pub use origin::same_origin;
