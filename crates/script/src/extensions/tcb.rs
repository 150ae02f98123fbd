//! `ccf.tcbHexToPolicy` (js-runtime.md 6.3): an SEV-SNP TCB version, taken apart for the processor it is of.

use rquickjs::{Object, Result, Value};

use crate::native::{Call, Class};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Product {
    MilanOrGenoa,
    Turin,
}

/// The parts of a TCB version.
#[derive(Debug, PartialEq, Eq)]
struct Policy {
    hexstring: String,
    microcode: u8,
    snp: u8,
    tee: u8,
    boot_loader: u8,
    fmc: Option<u8>,
}

/// Why there is no policy.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// A processor that is none of the known ones.
    Family { family: u32, model: u32 },
    /// Not so many hex digits.
    Digits {
        what: &'static str,
        text: String,
        digits: usize,
    },
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Family { family, model } => {
                write!(
                    f,
                    "SEV-SNP: Unsupported CPUID family {family} model {model}"
                )
            }
            Self::Digits { what, text, digits } => {
                write!(f, "{what} '{text}' is not of {digits} hexadecimal digits")
            }
        }
    }
}

pub(crate) fn tcb_hex_to_policy<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[2], "2")?;
    let cpuid = match call.text(0) {
        Ok(cpuid) => cpuid,
        Err(_) => {
            call.ctx().catch();
            return Err(call.throw(Class::Type, "CPUID could not be parsed"));
        }
    };
    let tcb = match call.text(1) {
        Ok(tcb) => tcb,
        Err(_) => {
            call.ctx().catch();
            return Err(call.throw(Class::Type, "TCB could not be parsed from hex_str"));
        }
    };
    match policy(&cpuid, &tcb) {
        Ok(policy) => {
            let result = Object::new(call.ctx().clone())?;
            result.set("hexstring", policy.hexstring)?;
            result.set("microcode", policy.microcode)?;
            result.set("snp", policy.snp)?;
            result.set("tee", policy.tee)?;
            result.set("boot_loader", policy.boot_loader)?;
            if let Some(fmc) = policy.fmc {
                result.set("fmc", fmc)?;
            }
            Ok(result.into_value())
        }
        Err(refusal) => Err(call.abort(&refusal.to_string())),
    }
}

fn policy(cpuid: &str, tcb: &str) -> std::result::Result<Policy, Refusal> {
    let product = product(u32::from_be_bytes(bytes("CPUID", cpuid)?))?;
    let shown: [u8; 8] = bytes("TCB version", tcb)?;
    let mut raw = shown;
    raw.reverse();
    let hexstring = hex::encode(shown);
    let microcode = raw[7];
    Ok(match product {
        Product::MilanOrGenoa => Policy {
            hexstring,
            microcode,
            snp: raw[6],
            tee: raw[1],
            boot_loader: raw[0],
            fmc: None,
        },
        Product::Turin => Policy {
            hexstring,
            microcode,
            snp: raw[3],
            tee: raw[2],
            boot_loader: raw[1],
            fmc: Some(raw[0]),
        },
    })
}

/// The processor with this EAX of CPUID function 1.
fn product(eax: u32) -> std::result::Result<Product, Refusal> {
    let family = ((eax >> 8) & 0xf) + ((eax >> 20) & 0xff);
    let model = (((eax >> 16) & 0xf) << 4) | ((eax >> 4) & 0xf);
    match (family, model) {
        (0x19, 0x01 | 0x11) => Ok(Product::MilanOrGenoa),
        (0x1a, 0x01) => Ok(Product::Turin),
        _ => Err(Refusal::Family { family, model }),
    }
}

fn bytes<const N: usize>(what: &'static str, text: &str) -> std::result::Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    match hex::decode_to_slice(text, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(Refusal::Digits {
            what,
            text: text.to_owned(),
            digits: 2 * N,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn js_runtime_6_3_the_layout_of_each_product() {
        let milan = policy("00a00f11", "d315000000000004").unwrap();
        assert_eq!(
            milan,
            Policy {
                hexstring: "d315000000000004".to_owned(),
                microcode: 0xd3,
                snp: 0x15,
                tee: 0x00,
                boot_loader: 0x04,
                fmc: None,
            }
        );
        let genoa = policy("00a10f11", "541700000000000A").unwrap();
        assert_eq!(genoa.hexstring, "541700000000000a");
        assert_eq!(
            (genoa.microcode, genoa.snp, genoa.boot_loader),
            (0x54, 0x17, 0x0a)
        );
        let turin = policy("00b00f11", "0102030405060708").unwrap();
        assert_eq!(
            turin,
            Policy {
                hexstring: "0102030405060708".to_owned(),
                microcode: 1,
                snp: 5,
                tee: 6,
                boot_loader: 7,
                fmc: Some(8),
            }
        );
    }

    #[test]
    fn js_runtime_6_3_other_processors_and_digits_are_refused() {
        assert_eq!(
            policy("00000000", "d315000000000004")
                .unwrap_err()
                .to_string(),
            "SEV-SNP: Unsupported CPUID family 0 model 0"
        );
        assert_eq!(
            policy("00a00f1", "d315000000000004")
                .unwrap_err()
                .to_string(),
            "CPUID '00a00f1' is not of 8 hexadecimal digits"
        );
        assert_eq!(
            policy("00a00f11", "zz").unwrap_err().to_string(),
            "TCB version 'zz' is not of 16 hexadecimal digits"
        );
    }
}
