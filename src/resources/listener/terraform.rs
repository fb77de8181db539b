//! A port of a load balancer in Terraform: `aws_lb_listener`.

use super::{Listener, ListenerAction, ListenerComputed};
use crate::model::terraform::{Term, TerraformContext, TerraformError, TerraformObject, TerraformResource};

pub(super) fn object(
    listener: &Listener,
    known: &ListenerComputed,
    cx: &TerraformContext<'_>,
) -> Result<TerraformObject, TerraformError> {
    let action = match &listener.action {
        ListenerAction::Forward(targets) => {
            vec![("type", Term::from("forward")), ("target_group_arn", Term::attribute(targets, "arn"))]
        }
        ListenerAction::RedirectToHttps => {
            let redirect = vec![
                ("port", Term::from("443")),
                ("protocol", Term::from("HTTPS")),
                ("status_code", Term::from("HTTP_301")),
            ];
            vec![("type", Term::from("redirect")), ("redirect", Term::Block(redirect))]
        }
        ListenerAction::Other(action) => {
            return Err(TerraformError::Undeclarable { at: cx.at.clone(), what: format!("the action {action}") });
        }
    };
    let resource = TerraformResource::new("aws_lb_listener", &known.id)
        .with("load_balancer_arn", Term::attribute(&listener.load_balancer, "arn"))
        .with("port", listener.port)
        .with("protocol", &listener.protocol)
        .some("certificate_arn", listener.certificate.as_ref())
        .some("ssl_policy", listener.ssl_policy.as_ref())
        .tags(&listener.tags)
        .block("default_action", action);
    Ok(resource.into())
}
