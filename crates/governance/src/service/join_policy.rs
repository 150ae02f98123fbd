//! With which evidence nodes may join (governance-api.md 3.15).

use std::collections::BTreeMap;

use quorate_kv::Tx;
use quorate_tables::{
    CodeStatus, NODES_SNP_HOST_DATA, NODES_SNP_MEASUREMENTS, NODES_SNP_TCB_VERSIONS,
    NODES_SNP_UVM_ENDORSEMENTS, NODES_VIRTUAL_HOST_DATA, NODES_VIRTUAL_MEASUREMENTS,
    TcbVersionPolicy, UvmEndorsement, legacy,
};
use serde::Serialize;

use crate::error::GovernanceError;

/// Bytes of a SHA-256 digest, and of an SGX measurement.
const DIGEST_LEN: usize = 32;
/// Bytes of an SNP measurement.
const SNP_MEASUREMENT_LEN: usize = 48;

/// `GET /service/join-policy`. Every part is there on every platform.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JoinPolicyView {
    /// Intel SGX: only services of long ago have entries.
    pub sgx: SgxPolicyView,
    /// AMD SEV-SNP.
    pub snp: SnpPolicyView,
    /// No hardware.
    #[serde(rename = "virtual")]
    pub virtual_platform: VirtualPolicyView,
}

/// Policy for SGX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SgxPolicyView {
    /// Measurements, hex.
    pub measurements: Vec<String>,
}

/// Policy for SEV-SNP.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnpPolicyView {
    /// Host data, hex, with the text of the policy that it is the digest of.
    pub host_data: BTreeMap<String, String>,
    /// Measurements, hex.
    pub measurements: Vec<String>,
    /// Least versions of firmware, by CPUID.
    pub tcb_versions: BTreeMap<String, TcbVersionPolicy>,
    /// Endorsements of utility VMs, by DID and feed.
    pub uvm_endorsements: BTreeMap<String, BTreeMap<String, UvmEndorsement>>,
}

/// Policy for the virtual platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualPolicyView {
    /// Host data, hex.
    pub host_data: Vec<String>,
    /// Measurements, any text.
    pub measurements: Vec<String>,
}

/// The join policy.
///
/// # Errors
/// A table that cannot be read, or holds a key that is not hex of the right length.
pub fn join_policy(tx: &mut Tx) -> Result<JoinPolicyView, GovernanceError> {
    let sgx = allowed(legacy::NODES_CODE_IDS.entries(tx)?);
    let snp_measurements = allowed(NODES_SNP_MEASUREMENTS.entries(tx)?);
    let snp_host_data: BTreeMap<_, _> = NODES_SNP_HOST_DATA.entries(tx)?.into_iter().collect();
    let virtual_host_data = NODES_VIRTUAL_HOST_DATA.entries(tx)?;
    check_hex(&sgx, DIGEST_LEN)?;
    check_hex(&snp_measurements, SNP_MEASUREMENT_LEN)?;
    check_hex(snp_host_data.keys(), DIGEST_LEN)?;
    check_hex(&virtual_host_data, DIGEST_LEN)?;
    Ok(JoinPolicyView {
        sgx: SgxPolicyView { measurements: sgx },
        snp: SnpPolicyView {
            host_data: snp_host_data,
            measurements: snp_measurements,
            tcb_versions: NODES_SNP_TCB_VERSIONS.entries(tx)?.into_iter().collect(),
            uvm_endorsements: NODES_SNP_UVM_ENDORSEMENTS
                .entries(tx)?
                .into_iter()
                .collect(),
        },
        virtual_platform: VirtualPolicyView {
            host_data: virtual_host_data,
            measurements: allowed(NODES_VIRTUAL_MEASUREMENTS.entries(tx)?),
        },
    })
}

fn allowed(measurements: Vec<(String, CodeStatus)>) -> Vec<String> {
    measurements
        .into_iter()
        .filter(|(_, status)| *status == CodeStatus::AllowedToJoin)
        .map(|(measurement, _)| measurement)
        .collect()
}

/// Actions do not check what they write into these tables. Texts as clients of the API know them.
fn check_hex<'a>(
    keys: impl IntoIterator<Item = &'a String>,
    len: usize,
) -> Result<(), GovernanceError> {
    for key in keys {
        let problem = if key.len() % 2 != 0 {
            format!("Input string '{key}' is not of even length")
        } else if key.len() / 2 != len {
            format!(
                "Output container of size {len} cannot fit decoded hex str {}",
                key.len() / 2
            )
        } else if let Some(odd) = key.chars().find(|c| !c.is_ascii_hexdigit()) {
            format!("'{odd}' in '{key}' is not a hexadecimal digit")
        } else {
            continue;
        };
        return Err(GovernanceError::Unpresentable(problem));
    }
    Ok(())
}
