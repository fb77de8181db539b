//! Every kind of resource, one at a time, against the strict emulator.

mod elastic_ip;
mod internet_gateway;
mod nat_gateway;
mod route_table;
mod security_group;
mod security_group_rule;
mod subnet;
mod vpc;
mod vpc_endpoint;
