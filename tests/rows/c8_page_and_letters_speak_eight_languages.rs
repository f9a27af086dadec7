//! C8: eight languages for page and letters; a sender chooses among those with terms of use. What the files say is held in `src/share/words.rs`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::sharing::{Sharing, code_in, link_in, to_bob};

const LANGUAGES: [(&str, &str, &str, &str); 8] = [
    ("en", "en", "Request one-time code", "Your one-time code is"),
    ("no", "nb", "Be om engangskode", "Engangskoden din er"),
    ("se", "sv", "Begär engångskod", "Din engångskod är"),
    ("dk", "da", "Bed om engangskode", "Din engangskode er"),
    ("fi", "fi", "Pyydä kertakäyttökoodi", "Kertakäyttökoodisi on"),
    ("lv", "lv", "Pieprasīt vienreizējo kodu", "Jūsu vienreizējais kods ir"),
    ("lt", "lt", "Prašyti vienkartinio kodo", "Jūsų vienkartinis kodas yra"),
    ("ee", "et", "Küsi ühekordne kood", "Sinu ühekordne kood on"),
];

#[tokio::test]
async fn page_letter_and_code_speak_the_language_that_was_chosen() {
    let sharing = Sharing::new().await;
    let id = sharing.recording().await;
    let mut body = to_bob(&[&id]);
    body["language"] = json!("fi");
    let (status, problem) = sharing.node.post("/v1/shares", body.clone()).await;
    assert!(status == 422 && problem["detail"].as_str().unwrap().starts_with("language: "), "{problem}");
    let terms: Value = LANGUAGES
        .iter()
        .map(|(code, ..)| ((*code).to_owned(), json!(format!("terms in {code}"))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let (status, shown) = sharing.node.send(Method::PUT, "/v1/shares/configuration", json!({ "terms": terms })).await;
    assert_eq!(status, 200, "{shown}");
    assert!(
        shown["languages"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["offered"] == true && one["body"].as_str().unwrap().contains("{{link}}"))
    );
    for (code, tag, button, letter_words) in LANGUAGES {
        body["language"] = json!(code);
        body["recipient"]["email"] = json!(format!("bob.{code}@example.com"));
        let (_, letter) = sharing.share(body.clone()).await;
        let own = shown["languages"].as_array().unwrap().iter().find(|one| one["code"] == code).unwrap();
        let first = own["body"].as_str().unwrap().replace("{{recipient}}", "Bob Smith");
        assert!(letter.text().replace("\r\n", "\n").starts_with(first.split("{{link}}").next().unwrap()), "{code}: {}", letter.text());
        let bob = sharing.recipient(&letter);
        assert_eq!(bob.path, link_in(&letter, &sharing.node.http));
        let page = bob.page().await;
        assert!(page.contains(&format!("<html lang=\"{tag}\"")) && page.contains(button), "{code}: {page}");
        // The reader may choose another one, and the code comes in that.
        let other = LANGUAGES[(LANGUAGES.iter().position(|one| one.0 == code).unwrap() + 1) % 8];
        let page = bob.get(&format!("?l={}", other.0)).await.text().await.unwrap();
        assert!(page.contains(&format!("<html lang=\"{}\"", other.1)) && page.contains(other.2));
        let known = sharing.smtp.arrived().len();
        assert_eq!(bob.form("/code", &[("l", code)]).await.status(), 303);
        let letter = sharing.smtp.after(known).await;
        assert!(letter.text().contains(letter_words), "{code}: {}", letter.text());
        assert_eq!(bob.form("/enter", &[("l", code), ("code", &code_in(&letter))]).await.status(), 303);
        let terms = bob.get(&format!("?l={code}")).await.text().await.unwrap();
        assert!(terms.contains(&format!("terms in {code}")));
    }
}
