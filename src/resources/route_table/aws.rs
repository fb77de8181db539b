//! The calls of a route table (EC2 `CreateRouteTable`, `CreateRoute`, `ReplaceRoute`, `DeleteRoute`,
//! `AssociateRouteTable`, `ReplaceRouteTableAssociation`, `DisassociateRouteTable`, `DescribeRouteTables`,
//! `DeleteRouteTable`).
//!
//! Routes and associations that nobody of us declared or recorded are told as notes and left alone. What differs is
//! found by reading the table, not from the record: references may mean other objects than when it was recorded.

mod contents;

use std::time::Duration;

use aws_sdk_ec2::types::{self, Filter, ResourceType};

use super::{RouteTable, RouteTableComputed};
use crate::cloud::CloudError;
use crate::cloud::aws::ec2::{self, delete_unused, filter, look, retag, retry_until_visible, tag_specification, told};
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing,
};
use contents::{Contents, associations};

// What was disassociated moments before may still count.
const LINGER: Duration = Duration::from_mins(5);

ec2::object!(types::RouteTable, route_table_id);

impl Provision for RouteTable {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        look(
            lookups,
            cx,
            "route-table-id",
            |filter| list(cx.aws, filter),
            |one, table, tags| {
                let (routes, mut notes) = contents::routes(table, one, cx);
                let (subnets, more) = contents::subnets(table, one, cx);
                notes.extend(more);
                let declared = Self { vpc: cx.refer(table.vpc_id().unwrap_or_default()), routes, subnets, tags };
                Ok(ReadOutcome::Present(Box::new(Present {
                    declared,
                    computed: computed_of(table),
                    notes,
                    waiting: Vec::new(),
                    settled: true,
                })))
            },
        )
        .await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        ec2::census(here, |filter| list(here.aws, filter)).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<RouteTableComputed, CloudError> {
        let doing = "create the route table";
        let vpc = cx.id(&self.vpc)?;
        let computed = retry_until_visible(cx, || async {
            let call = cx.aws.ec2.create_route_table().vpc_id(&vpc).client_token(cx.mark.token(0));
            let made = call.tag_specifications(tag_specification(cx, ResourceType::RouteTable, self)).send().await;
            told(made.during(doing)?.route_table().map(computed_of), doing)
        })
        .await?;
        cx.made(&computed).await?;
        Contents::of(self, cx)?.put(&computed.id, None, cx).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &RouteTableComputed,
        cx: &Writing<'_>,
    ) -> Result<RouteTableComputed, CloudError> {
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        Contents::of(self, cx)?.put(&known.id, Some(from), cx).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &RouteTableComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        delete_unused(cx, LINGER, None, || async {
            for table in list(cx.aws, filter("route-table-id", [&known.id])).await? {
                for (association, _) in associations(&table) {
                    contents::disassociate(cx.aws, association).await?;
                }
            }
            cx.aws.ec2.delete_route_table().route_table_id(&known.id).send().await.during("delete the route table")
        })
        .await
    }
}

fn computed_of(table: &types::RouteTable) -> RouteTableComputed {
    RouteTableComputed { id: table.route_table_id().unwrap_or_default().to_owned() }
}

async fn list(aws: &Clients, filter: Filter) -> Result<Vec<types::RouteTable>, CloudError> {
    let pages = aws.ec2.describe_route_tables().filters(filter).into_paginator().items().send();
    pages.try_collect().await.during("read the route table")
}
