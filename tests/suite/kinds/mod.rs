//! Every kind of resource, one at a time, against the strict emulator.

mod database;
mod db_parameter_group;
mod db_subnet_group;
mod ground;
mod listener;
mod load_balancer;
mod target_attachment;
mod target_group;
mod vpc;
