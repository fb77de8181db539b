//! Every kind of resource, one at a time, against the strict emulator.

mod access_entry;
mod addon;
mod cluster;
mod database;
mod db_parameter_group;
mod db_subnet_group;
mod elastic_ip;
mod ground;
mod internet_gateway;
mod listener;
mod load_balancer;
mod nat_gateway;
mod node_group;
mod route_table;
mod security_group;
mod security_group_rule;
mod subnet;
mod target_attachment;
mod target_group;
mod vpc;
mod vpc_endpoint;
