//! Who is asking. Nothing but the probes, the sign-in page and pages without data answers before this room has an answer.

mod account;
mod browser;
mod caller;
mod chats;
mod gate;
mod grants;
mod member;
mod oidc;
mod origin;
mod password;
mod plays;
mod tries;

pub use account::{Account, Ticket, still_signed_in};
pub use browser::{BrowserSessions, COOKIE_NAME, SESSION_LIFE, random_text};
pub use caller::{Caller, Operator, SignedIn};
pub use gate::{ask_who, bearer, cookie, is_signed_in, session_cookie};
pub use grants::{GRANT_LIFE, Grant, Grants};
pub use member::{Member, WORKSPACE};
pub use oidc::{Claims, Oidc, OidcError, OidcSettings};
pub use origin::same_origin;
pub use password::{NotSignedIn, Peer, check_own_password, check_password, hash_password, note_sign_in};
pub use plays::{IDLE as PLAY_IDLE, Plays};
pub use tries::{Tries, WINDOW as TRIES_WINDOW};
