use std::time::Duration;

use ferric::app::load::siprec::{CallPlan, LegPlan, Pump, SipFlow, SiprecCall, SiprecClient, Sound};
use ferric::model::role::Role;
use ferric::signalling::sip::{SipError, SipOptions, SipServer};

use crate::house::{Asked, server, until};

fn plan() -> CallPlan {
    CallPlan {
        project: "shop".to_owned(),
        legs: vec![
            LegPlan::pcmu("1", "Carla Customer", "sip:carla@example.com", Sound::tone(440, -6.0)),
            LegPlan::pcmu("2", "Albert Agent", "sip:albert@example.com", Sound::tone(880, -6.0)),
        ],
        fields: vec![("X-Ferric-Queue".to_owned(), "claims".to_owned()), ("Cisco-Guid".to_owned(), "77-88".to_owned())],
        ..CallPlan::default()
    }
}

async fn a_whole_call(flow: SipFlow) {
    let (server, house, address) = server().await;
    house.agents.lock().insert("sip:albert@example.com".to_owned(), "albert".to_owned());
    let client = SiprecClient::connect(address, flow).await.unwrap();
    let pump = Pump::start().unwrap();
    let call = SiprecCall::place(&client, &pump, plan()).await.unwrap();

    assert!(call.answer.field("Contact").unwrap().contains(";+sip.srs"), "{:?}", call.answer);
    assert!(call.answer.field("Supported").unwrap().contains("siprec"));
    let sdp = &call.answer.body;
    assert_eq!(sdp.matches("a=recvonly").count(), 2, "{sdp}");
    assert!(sdp.contains("a=label:1\r\n") && sdp.contains("a=label:2\r\n"), "{sdp}");

    until("both legs and their reports arrive", || call.legs().iter().all(|l| l.packets() > 20 && l.reports() > 0)).await;
    let (first, second) = (house.drain(0), house.drain(1));
    assert!(first.0 > 15 && first.1 > 0 && second.0 > 15 && second.1 > 0, "{first:?} {second:?}");

    let report = call.hang_up(&pump).await.unwrap();
    assert!(report.packets.iter().all(|n| *n > 20));
    until("the call is over", || server.live_calls() == 0 && house.ended() == 1).await;

    assert_eq!(house.joined(), [(Role::Customer, "Carla Customer".to_owned()), (Role::Agent, "Albert Agent".to_owned())]);
    assert_eq!(house.tracks(), [(Some("1".to_owned()), "Carla Customer".to_owned()), (Some("2".to_owned()), "Albert Agent".to_owned())]);
    let Asked::Open(metadata) = &house.log()[0] else { panic!("{:?}", house.log()) };
    assert_eq!((metadata["queue"].as_str(), metadata["call_id"].as_str()), ("claims", "77-88"));
    assert_eq!(metadata["sip_call_id"], report.call_id);
}

#[tokio::test]
async fn over_udp() {
    a_whole_call(SipFlow::Udp).await;
}

#[tokio::test]
async fn over_tcp() {
    a_whole_call(SipFlow::Tcp).await;
}

#[tokio::test]
async fn where_no_agent_is_known_the_projects_caller_role_decides() {
    for (caller, roles) in [(Role::Customer, [Role::Customer, Role::Agent]), (Role::Agent, [Role::Agent, Role::Customer])] {
        let (_server, house, address) = server().await;
        *house.caller.lock() = Some(caller);
        let client = SiprecClient::connect(address, SipFlow::Udp).await.unwrap();
        let pump = Pump::start().unwrap();
        let mut plan = plan();
        plan.legs.push(LegPlan::pcmu("3", "Theo Third", "sip:theo@example.com", Sound::silence()));
        let call = SiprecCall::place(&client, &pump, plan).await.unwrap();
        call.hang_up(&pump).await.unwrap();
        let joined: Vec<Role> = house.joined().into_iter().map(|(role, _)| role).collect();
        assert_eq!(joined, [roles[0], roles[1], Role::ThirdParty]);
    }
}

#[tokio::test]
async fn many_calls_at_once_from_one_flow_are_many_sessions() {
    let (server, house, address) = server().await;
    let client = SiprecClient::connect(address, SipFlow::Udp).await.unwrap();
    let pump = Pump::start().unwrap();
    let calls = futures::future::join_all((0..40).map(|_| SiprecCall::place(&client, &pump, plan()))).await;
    let calls: Vec<SiprecCall> = calls.into_iter().map(Result::unwrap).collect();
    assert_eq!((house.sessions(), server.live_calls()), (40, 40));
    futures::future::join_all(calls.into_iter().map(|call| call.hang_up(&pump))).await.into_iter().for_each(|r| drop(r.unwrap()));
    until("all are over", || server.live_calls() == 0 && house.ended() == 40).await;
}

#[tokio::test]
async fn a_port_in_use_is_said_plainly() {
    let (running, house, address) = server().await;
    let Err(error) = SipServer::start(SipOptions::new(address), house).await else { panic!("two servers on one port") };
    assert!(matches!(error, SipError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    running.shutdown(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_node_that_stops_says_bye_and_takes_no_more_calls() {
    let (server, house, address) = server().await;
    let client = SiprecClient::connect(address, SipFlow::Tcp).await.unwrap();
    let pump = Pump::start().unwrap();
    let mut call = SiprecCall::place(&client, &pump, plan()).await.unwrap();
    server.drain();
    let refused = SiprecCall::place(&client, &pump, plan()).await.err().unwrap();
    assert!(refused.to_string().contains("503"), "{refused}");
    let ((), ()) = tokio::join!(server.shutdown(Duration::from_secs(5)), call.wait_for_end());
    assert_eq!((server.live_calls(), house.ended(), call.ended_by_node()), (0, 1, true));
}
