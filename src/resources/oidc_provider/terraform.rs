//! An identity provider in Terraform: `aws_iam_openid_connect_provider`.

use super::{OidcProvider, OidcProviderComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};
use crate::resources::cluster::terraform::ISSUER;

pub(super) fn object(provider: &OidcProvider, known: &OidcProviderComputed) -> TerraformObject {
    TerraformResource::new("aws_iam_openid_connect_provider", &known.id)
        .with("url", Term::attribute(&provider.cluster, ISSUER))
        .with("client_id_list", &provider.audiences)
        .tags(&provider.tags)
        .into()
}
