//! Names of WHIP resources: they say themselves whose they are, so nothing has to be remembered of them.

use ring::hmac;

use crate::model::id::{ParticipantId, SessionId};
use crate::model::switchboard::PeerId;

/// Makes and reads the last part of a resource's URL and its entity tag. Dies with the router: a peer connection does not outlive the node either.
pub(super) struct ResourceNames {
    key: hmac::Key,
}

impl ResourceNames {
    pub(super) fn new() -> Self {
        let secret: [u8; 32] = rand::random();
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &secret) }
    }

    fn seal(&self, parts: &[&str]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        hex::encode(&context.sign().as_ref()[..12])
    }

    /// The last part of the URL of a participant's peer connection.
    pub(super) fn name(&self, session: &SessionId, participant: &ParticipantId, peer: &PeerId) -> String {
        format!("{}.{}", peer.0, self.seal(&["resource", session.as_str(), participant.as_str(), &peer.0]))
    }

    /// The peer connection of that name, if it is this participant's.
    pub(super) fn peer(&self, session: &SessionId, participant: &ParticipantId, name: &str) -> Option<PeerId> {
        let peer = PeerId(name.split_once('.')?.0.to_owned());
        (self.name(session, participant, &peer) == name).then_some(peer)
    }

    /// The entity tag (RFC 9725 §4.3.1): one for each ICE session, that is, for each `ice-ufrag` of the peer.
    pub(super) fn etag(&self, peer: &PeerId, ufrag: &str) -> String {
        format!("\"{}-{}\"", self.seal(&["etag", &peer.0]), self.seal(&["ufrag", &peer.0, ufrag]))
    }

    /// Whether an entity tag is this resource's at all, whatever its ICE session.
    pub(super) fn is_of(&self, peer: &PeerId, etag: &str) -> bool {
        let begin = format!("\"{}-", self.seal(&["etag", &peer.0]));
        etag.starts_with(&begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_opens_only_its_own_participants_resource() {
        let names = ResourceNames::new();
        let (session, peer): (SessionId, _) = ("s".parse().unwrap(), PeerId("p1".to_owned()));
        let (ann, bob) = ("ann".parse().unwrap(), "bob".parse().unwrap());
        let name = names.name(&session, &ann, &peer);
        assert_eq!(names.peer(&session, &ann, &name), Some(peer.clone()));
        assert_eq!(names.peer(&session, &bob, &name), None);
        assert_eq!(names.peer(&session, &ann, "p2.0000"), None);
        assert_eq!(names.peer(&session, &ann, "p1"), None);
        assert_eq!(ResourceNames::new().peer(&session, &ann, &name), None);
        assert!(names.is_of(&peer, &names.etag(&peer, "uf")));
        assert!(!names.is_of(&PeerId("p2".to_owned()), &names.etag(&peer, "uf")));
        assert_ne!(names.etag(&peer, "a"), names.etag(&peer, "b"));
    }
}
