use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Where randomness comes from.
#[derive(Debug, Clone)]
pub enum Random {
    /// The operating system's generator.
    System,
    /// A reproducible stream, for tests and demo data. Never for anything secret.
    Seeded { seed: u64, counter: Arc<AtomicU64> },
}

impl Random {
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded {
            seed,
            counter: Arc::default(),
        }
    }

    /// 256 random bits.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: going on would be unsafe.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        let mut out = [0; 32];
        match self {
            #[expect(
                clippy::expect_used,
                reason = "a program without randomness must not go on"
            )]
            Self::System => {
                aws_lc_rs::rand::fill(&mut out).expect("the operating system gives randomness");
            }
            Self::Seeded { seed, counter } => {
                let mut input = [0; 16];
                input[..8].copy_from_slice(&seed.to_be_bytes());
                input[8..].copy_from_slice(&counter.fetch_add(1, Ordering::SeqCst).to_be_bytes());
                out.copy_from_slice(digest(&SHA256, &input).as_ref());
            }
        }
        out
    }

    /// A 256-bit secret as 43 characters of base64url.
    #[must_use]
    pub fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes())
    }
}
