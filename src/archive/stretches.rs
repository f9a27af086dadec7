//! Stretches of time, by which terms that are searched for by their beginnings are kept (see `migrations/0017_stretches.sql`). Pure.

/// Three days: few enough recordings to put in order at once, and few enough stretches in ten years to look into each.
const STRETCH_NS: i64 = 3 * 86_400 * 1_000_000_000;

/// The stretch that a time is in.
pub(super) fn stretch(started_at: i64) -> i64 {
    started_at / STRETCH_NS
}

/// The first time of a stretch. They are numbered towards 0, which is twice as long as any other.
pub(super) fn begins(stretch: i64) -> i64 {
    if stretch > 0 { stretch.saturating_mul(STRETCH_NS) } else { (stretch - 1).saturating_mul(STRETCH_NS) + 1 }
}

/// The stretch under which a term is kept: what is looked for whole is kept in one.
pub(super) fn stretch_of(kind: &str, started_at: i64) -> i64 {
    if matches!(kind, "word" | "number_end") { stretch(started_at) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_begins_where_the_one_before_ends() {
        for stretch_before in [-2, -1, 0, 1, 6_925] {
            let first = begins(stretch_before + 1);
            assert_eq!((stretch(first - 1), stretch(first)), (stretch_before, stretch_before + 1), "{first}");
        }
    }

    #[test]
    fn the_step_of_the_schema_keeps_terms_by_the_same_stretches() {
        let step = include_str!("../../migrations/0017_stretches.sql");
        assert!(step.contains(&format!("kind IN ('word', 'number_end') THEN started_at / {STRETCH_NS} ELSE 0")));
    }
}
