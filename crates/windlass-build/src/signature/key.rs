//! Keys of the curve P-256, in the files that openssl and cosign write.

use super::KeyError;
use super::sealed;
use base64ct::{Base64, Encoding};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::rand_core::OsRng;
use p256::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding,
};
use p256::{PublicKey as Point, SecretKey};
use zeroize::Zeroizing;

/// A key that signs. It is never shown, and wiped from memory when it is dropped.
pub struct PrivateKey(SigningKey);

/// A key that verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PrivateKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        // A machine without random numbers would make the generator panic: asked first.
        let mut probe = [0_u8; 1];
        p256::elliptic_curve::rand_core::RngCore::try_fill_bytes(&mut OsRng, &mut probe)
            .map_err(|_| KeyError::Random)?;
        Ok(Self(SigningKey::from(SecretKey::random(&mut OsRng))))
    }

    /// Reads a PEM text: PKCS #8, SEC 1, or the encrypted form of cosign's.
    ///
    /// # Errors
    /// A text that is no such key, or a password that is missing or wrong.
    pub fn from_pem(text: &str, password: Option<&[u8]>) -> Result<Self, KeyError> {
        let (label, body) = pem_body(text)?;
        let not_p256 = || KeyError::NotP256 { label: label.to_owned() };
        let secret = match label {
            "PRIVATE KEY" => SecretKey::from_pkcs8_der(&body).map_err(|_| not_p256())?,
            "EC PRIVATE KEY" => SecretKey::from_sec1_der(&body).map_err(|_| not_p256())?,
            "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => {
                let opened = sealed::open(&body, password.ok_or(KeyError::NeedsPassword)?)?;
                SecretKey::from_pkcs8_der(&opened).map_err(|_| not_p256())?
            }
            _ => return Err(KeyError::Kind { label: label.to_owned() }),
        };
        Ok(Self(SigningKey::from(secret)))
    }

    /// The key as PEM: PKCS #8, or with a password in cosign's encrypted form.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn to_pem(&self, password: Option<&[u8]>) -> Result<Zeroizing<String>, KeyError> {
        let secret = SecretKey::from(self.0.as_nonzero_scalar());
        let not_p256 = |_| KeyError::NotP256 { label: "PRIVATE KEY".to_owned() };
        let Some(password) = password else {
            return secret.to_pkcs8_pem(LineEnding::LF).map_err(not_p256);
        };
        let der = secret.to_pkcs8_der().map_err(not_p256)?;
        let sealed = Base64::encode_string(&sealed::seal(der.as_bytes(), password)?);
        let mut text = String::from("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n");
        for line in sealed.as_bytes().chunks(64) {
            text.extend(line.iter().map(|byte| char::from(*byte)));
            text.push('\n');
        }
        text.push_str("-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n");
        Ok(Zeroizing::new(text))
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// Signs a message: base64 of the signature in DER.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        let signature: Signature = self.0.sign(message);
        Base64::encode_string(signature.to_der().as_bytes())
    }
}

impl PublicKey {
    /// Reads a PEM text (RFC 5280, subject public key info).
    ///
    /// # Errors
    /// A text that is no such key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, body) = pem_body(text)?;
        if label != "PUBLIC KEY" {
            return Err(KeyError::Kind { label: label.to_owned() });
        }
        let point = Point::from_public_key_der(&body);
        let point = point.map_err(|_| KeyError::NotP256 { label: label.to_owned() })?;
        Ok(Self(VerifyingKey::from(point)))
    }

    /// The key as PEM.
    pub fn to_pem(&self) -> String {
        let text = Point::from(&self.0).to_public_key_pem(LineEnding::LF);
        text.unwrap_or_else(|error| unreachable!("a point has an encoding: {error}"))
    }

    /// Whether the signature, base64 of DER, is this key's over the message.
    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let Ok(der) = Base64::decode_vec(signature) else { return false };
        let Ok(signature) = Signature::from_der(&der) else { return false };
        self.0.verify(message, &signature).is_ok()
    }
}

/// The label and the bytes of the first PEM block; what surrounds it is no matter (RFC 7468).
/// openssl writes the parameters of the curve in a block before the key.
fn pem_body(text: &str) -> Result<(&str, Zeroizing<Vec<u8>>), KeyError> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("-----BEGIN ").ok_or(KeyError::NotPem)?;
        let (label, after) = after.split_once("-----").ok_or(KeyError::NotPem)?;
        let end = format!("-----END {label}-----");
        let (body, after) = after.split_once(&end).ok_or(KeyError::NotPem)?;
        if label == "EC PARAMETERS" {
            rest = after;
            continue;
        }
        let body: Zeroizing<String> =
            Zeroizing::new(body.chars().filter(|c| !c.is_whitespace()).collect());
        let bytes = Base64::decode_vec(&body).map_err(|_| KeyError::NotPem)?;
        return Ok((label, Zeroizing::new(bytes)));
    }
}
