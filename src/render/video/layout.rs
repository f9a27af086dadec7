//! Where pictures stand on the canvas.

use crate::render::compose::protocol::Rect;

/// A canvas, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub width: u16,
    pub height: u16,
}

impl Layout {
    /// All of it.
    pub(super) fn whole(self) -> Rect {
        Rect { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// A shared screen and the speaker beside it: the screen keeps four fifths of the width, and nothing covers its text.
    pub(super) fn screen_and_tile(self) -> (Rect, Rect) {
        let column = even(self.width / 5);
        let height = even(column / 4 * 3).min(self.height);
        let screen = Rect { x: 0, y: 0, width: self.width - column, height: self.height };
        (screen, Rect { x: self.width - column, y: 0, width: column, height })
    }

    /// `count` equal places, row by row; a last row that is not full stands in the middle.
    pub(super) fn grid(self, count: usize) -> Vec<Rect> {
        let columns = (1..=count).find(|c| c * c >= count).unwrap_or(1);
        let rows = count.div_ceil(columns).max(1);
        let (width, height) = (even(self.width / columns as u16), even(self.height / rows as u16));
        (0..count)
            .map(|at| {
                let (row, column) = (at / columns, at % columns);
                let in_row = if row + 1 == rows { count - row * columns } else { columns };
                let indent = even((self.width - in_row as u16 * width) / 2);
                Rect { x: indent + column as u16 * width, y: row as u16 * height, width, height }
            })
            .collect()
    }
}

fn even(n: u16) -> u16 {
    n & !1
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn places_are_even_lie_on_the_canvas_and_do_not_overlap(width in 32u16..2000, height in 32u16..2000, count in 1usize..40) {
            let layout = Layout { width: even(width), height: even(height) };
            let (screen, tile) = layout.screen_and_tile();
            for places in [layout.grid(count), vec![screen, tile], vec![layout.whole()]] {
                for (at, a) in places.iter().enumerate() {
                    proptest::prop_assert!([a.x, a.y, a.width, a.height].iter().all(|n| n % 2 == 0));
                    proptest::prop_assert!(a.width > 0 && a.height > 0);
                    proptest::prop_assert!(a.x + a.width <= layout.width && a.y + a.height <= layout.height);
                    for b in &places[..at] {
                        let apart = a.x >= b.x + b.width || b.x >= a.x + a.width || a.y >= b.y + b.height || b.y >= a.y + a.height;
                        proptest::prop_assert!(apart);
                    }
                }
            }
        }
    }
}
