use std::mem;

use aws_lc_rs::digest::{Context, SHA256};

/// How many rows a table has, and a checksum of them in whatever order they come: the sum of the SHA-256 of each line
/// of its COPY, modulo 2^256.
pub(super) struct Checksum {
    rows: u64,
    sum: [u64; 4],
    line: Context,
}

impl Checksum {
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            sum: [0; 4],
            line: Context::new(&SHA256),
        }
    }

    /// Takes a piece of the COPY. A line may be in pieces; line breaks within values are escaped.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.update(piece);
            if piece.ends_with(b"\n") {
                let line = mem::replace(&mut self.line, Context::new(&SHA256)).finish();
                self.add(line.as_ref());
                self.rows += 1;
            }
        }
    }

    fn add(&mut self, digest: &[u8]) {
        let mut carry = false;
        let (words, _none) = digest.as_chunks::<8>();
        for (sum, word) in self.sum.iter_mut().zip(words) {
            let (added, over) = sum.overflowing_add(u64::from_le_bytes(*word));
            let (added, over_again) = added.overflowing_add(u64::from(carry));
            *sum = added;
            carry = over || over_again;
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn text(&self) -> String {
        self.sum.iter().map(|word| format!("{word:016x}")).collect()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::Checksum;

    fn of(pieces: &[&str]) -> (u64, String) {
        let mut checksum = Checksum::new();
        for piece in pieces {
            checksum.feed(piece.as_bytes());
        }
        (checksum.rows(), checksum.text())
    }

    #[test]
    fn neither_order_nor_pieces_matter_and_everything_else_does() {
        let whole = of(&["1\ta\n2\tb\n3\t\\N\n"]);
        assert_eq!(whole.0, 3);
        assert_eq!(of(&["3\t\\N\n", "1\t", "a\n2", "\tb\n"]), whole);
        assert_ne!(of(&["1\ta\n2\tb\n3\t\n"]), whole);
        assert_ne!(of(&["1\ta\n2\tb\n2\tb\n3\t\\N\n"]), whole);
        assert_eq!(of(&[]), (0, "0".repeat(64)));
    }
}
