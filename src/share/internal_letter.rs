//! What a letter with a link to a colleague says. Pure (archive.md D1).

/// Where the recipient's name stands in the text.
pub const RECIPIENT: &str = "{{recipient}}";
/// Where the sender's name stands.
pub const MY_NAME: &str = "{{myname}}";
/// Where the link stands; it may not be lost.
pub const LINK: &str = "{{link}}";

/// The text with names and link in the places of their marks. A name that looks like a mark stays a name.
#[must_use]
pub fn written(text: &str, recipient: &str, my_name: &str, link: &str) -> String {
    let marks = [(RECIPIENT, recipient), (MY_NAME, my_name), (LINK, link)];
    let (mut rest, mut letter) = (text, String::with_capacity(text.len() + link.len()));
    while let Some((at, mark, value)) = marks.iter().filter_map(|(mark, value)| rest.find(mark).map(|at| (at, *mark, *value))).min() {
        letter.push_str(&rest[..at]);
        letter.push_str(value);
        rest = &rest[at + mark.len()..];
    }
    letter.push_str(rest);
    letter.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_mark_is_replaced_and_a_name_stays_a_name() {
        let text = "For {{recipient}}: {{link}}\r\n({{link}})\n{{myname}} {{other}}";
        assert_eq!(written(text, "{{link}}", "Bob", "L"), "For {{link}}: L\n(L)\nBob {{other}}");
        assert_eq!(written("", "a", "b", "c"), "");
    }

    proptest! {
        #[test]
        fn the_link_stands_in_it_wherever_the_mark_did(before in "[a-z {}]{0,20}", after in "[a-z {}]{0,20}", name in "\\PC{0,12}") {
            let letter = written(&format!("{before}{LINK}{after}"), &name, &name, "https://rec.example/archive?sel=1");
            prop_assert!(letter.contains("https://rec.example/archive?sel=1"));
        }
    }
}
