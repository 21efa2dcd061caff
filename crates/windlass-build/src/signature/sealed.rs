//! A key under a password, in the form of cosign's key files: JSON with scrypt (RFC 7914) for the
//! password and NaCl's secretbox (XSalsa20 and Poly1305) for the key.

use super::KeyError;
use base64ct::{Base64, Encoding};
use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, Nonce, XSalsa20Poly1305};
use p256::elliptic_curve::rand_core::{OsRng, RngCore as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What opening may cost: 128 * N * r bytes of memory, here at most 1 GiB.
const MOST_N: u64 = 1 << 20;
const MOST_R: u32 = 8;
const MOST_P: u32 = 4;
/// What sealing costs: 64 MiB, as others do it.
const N: u64 = 1 << 16;

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Cost,
    salt: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Cost {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

const KDF: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";

/// The key in clear.
pub(super) fn open(sealed: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let sealed: Sealed = serde_json::from_slice(sealed).map_err(|_| KeyError::Encryption)?;
    if sealed.kdf.name != KDF || sealed.cipher.name != CIPHER {
        return Err(KeyError::Encryption);
    }
    let bytes = |text: &str| Base64::decode_vec(text).map_err(|_| KeyError::Encryption);
    let nonce: [u8; 24] =
        bytes(&sealed.cipher.nonce)?.try_into().map_err(|_| KeyError::Encryption)?;
    let cipher = cipher(password, &bytes(&sealed.kdf.salt)?, sealed.kdf.params)?;
    let opened = cipher.decrypt(&Nonce::from(nonce), bytes(&sealed.ciphertext)?.as_slice());
    opened.map(Zeroizing::new).map_err(|_| KeyError::Password)
}

/// The key under a password.
pub(super) fn seal(key: &[u8], password: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (mut salt, mut nonce) = ([0_u8; 32], [0_u8; 24]);
    OsRng.try_fill_bytes(&mut salt).map_err(|_| KeyError::Random)?;
    OsRng.try_fill_bytes(&mut nonce).map_err(|_| KeyError::Random)?;
    let params = Cost { n: N, r: 8, p: 1 };
    let ciphertext = cipher(password, &salt, params)?
        .encrypt(&Nonce::from(nonce), key)
        .map_err(|_| KeyError::Encryption)?;
    let sealed = Sealed {
        kdf: Kdf { name: KDF.to_owned(), params, salt: Base64::encode_string(&salt) },
        cipher: Cipher { name: CIPHER.to_owned(), nonce: Base64::encode_string(&nonce) },
        ciphertext: Base64::encode_string(&ciphertext),
    };
    serde_json::to_vec(&sealed).map_err(|_| KeyError::Encryption)
}

fn cipher(password: &[u8], salt: &[u8], cost: Cost) -> Result<XSalsa20Poly1305, KeyError> {
    let affordable = cost.n <= MOST_N && cost.r <= MOST_R && cost.p <= MOST_P;
    if !affordable || !cost.n.is_power_of_two() {
        return Err(KeyError::Encryption);
    }
    let params = scrypt::Params::new(cost.n.ilog2() as u8, cost.r, cost.p, 32);
    let mut key = Zeroizing::new([0_u8; 32]);
    scrypt::scrypt(password, salt, &params.map_err(|_| KeyError::Encryption)?, &mut *key)
        .map_err(|_| KeyError::Encryption)?;
    Ok(XSalsa20Poly1305::new((&*key).into()))
}
