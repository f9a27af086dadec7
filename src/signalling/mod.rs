//! Signalling: how a peer comes in. Each protocol is turned into the same few calls of [`crate::model::switchboard`].

pub mod whip;
