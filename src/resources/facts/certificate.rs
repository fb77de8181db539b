//! A certificate that somebody else asked for or imported (ACM `DescribeCertificate`).

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateType, DomainStatus, DomainValidation, FailureReason,
    RenewalEligibility, RenewalStatus, ValidationMethod,
};

use crate::cloud::CloudError;
use crate::cloud::aws::answer::{lacking, moment};
use crate::cloud::aws::{Clients, During};
use crate::model::facts::certificate::{Certificate, Proof};

/// The certificate `arn`.
pub(in crate::resources) async fn certificate(aws: &Clients, arn: &str) -> Result<Certificate, CloudError> {
    let doing = "read the certificate";
    let answer = aws.acm.describe_certificate().certificate_arn(arn).send().await.during(doing)?;
    Ok(told(&answer.certificate.ok_or_else(|| lacking(doing, "certificate"))?))
}

fn told(found: &CertificateDetail) -> Certificate {
    let mut names: Vec<String> = found.subject_alternative_names().to_vec();
    // The first name is among the others as well.
    names.extend(found.domain_name().filter(|name| !names.iter().any(|n| n == name)).map(str::to_owned));
    let validations = found.domain_validation_options();
    Certificate {
        status: found.status().map_or("unknown", CertificateStatus::as_str).to_owned(),
        origin: found.r#type().map_or("unknown", CertificateType::as_str).to_owned(),
        names,
        expires: found.not_after().and_then(moment),
        is_renewed: found.renewal_eligibility() == Some(&RenewalEligibility::Eligible),
        renewal: found.renewal_summary().map(|renewal| RenewalStatus::as_str(renewal.renewal_status()).to_owned()),
        validated_by: validations
            .iter()
            .filter_map(|one| one.validation_method())
            .map(ValidationMethod::as_str)
            .next()
            .map(str::to_owned),
        proofs: validations.iter().filter_map(proof).collect(),
        failure: found.failure_reason().map(|reason| FailureReason::as_str(reason).to_owned()),
    }
}

/// The record that a name waits for. ACM shows it some seconds after the certificate was asked for.
fn proof(of: &DomainValidation) -> Option<Proof> {
    let record = of.resource_record().filter(|_| of.validation_status() != Some(&DomainStatus::Success))?;
    Some(Proof {
        name: record.name().to_owned(),
        record: record.r#type().as_str().to_owned(),
        value: record.value().to_owned(),
    })
}
