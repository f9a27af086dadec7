//! A sender mixes two voices into one stream, which stands under one party's name. The other party declines: the stream is closed and erased.

use ferric::app::config::Config;
use ferric::app::node::Node;
use ferric::model::command::Verb;
use ferric::model::gate::Gate;
use ferric::model::role::Role;
use ferric::model::settings::Kind;
use ferric::model::switchboard::{CommandRequest, JoinRequest, OpenSession, Switchboard as _};

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_closes_the_stream_that_carries_that_voice() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.data.dir = folder.path().join("data");
    config.http.listen = "127.0.0.1:0".into();
    config.sip.listen = "127.0.0.1:0".into();
    let node = Node::start(config).await.unwrap();
    let open = OpenSession { project: "default".parse().unwrap(), kind: Kind::Call, external_id: None, metadata: [].into() };
    let session = node.registry.open(open).await.unwrap();
    let join = |role| JoinRequest { role: Some(role), ..JoinRequest::default() };
    let customer = node.registry.join(&session, join(Role::Customer)).await.unwrap();
    let agent = node.registry.join(&session, join(Role::Agent)).await.unwrap();
    node.registry.shares_voice(&session, &customer).await;
    let gate_of = |who: &_| node.registry.view(&session).unwrap().gates.iter().find(|g| g.participant == *who).map(|g| g.gate);
    assert_eq!(gate_of(&customer), Some(Gate::Open));

    let decline = CommandRequest::of(agent.clone(), Verb::ConsentDecline);
    node.registry.command(&session, decline).await.unwrap();
    assert_eq!(gate_of(&agent), Some(Gate::Closed));
    assert_eq!(gate_of(&customer), Some(Gate::Closed), "the agent's voice is in this stream too");
    let grant = CommandRequest::of(customer.clone(), Verb::ConsentGrant);
    assert!(node.registry.command(&session, grant).await.is_err(), "a decline is final");
}
