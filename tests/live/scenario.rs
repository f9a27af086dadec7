//! What happens in a call and what is expected to come of it, in lines that people read.

use serde_json::Value;

/// One call.
pub struct Scenario {
    /// Also the slug of its project.
    pub name: &'static str,
    /// Pictures too, by browsers; else a call with SIPREC.
    pub is_room: bool,
    /// As `ferric simulate` takes them, `kind`, `agents` and `queue` too.
    pub settings: Value,
    /// Who is in the first INVITE, in order.
    pub cast: Vec<&'static str>,
    pub steps: Vec<Step>,
    /// `main end`, `main:2 stop`, `receipt:O-1:1 receipt_stop ! replaced`.
    pub outcome: Vec<&'static str>,
}

/// Something that is done at a time.
#[derive(Debug)]
pub struct Step {
    pub at_ms: u64,
    pub what: What,
}

#[derive(Debug)]
pub enum What {
    Comes(&'static str),
    Goes(&'static str),
    Says { by: &'static str, verb: &'static str, order: Option<&'static str>, refused: Option<&'static str> },
    End,
}

impl Step {
    /// `2.5 a1 receipt_start O-1`, `3 c1 stop ! not_host`, `4 t1 comes`, `5 t1 goes`, `8 end`.
    fn read(line: &'static str) -> Self {
        let (line, refused) = line.split_once(" ! ").map_or((line, None), |(line, reason)| (line, Some(reason)));
        let mut words = line.split(' ');
        let at: f64 = words.next().unwrap().parse().unwrap_or_else(|_| panic!("no time in {line:?}"));
        let what = match (words.next().unwrap(), words.next()) {
            ("end", None) => What::End,
            (who, Some("comes")) => What::Comes(who),
            (who, Some("goes")) => What::Goes(who),
            (by, Some(verb)) => What::Says { by, verb, order: words.next(), refused },
            (word, None) => panic!("{word:?} of {line:?} is nothing that happens"),
        };
        Self { at_ms: (at * 1000.0) as u64, what }
    }
}

pub fn scenario(name: &'static str, settings: Value, cast: &str, steps: &[&'static str], outcome: &[&'static str]) -> Scenario {
    let known = |who: &str| crate::party::names().find(|name| *name == who).unwrap_or_else(|| panic!("nobody is called {who}"));
    let steps: Vec<Step> = steps.iter().map(|line| Step::read(line)).collect();
    assert!(steps.is_sorted_by_key(|step| step.at_ms), "{name}: time goes back");
    assert!(matches!(steps.last().unwrap().what, What::End), "{name} has no end");
    Scenario {
        name,
        is_room: settings["kind"] == "room",
        settings,
        cast: cast.split(' ').map(known).collect(),
        steps,
        outcome: outcome.to_vec(),
    }
}
