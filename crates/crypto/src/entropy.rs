//! Where random bytes come from. Whoever makes keys, serial numbers or polynomials is handed its source.

/// A source of uniformly random bytes.
pub trait Entropy: Send + Sync {
    /// Fills all of `out` with random bytes. Never returns short: a source that can fail must end the process.
    fn fill(&self, out: &mut [u8]);
}

/// The operating system's generator, as conditioned by the cryptographic library.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) {
        quorate_awslc::random_bytes(out);
    }
}
