//! What a listener does, between our words and those of AWS. Pure.
//!
//! AWS tells a forward twice, as a target group and as a list with weights, and fills in the parts of a redirect that
//! were left out. Whatever is neither of our two actions is told whole, as JSON.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, RedirectActionConfig, RedirectActionStatusCodeEnum,
    TargetGroupStickinessConfig, TargetGroupTuple,
};
use serde_json::{Value, json};

use super::ListenerAction;
use crate::cloud::aws::Writing;
use crate::cloud::{CloudError, ErrorKind};
use crate::model::document::canonical;

/// An action as AWS tells it, with ids where ours have references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ObservedAction {
    /// To the target group with this ARN.
    Forward(String),
    /// To the same address with HTTPS.
    RedirectToHttps,
    /// Anything else, as canonical JSON.
    Other(String),
}

/// The action as AWS takes it.
pub(super) fn to_aws(action: &ListenerAction, cx: &Writing<'_>) -> Result<Action, CloudError> {
    match action {
        ListenerAction::Forward(group) => {
            Ok(Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(cx.id(group)?).build())
        }
        ListenerAction::RedirectToHttps => {
            Ok(Action::builder().r#type(ActionTypeEnum::Redirect).redirect_config(to_https()).build())
        }
        ListenerAction::Other(text) => Err(CloudError::new(
            ErrorKind::Bug,
            "set what the listener does",
            format!("an action that is only ever found cannot be asked for: {text}"),
        )),
    }
}

/// Whether `there` does what `wanted` asks for.
pub(super) fn same(there: &[Action], wanted: &Action) -> bool {
    of_aws(there) == of_aws(std::slice::from_ref(wanted))
}

/// The default actions as AWS tells them.
pub(super) fn of_aws(actions: &[Action]) -> ObservedAction {
    let other = || ObservedAction::Other(canonical(&actions.iter().map(whole).collect()));
    let [action] = actions else { return other() };
    match action.r#type() {
        Some(ActionTypeEnum::Forward) => single_target(action).map_or_else(other, ObservedAction::Forward),
        Some(ActionTypeEnum::Redirect) if action.redirect_config().is_some_and(is_to_https) => {
            ObservedAction::RedirectToHttps
        }
        _ => other(),
    }
}

/// The one target group a forward goes to; nothing if it goes to several or sticks to one of them.
fn single_target(action: &Action) -> Option<String> {
    let Some(config) = action.forward_config() else { return action.target_group_arn().map(str::to_owned) };
    let sticky =
        config.target_group_stickiness_config().and_then(TargetGroupStickinessConfig::enabled).unwrap_or(false);
    match config.target_groups() {
        [one] if !sticky => one.target_group_arn().map(str::to_owned),
        [] if !sticky => action.target_group_arn().map(str::to_owned),
        _ => None,
    }
}

fn to_https() -> RedirectActionConfig {
    // The last three are what AWS fills in; sent, they are also what is compared.
    RedirectActionConfig::builder()
        .protocol("HTTPS")
        .port("443")
        .status_code(RedirectActionStatusCodeEnum::Http301)
        .host("#{host}")
        .path("/#{path}")
        .query("#{query}")
        .build()
}

fn is_to_https(config: &RedirectActionConfig) -> bool {
    let wanted = to_https();
    config.status_code() == wanted.status_code()
        && config.protocol() == wanted.protocol()
        && config.port() == wanted.port()
        && [config.host(), config.path(), config.query()]
            .into_iter()
            .zip([wanted.host(), wanted.path(), wanted.query()])
            .all(|(there, filled_in)| there.is_none() || there == filled_in)
}

/// An action with everything in it that says what it does.
fn whole(action: &Action) -> Value {
    let mut told = json!({ "type": action.r#type().map(ActionTypeEnum::as_str) });
    let mut set = |key: &str, value: Value| told[key] = value;
    if let Some(config) = action.forward_config() {
        set("forward", forward(config));
    } else if let Some(arn) = action.target_group_arn() {
        set("forward", json!({ "targets": [{ "target_group": arn }] }));
    }
    if let Some(config) = action.redirect_config() {
        set("redirect", redirect(config));
    }
    if let Some(config) = action.fixed_response_config() {
        let body = config.message_body();
        set("response", json!({ "status": config.status_code(), "type": config.content_type(), "body": body }));
    }
    // How somebody logs in has many parts, some of them secret: who it is asked from says enough.
    if let Some(config) = action.authenticate_oidc_config() {
        set("oidc", json!({ "issuer": config.issuer(), "client": config.client_id() }));
    }
    if let Some(config) = action.authenticate_cognito_config() {
        set("cognito", json!({ "pool": config.user_pool_arn(), "client": config.user_pool_client_id() }));
    }
    if let Some(config) = action.jwt_validation_config() {
        set("jwt", json!({ "issuer": config.issuer(), "keys": config.jwks_endpoint() }));
    }
    told
}

fn forward(config: &ForwardActionConfig) -> Value {
    let target = |one: &TargetGroupTuple| json!({ "target_group": one.target_group_arn(), "weight": one.weight() });
    let mut targets: Vec<Value> = config.target_groups().iter().map(target).collect();
    targets.sort_by_key(canonical);
    let sticky = config.target_group_stickiness_config().filter(|sticky| sticky.enabled().unwrap_or(false));
    json!({ "targets": targets, "sticky_seconds": sticky.and_then(TargetGroupStickinessConfig::duration_seconds) })
}

fn redirect(config: &RedirectActionConfig) -> Value {
    json!({
        "protocol": config.protocol(),
        "host": config.host(),
        "port": config.port(),
        "path": config.path(),
        "query": config.query(),
        "status": config.status_code().map(RedirectActionStatusCodeEnum::as_str),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::FixedResponseActionConfig;

    use super::*;

    fn forwarding(config: ForwardActionConfig) -> Action {
        Action::builder().r#type(ActionTypeEnum::Forward).order(1).forward_config(config).build()
    }

    fn to(arn: &str, weight: i32) -> TargetGroupTuple {
        TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build()
    }

    #[test]
    fn both_ways_to_tell_a_forward_are_the_same() {
        let short = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn("tg").build();
        let unstuck = TargetGroupStickinessConfig::builder().enabled(false).build();
        let config =
            ForwardActionConfig::builder().target_groups(to("tg", 1)).target_group_stickiness_config(unstuck).build();
        let long = Action::builder()
            .r#type(ActionTypeEnum::Forward)
            .order(1)
            .target_group_arn("tg")
            .forward_config(config)
            .build();
        assert_eq!(of_aws(std::slice::from_ref(&short)), ObservedAction::Forward("tg".to_owned()));
        assert!(same(&[long], &short));
    }

    #[test]
    fn two_targets_or_a_sticky_one_are_another_action() {
        let two = ForwardActionConfig::builder().target_groups(to("b", 1)).target_groups(to("a", 9)).build();
        let ObservedAction::Other(told) = of_aws(&[forwarding(two)]) else {
            panic!("two targets are no plain forward")
        };
        assert!(told.find(r#""a","weight":9"#) < told.find(r#""b","weight":1"#), "{told}");
        let sticky = TargetGroupStickinessConfig::builder().enabled(true).duration_seconds(60).build();
        let sticky =
            ForwardActionConfig::builder().target_groups(to("tg", 1)).target_group_stickiness_config(sticky).build();
        assert!(
            matches!(of_aws(&[forwarding(sticky)]), ObservedAction::Other(told) if told.contains(r#""sticky_seconds":60"#))
        );
    }

    #[test]
    fn a_redirect_is_ours_with_the_parts_aws_fills_in_and_without() {
        let redirect = |config| Action::builder().r#type(ActionTypeEnum::Redirect).redirect_config(config).build();
        let bare = RedirectActionConfig::builder()
            .protocol("HTTPS")
            .port("443")
            .status_code(RedirectActionStatusCodeEnum::Http301)
            .build();
        assert_eq!(of_aws(&[redirect(to_https())]), ObservedAction::RedirectToHttps);
        assert_eq!(of_aws(&[redirect(bare)]), ObservedAction::RedirectToHttps);
        let mut elsewhere = to_https();
        elsewhere.host = Some("example.com".to_owned());
        assert!(matches!(of_aws(&[redirect(elsewhere)]), ObservedAction::Other(told) if told.contains("example.com")));
        let mut for_now = to_https();
        for_now.status_code = Some(RedirectActionStatusCodeEnum::Http302);
        assert!(matches!(of_aws(&[redirect(for_now)]), ObservedAction::Other(told) if told.contains("HTTP_302")));
    }

    #[test]
    fn other_actions_are_told_whole() {
        let response = FixedResponseActionConfig::builder().status_code("503").message_body("closed").build();
        let fixed = Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(response).build();
        let ObservedAction::Other(told) = of_aws(&[fixed]) else { panic!("a fixed response is another action") };
        assert!(told.contains("503") && told.contains("closed"), "{told}");
        assert_eq!(of_aws(&[]), ObservedAction::Other("[]".to_owned()));
    }
}
