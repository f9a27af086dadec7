//! C5: terms of use, then the list; media only to the web session, only in pieces.

use reqwest::Method;
use serde_json::json;

use crate::sharing::{Sharing, players, to_bob};

#[tokio::test]
async fn terms_come_first_in_the_language_of_the_page_and_in_english_where_there_are_none() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let settings = json!({ "terms": { "en": "Be kind.", "no": "Vær <snill>." }, "footer": ["Acme & Co", "help@acme.example"] });
    assert_eq!(sharing.node.send(Method::PUT, "/v1/shares/configuration", settings).await.0, 200);
    let (_, bob) = sharing.with_bob(&[&id]).await;
    let code = bob.code().await;
    assert_eq!(bob.enter(&code).await, 303);
    let text = async |rest: &str| bob.get(rest).await.text().await.unwrap();
    let norwegian = text("?l=no").await;
    assert!(
        norwegian.contains("Vær &#60;snill&#62;.") && norwegian.contains("Jeg godtar") && norwegian.contains("<html lang=\"nb\""),
        "{norwegian}"
    );
    let finnish = text("?l=fi").await;
    assert!(finnish.contains("Be kind.") && finnish.contains("Hyväksyn") && finnish.contains("lang=\"en\""), "{finnish}");
    assert!(finnish.contains("Acme &#38; Co") && !finnish.contains("/media/"));
    assert_eq!(bob.form("/terms", &[("l", "no")]).await.status(), 303);
    let accepted = &sharing.audit("action=sign_in").await[0]["detail"];
    assert_eq!((&accepted["accepted"], &accepted["language"]), (&json!("terms"), &json!("no")));
    assert_eq!(players(&text("?l=no").await).len(), 1);
}

#[tokio::test]
async fn one_stands_open_and_several_stand_collapsed_with_what_the_sender_ticked() {
    let sharing = Sharing::new().await;
    let (one, two) = (sharing.recording().await, sharing.recording().await);
    let (_, bob) = sharing.with_bob(&[&one]).await;
    let page = bob.come_in().await;
    assert!(page.contains("<details") && page.matches(" open>").count() == 1, "{page}");
    assert!(!page.contains("Complaints") && !page.contains("+4721492979") && !page.contains("+4798765432"), "nothing was ticked");
    let mut body = to_bob(&[&two]);
    body["show_queue_name"] = json!(true);
    body["show_access_number"] = json!(true);
    sharing.share(body).await;
    let page = bob.page().await;
    assert_eq!((page.matches("<details").count(), page.matches(" open>").count()), (2, 0));
    assert_eq!((page.matches("Complaints").count(), page.matches("+4721492979").count()), (1, 1), "of the second alone");
    assert!(!page.contains("+4798765432") && !page.contains("download="));
}

#[tokio::test]
async fn media_come_only_in_pieces_to_that_web_session() {
    let sharing = Sharing::new().await;
    let bytes: Vec<u8> = (0..(3 << 20) + 77).map(|n| (n % 253) as u8).collect();
    let (long, short) = (sharing.recording_of(&bytes).await, sharing.recording_of(&bytes[..9_000]).await);
    sharing.put(&long, "poster.jpg", b"picture").await;
    let (_, bob) = sharing.with_bob(&[&long, &short]).await;
    let sources = players(&bob.come_in().await);
    for (src, whole, most) in [(&sources[0], &bytes[..], 1 << 20), (&sources[1], &bytes[..9_000], 3_000)] {
        let (mut got, mut pieces) = (Vec::new(), 0);
        while got.len() < whole.len() {
            let piece = bob.piece(src, &format!("bytes={}-", got.len())).await;
            assert_eq!((piece.status().as_u16(), piece.headers()["cache-control"].to_str().unwrap()), (206, "no-store"));
            let said = piece.headers()["content-range"].to_str().unwrap().to_owned();
            let body = piece.bytes().await.unwrap();
            assert!(body.len() <= most, "{}", body.len());
            assert_eq!(said, format!("bytes {}-{}/{}", got.len(), got.len() + body.len() - 1, whole.len()));
            got.extend_from_slice(&body);
            pieces += 1;
        }
        assert!(got == whole && pieces >= 3);
        for range in ["", "bytes=0-9,20-29", "bytes=99999999-", "pages=1-"] {
            assert_eq!(bob.piece(src, range).await.status(), 416, "{range}");
        }
        // A window, a frame, another browser, a forged cookie.
        for to in ["document", "iframe", "object"] {
            let request = sharing.node.bare(Method::GET, src).header("cookie", bob.cookie.borrow().clone()).header("sec-fetch-dest", to);
            assert_eq!(request.header("range", "bytes=0-9").send().await.unwrap().status(), 404);
        }
        for cookie in [String::new(), "ferric_share=".into(), format!("ferric_share=e{}", "0".repeat(64))] {
            let request = sharing.node.bare(Method::GET, src).header("cookie", cookie).header("range", "bytes=0-9");
            assert_eq!(request.send().await.unwrap().status(), 404);
        }
    }
    let poster = bob.piece(&sources[0].replace("recording.mp4", "poster.jpg"), "").await;
    assert_eq!((poster.status().as_u16(), poster.headers()["content-type"].to_str().unwrap()), (200, "image/jpeg"));
    for name in ["manifest.json", "chat.json", "hls/index.m3u8", "..%2frecording.mp4", ""] {
        let status = bob.piece(&sources[0].replace("recording.mp4", name), "bytes=0-9").await.status().as_u16();
        assert!(matches!(status, 401 | 404), "{name}: {status}");
    }
    // What guards every answer.
    let page = bob.get("").await;
    let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("referrer-policy"), header("x-frame-options")), ("no-referrer".into(), "DENY".into()));
    assert!(header("x-robots-tag").contains("noindex") && header("content-security-policy").contains("default-src 'none'"));
    // It is the web session that opens them, not the link of a member's own routes.
    let url = format!("/v1/recordings/{long}/files/recording.mp4");
    assert_eq!(bob.piece(&url, "bytes=0-9").await.status(), 401);
}
