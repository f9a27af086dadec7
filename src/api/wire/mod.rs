//! What goes over the wire: the only place where answers get their shape.

mod controls;
mod event;
mod invitation;
mod recording;
mod session;
mod watch;
mod webhook;

pub use controls::ControlsJson;
pub use event::EventJson;
pub use invitation::{InvitationJson, whip_url};
pub use recording::{RecordingJson, RecordingPageJson};
pub use session::{CommandAnswer, SessionJson, SessionListJson, YouJson};
pub use watch::{DeskJson, GrantJson, LiveStateJson, OverJson, WatchedJson};
pub use webhook::{DeliveryJson, DeliveryPageJson, WebhookJson, WebhookListJson};
