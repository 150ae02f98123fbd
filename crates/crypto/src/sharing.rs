//! Sharing of the wrapping key among the recovery members (recovery-and-membership.md 5): ten secrets of 31 bits, each
//! the value at zero of a polynomial over the integers modulo 2^31 - 1. Who gets a share is not known here.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::aead::AesGcmKey;
use crate::{CryptoError, Entropy, hkdf_sha256, limits};

/// The number of limbs of a secret.
pub const LIMBS: usize = 10;
/// The number of bytes of a serialised share.
pub const SHARE_LEN: usize = 4 + 4 * LIMBS;

/// The order of the field.
const P: u64 = (1 << 31) - 1;

/// One value per polynomial.
type Limbs = [u32; LIMBS];

/// One point of the polynomials, x and ten values; x = 0 is the full share. Wiped on drop.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Share {
    x: u32,
    y: Limbs,
}

/// The shared secret, of which the wrapping key is derived. Wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct WrappingSecret(Limbs);

impl Share {
    /// x as u32 little endian, then the ten values likewise.
    pub fn to_bytes(&self) -> Zeroizing<[u8; SHARE_LEN]> {
        let mut bytes = Zeroizing::new([0; SHARE_LEN]);
        let (x, y) = bytes.split_at_mut(4);
        x.copy_from_slice(&self.x.to_le_bytes());
        write_limbs(&self.y, y);
        bytes
    }

    /// Reads [`SHARE_LEN`] bytes; values above the field are reduced when used.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let (words, rest) = bytes.as_chunks::<4>();
        if words.len() != 1 + LIMBS || !rest.is_empty() {
            return Err(CryptoError::Length {
                what: "a recovery share",
                expected: "44",
                found: bytes.len(),
            });
        }
        let mut y = [0; LIMBS];
        for (limb, word) in y.iter_mut().zip(&words[1..]) {
            *limb = u32::from_le_bytes(*word);
        }
        Ok(Self {
            x: u32::from_le_bytes(words[0]),
            y,
        })
    }

    /// The index of the share.
    pub fn x(&self) -> u32 {
        self.x
    }

    /// Whether this is the secret itself, as owners have it.
    pub fn is_full(&self) -> bool {
        self.x == 0
    }
}

impl WrappingSecret {
    /// The full share (x = 0).
    pub fn full_share(&self) -> Share {
        Share { x: 0, y: self.0 }
    }

    /// The AES-256 key that the ledger secret is wrapped with.
    pub fn wrapping_key(&self) -> AesGcmKey {
        let mut secret = Zeroizing::new([0; 4 * LIMBS]);
        write_limbs(&self.0, &mut secret[..]);
        let mut key = Zeroizing::new([0; 32]);
        // The info is the secret itself: other members' shares open with nothing else (recovery-and-membership.md 5.1).
        hkdf_sha256(&secret[..], &[], &secret[..], &mut key[..]);
        AesGcmKey::from_array(&key)
    }
}

/// Makes a fresh secret and `n` shares with x = 1 ... n, of which any `threshold` restore it.
pub fn split(
    threshold: usize,
    n: usize,
    entropy: &dyn Entropy,
) -> Result<(WrappingSecret, Vec<Share>), CryptoError> {
    check_sharing(threshold, n)?;
    let coefficients = Zeroizing::new(
        (0..threshold)
            .map(|_| random_limbs(entropy))
            .collect::<Vec<_>>(),
    );
    Ok(evaluate(&coefficients, n))
}

/// Restores the secret from the first `threshold` shares. A full share among them is enough by itself.
pub fn combine(shares: &[Share], threshold: usize) -> Result<WrappingSecret, CryptoError> {
    if threshold == 0 {
        return Err(CryptoError::Sharing {
            shares: shares.len(),
            threshold,
        });
    }
    if let Some(full) = shares.iter().find(|share| share.is_full()) {
        return Ok(WrappingSecret(full.y.map(reduce)));
    }
    let Some(shares) = shares.get(..threshold) else {
        return Err(CryptoError::NotEnoughShares {
            given: shares.len(),
            threshold,
        });
    };
    let mut secret = WrappingSecret([0; LIMBS]);
    for (i, share) in shares.iter().enumerate() {
        let weight = lagrange_at_zero(shares, i)?;
        for (limb, y) in secret.0.iter_mut().zip(share.y) {
            *limb = add(*limb, mul(weight, reduce(y)));
        }
    }
    Ok(secret)
}

fn check_sharing(threshold: usize, n: usize) -> Result<(), CryptoError> {
    if (1..=n).contains(&threshold) && n <= limits::SHARES {
        Ok(())
    } else {
        Err(CryptoError::Sharing {
            shares: n,
            threshold,
        })
    }
}

/// The secret and the shares of given polynomials; `coefficients[j]` belong to x^j.
fn evaluate(coefficients: &[Limbs], n: usize) -> (WrappingSecret, Vec<Share>) {
    let at = |x: u32| {
        // Horner's rule, from the highest power down.
        coefficients
            .iter()
            .rev()
            .fold(Share { x, y: [0; LIMBS] }, |mut share, coefficients| {
                for (y, coefficient) in share.y.iter_mut().zip(coefficients) {
                    *y = add(mul(*y, x), *coefficient);
                }
                share
            })
    };
    let indices = 1..=u32::try_from(n).unwrap_or(u32::MAX);
    (WrappingSecret(at(0).y), indices.map(at).collect())
}

/// The factor of share `i` in the value at zero: the product over the others of x_j / (x_j - x_i).
fn lagrange_at_zero(shares: &[Share], i: usize) -> Result<u32, CryptoError> {
    let x_i = reduce(shares[i].x);
    let (mut numerator, mut denominator) = (1, 1);
    for (j, other) in shares.iter().enumerate() {
        if j == i {
            continue;
        }
        let x_j = reduce(other.x);
        if x_j == x_i {
            return Err(CryptoError::DuplicateShare(shares[i].x));
        }
        numerator = mul(numerator, x_j);
        denominator = mul(denominator, add(x_j, negate(x_i)));
    }
    Ok(mul(numerator, invert(denominator)))
}

/// Ten uniform elements: 31 random bits each, drawn again if they are the order itself.
fn random_limbs(entropy: &dyn Entropy) -> Limbs {
    let mut bytes = Zeroizing::new([0; 8]);
    std::array::from_fn(|_| {
        loop {
            entropy.fill(&mut bytes[..]);
            let value = u64::from_le_bytes(*bytes) & P;
            if value != P {
                return reduce_u64(value);
            }
        }
    })
}

fn write_limbs(limbs: &Limbs, out: &mut [u8]) {
    for (chunk, limb) in out.chunks_exact_mut(4).zip(limbs) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
}

fn reduce(value: u32) -> u32 {
    reduce_u64(u64::from(value))
}

#[allow(clippy::cast_possible_truncation)] // Below the order, which has 31 bits.
fn reduce_u64(value: u64) -> u32 {
    (value % P) as u32
}

fn add(a: u32, b: u32) -> u32 {
    reduce_u64(u64::from(a) + u64::from(b))
}

fn mul(a: u32, b: u32) -> u32 {
    reduce_u64(u64::from(a) * u64::from(b))
}

fn negate(a: u32) -> u32 {
    reduce_u64(P - u64::from(reduce(a)))
}

/// The inverse by Fermat's little theorem: a^(p - 2).
fn invert(a: u32) -> u32 {
    let (mut result, mut power, mut exponent) = (1, a, P - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul(result, power);
        }
        power = mul(power, power);
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SystemEntropy;

    /// Shares of a polynomial with small coefficients, computed by hand: limb l is l + 2x.
    #[test]
    fn shares_are_points_of_the_polynomial() {
        let coefficients = [
            std::array::from_fn(|l| u32::try_from(l).unwrap()),
            [2; LIMBS],
        ];
        let (secret, shares) = evaluate(&coefficients, 3);
        assert_eq!(secret.full_share().y, coefficients[0]);
        assert_eq!(shares[2].x, 3);
        assert_eq!(
            shares[2].y,
            std::array::from_fn(|l| u32::try_from(l).unwrap() + 6)
        );
    }

    #[test]
    fn a_share_is_44_bytes_little_endian() {
        let share = Share {
            x: 0x0102_0304,
            y: std::array::from_fn(|l| u32::try_from(l).unwrap() + 1),
        };
        let bytes = share.to_bytes();
        assert_eq!(&bytes[..12], [4, 3, 2, 1, 1, 0, 0, 0, 2, 0, 0, 0]);
        assert!(Share::from_bytes(&bytes[..]).unwrap() == share);
        for len in [0, 43, 45] {
            let error = Share::from_bytes(&vec![0; len]).err().unwrap().to_string();
            assert_eq!(
                error,
                format!("a recovery share must be 44 bytes long, found {len}")
            );
        }
    }

    #[test]
    fn impossible_thresholds_are_refused() {
        for (threshold, n) in [(0, 0), (0, 3), (4, 3), (1, 0), (1, limits::SHARES + 1)] {
            assert!(matches!(
                split(threshold, n, &SystemEntropy),
                Err(CryptoError::Sharing { .. })
            ));
        }
        assert!(matches!(combine(&[], 0), Err(CryptoError::Sharing { .. })));
    }

    #[test]
    fn too_few_and_duplicate_shares_are_refused() {
        let (_, shares) = split(3, 5, &SystemEntropy).unwrap();
        let error = combine(&shares[..2], 3).err().unwrap();
        assert_eq!(
            error,
            CryptoError::NotEnoughShares {
                given: 2,
                threshold: 3
            }
        );
        let twice = [shares[0].clone(), shares[1].clone(), shares[0].clone()];
        assert_eq!(
            combine(&twice, 3).err(),
            Some(CryptoError::DuplicateShare(1))
        );
        // The same index modulo the order is the same index.
        let mut wrapped = shares[0].clone();
        wrapped.x += u32::try_from(P).unwrap();
        assert!(combine(&[shares[0].clone(), wrapped, shares[2].clone()], 3).is_err());
    }

    #[test]
    fn the_order_itself_is_never_drawn() {
        struct Counting(std::sync::atomic::AtomicU8);
        impl Entropy for Counting {
            fn fill(&self, out: &mut [u8]) {
                let calls = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                out.fill(if calls.is_multiple_of(2) { 0xff } else { calls });
            }
        }
        let limbs = random_limbs(&Counting(0.into()));
        assert!(limbs.iter().all(|limb| u64::from(*limb) < P));
        assert_eq!(limbs[0], 0x0101_0101);
    }

    #[test]
    fn every_element_has_its_inverse() {
        for a in [1, 2, 3, 12345, 2_147_483_646] {
            assert_eq!(mul(a, invert(a)), 1);
            assert_eq!(add(a, negate(a)), 0);
        }
    }

    proptest! {
        #[test]
        fn any_threshold_subset_recombines(
            (threshold, n) in (1_usize..8).prop_flat_map(|t| (Just(t), t..10)),
            order in any::<prop::sample::Index>(),
            seed: u64,
        ) {
            let (secret, mut shares) = split(threshold, n, &SystemEntropy).unwrap();
            // A rotation followed by a swap: all members and many orders come up.
            let at = order.index(n);
            shares.rotate_left(at);
            shares.swap(0, usize::try_from(seed % n as u64).unwrap());
            let again = combine(&shares, threshold).unwrap();
            prop_assert_eq!(again.full_share().y, secret.full_share().y);
            let key = secret.wrapping_key();
            prop_assert!(again.wrapping_key().raw_bytes() == key.raw_bytes());
            let full = combine(&[secret.full_share()], threshold).unwrap();
            prop_assert!(full.wrapping_key().raw_bytes() == key.raw_bytes());
        }

        #[test]
        fn one_share_less_gives_another_secret(threshold in 2_usize..8) {
            let (secret, mut shares) = split(threshold, threshold, &SystemEntropy).unwrap();
            shares.truncate(threshold - 1);
            let guess = combine(&shares, threshold - 1).unwrap();
            prop_assert_ne!(guess.full_share().y, secret.full_share().y);
        }

        #[test]
        fn arbitrary_shares_never_panic(bytes in prop::collection::vec(any::<[u8; SHARE_LEN]>(), 0..6), threshold in 0_usize..8) {
            let shares: Vec<_> = bytes.iter().map(|share| Share::from_bytes(share).unwrap()).collect();
            let _ = combine(&shares, threshold);
        }
    }
}
