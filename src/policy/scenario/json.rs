//! JSON as it stands in the file: no key lost because it came twice, whole numbers told from others, and the place of each value known.

use std::fmt;
use std::rc::Rc;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Malformed;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    /// A whole number from 0; `1.0` is not written as one.
    Whole(u64),
    /// Any other number.
    Number,
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

pub(super) fn parse(text: &str) -> Result<Node, Malformed> {
    serde_json::from_str(text).map_err(|e| {
        let said = e.to_string();
        // serde_json puts the place at the end of what it says; ours comes first.
        let problem = said.split(" at line ").next().unwrap_or(&said);
        Malformed::at(format!("line {} column {}", e.line(), e.column()), problem)
    })
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Node, E> {
        Ok(Node::Bool(v))
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Node, E> {
        Ok(Node::Whole(v))
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Node, E> {
        Ok(u64::try_from(v).map_or(Node::Number, Node::Whole))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<Node, E> {
        Ok(Node::Text(v.to_owned()))
    }

    fn visit_string<E: de::Error>(self, v: String) -> Result<Node, E> {
        Ok(Node::Text(v))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Object(fields))
    }
}

impl Node {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Whole(_) => "a whole number",
            Self::Number => "a number that is not whole and from 0",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Where a value stands. Put into words only where something is wrong there.
#[derive(Clone, Debug)]
enum Place<'n> {
    Root,
    Field(Rc<Self>, &'n str),
    Item(Rc<Self>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(of, name) if matches!(**of, Self::Root) => f.write_str(&printable(name)),
            Self::Field(of, name) => write!(f, "{of}.{}", printable(name)),
            Self::Item(of, index) => write!(f, "{of}[{index}]"),
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed<'n> {
    node: &'n Node,
    place: Place<'n>,
}

impl<'n> Placed<'n> {
    pub(super) fn root(node: &'n Node) -> Self {
        Self { node, place: Place::Root }
    }

    fn place(&self) -> String {
        match &self.place {
            Place::Root => "scenario".to_owned(),
            place => place.to_string(),
        }
    }

    pub(super) fn wrong(&self, problem: impl Into<String>) -> Malformed {
        Malformed::at(self.place(), problem)
    }

    fn not(&self, wanted: &str) -> Malformed {
        self.wrong(format!("{wanted} is wanted here, not {}", self.node.kind()))
    }

    pub(super) fn whole(&self) -> Result<u64, Malformed> {
        match self.node {
            Node::Whole(n) => Ok(*n),
            _ => Err(self.not("a whole number")),
        }
    }

    pub(super) fn bool(&self) -> Result<bool, Malformed> {
        match self.node {
            Node::Bool(b) => Ok(*b),
            _ => Err(self.not("true or false")),
        }
    }

    pub(super) fn text(&self) -> Result<&'n str, Malformed> {
        match self.node {
            Node::Text(text) => Ok(text),
            _ => Err(self.not("a text")),
        }
    }

    /// One of a set of names, as its type reads them.
    pub(super) fn one_of<T: Deserialize<'n>>(&self) -> Result<T, Malformed> {
        let text = self.text()?;
        T::deserialize(de::value::BorrowedStrDeserializer::<de::value::Error>::new(text)).map_err(|e| self.wrong(printable(&e.to_string())))
    }

    pub(super) fn items(&self) -> Result<impl Iterator<Item = Self>, Malformed> {
        let Node::List(items) = self.node else { return Err(self.not("a list")) };
        let place = Rc::new(self.place.clone());
        Ok(items.iter().enumerate().map(move |(i, node)| Self { node, place: Place::Item(Rc::clone(&place), i) }))
    }

    /// The fields, each of which must be there once at most.
    pub(super) fn fields(&self) -> Result<Fields<'n>, Malformed> {
        let Node::Object(fields) = self.node else { return Err(self.not("an object")) };
        let of = Rc::new(self.place.clone());
        let mut left: Vec<(&'n str, Placed<'n>)> = Vec::with_capacity(fields.len());
        for (name, node) in fields {
            let field = Self { node, place: Place::Field(Rc::clone(&of), name) };
            if left.iter().any(|(other, _)| other == name) {
                return Err(field.wrong("it is there twice"));
            }
            left.push((name, field));
        }
        Ok(Fields { of, left })
    }
}

/// The fields of an object that have not been read yet.
#[derive(Debug)]
pub(super) struct Fields<'n> {
    of: Rc<Place<'n>>,
    left: Vec<(&'n str, Placed<'n>)>,
}

impl<'n> Fields<'n> {
    pub(super) fn optional(&mut self, name: &str) -> Option<Placed<'n>> {
        let at = self.left.iter().position(|(other, _)| *other == name)?;
        Some(self.left.remove(at).1)
    }

    pub(super) fn required(&mut self, name: &'static str) -> Result<Placed<'n>, Malformed> {
        self.optional(name).ok_or_else(|| Malformed::at(Place::Field(Rc::clone(&self.of), name).to_string(), "it is missing"))
    }

    /// Every field, whatever its name.
    pub(super) fn all(self) -> Vec<(&'n str, Placed<'n>)> {
        self.left
    }

    /// Nothing else may be there.
    pub(super) fn finish(self) -> Result<(), Malformed> {
        match self.left.first() {
            None => Ok(()),
            Some((_, field)) => Err(field.wrong("there is no such field")),
        }
    }
}

/// Foreign text kept to one line of bounded length.
fn printable(text: &str) -> String {
    const MOST: usize = 200;
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug_unquoted).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

trait EscapeDebugUnquoted {
    fn escape_debug_unquoted(self) -> impl Iterator<Item = char>;
}

impl EscapeDebugUnquoted for char {
    /// Control characters escaped; quotes and everything readable as it is.
    fn escape_debug_unquoted(self) -> impl Iterator<Item = char> {
        let escaped = self.is_control() || matches!(self, '\u{2028}' | '\u{2029}');
        let plain = (!escaped).then_some(self);
        plain.into_iter().chain(escaped.then(|| self.escape_default()).into_iter().flatten())
    }
}
