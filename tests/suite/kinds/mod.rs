//! Every kind of resource, one at a time, against the strict emulator.

mod bucket;
mod database;
mod db_parameter_group;
mod db_subnet_group;
mod elastic_ip;
mod ground;
mod iam_policy;
mod iam_role;
mod internet_gateway;
mod kms_key;
mod listener;
mod load_balancer;
mod nat_gateway;
mod oidc_provider;
mod route_table;
mod secret;
mod security_group;
mod security_group_rule;
mod subnet;
mod target_attachment;
mod target_group;
mod vpc;
mod vpc_endpoint;
