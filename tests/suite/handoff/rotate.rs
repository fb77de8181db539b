//! A password is exchanged, and nobody is locked out wherever that ends.

use futures_core::future::BoxFuture;
use ppm_infra::architecture::helm_inputs;
use ppm_infra::cloud::simulated::{Simulated, Turn};
use ppm_infra::cloud::vault::{SecretVersion, Stage, Vault};
use ppm_infra::cloud::{CloudError, Context, ErrorKind};
use ppm_infra::model::address::Address;
use ppm_infra::run::{Rotated, Rotation, Stop, rotate};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::reference::{Standing, reference};

/// A vault whose process ends at the n-th call that writes, before or after the call is carried out.
struct Mortal<'a> {
    vault: &'a Simulated,
    writes: AtomicUsize,
    dies_at: usize,
    carried_out: bool,
}

impl Mortal<'_> {
    async fn write(&self, call: BoxFuture<'_, Result<(), CloudError>>) -> Result<(), CloudError> {
        let died = || CloudError::new(ErrorKind::Abandoned, "go on", "the process died");
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        if number == self.dies_at && !self.carried_out {
            return Err(died());
        }
        call.await?;
        if number == self.dies_at { Err(died()) } else { Ok(()) }
    }
}

impl Vault for Mortal<'_> {
    fn version<'a>(&'a self, arn: &'a str, stage: Stage) -> BoxFuture<'a, Result<Option<SecretVersion>, CloudError>> {
        self.vault.version(arn, stage)
    }

    fn stage_login<'a>(
        &'a self,
        arn: &'a str,
        user: &'a str,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(self.write(Box::pin(async move { self.vault.stage_login(arn, user, cx).await })))
    }

    fn set_password<'a>(
        &'a self,
        database: &'a str,
        password: &'a SecretString,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(self.write(Box::pin(async move { self.vault.set_password(database, password, cx).await })))
    }

    fn promote<'a>(&'a self, arn: &'a str, next: &'a str, current: &'a str) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(self.write(Box::pin(async move { self.vault.promote(arn, next, current).await })))
    }
}

fn rotation(standing: &Standing) -> Rotation {
    let state = standing.bench.state();
    let inputs = helm_inputs(&standing.stack, &state).unwrap();
    let address: Address = "database.main".parse().unwrap();
    let database = state.resources[&address].computed.text("id").unwrap().to_owned();
    Rotation { stack: "ppm-prod".to_owned(), address, database, secret: inputs.database_secret_arn }
}

async fn password(vault: &dyn Vault, arn: &str, stage: Stage) -> Option<String> {
    let version = vault.version(arn, stage).await.unwrap()?;
    Some(version.login().unwrap().1.expose_secret().to_owned())
}

fn turn(cloud: &Simulated, arn: &str) -> Turn {
    cloud.world().turns.get(arn).copied().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn wherever_it_dies_the_next_one_finishes_it_and_nobody_is_locked_out() {
    for carried_out in [false, true] {
        for dies_at in 0..3 {
            let standing = Standing::of(reference()).await;
            let (cloud, rotation) = (&*standing.bench.cloud, rotation(&standing));
            let arn = rotation.secret.as_str();
            let first = password(cloud, arn, Stage::Current).await.unwrap();
            let mortal = Mortal { vault: cloud, writes: AtomicUsize::new(0), dies_at, carried_out };
            let what = format!("write {dies_at}, carried out: {carried_out}");
            rotate(&standing.bench.session, &mortal, &rotation).await.expect_err(&what);

            let now = turn(cloud, arn);
            assert!(now.taken == now.current || Some(now.taken) == now.pending, "{what}: {now:?}");

            let staged = now.pending.filter(|pending| *pending != now.current);
            let done = rotate(&standing.bench.session, cloud, &rotation).await.unwrap();
            assert_eq!(done, if staged.is_some() { Rotated::Finished } else { Rotated::Fresh }, "{what}");
            let end = turn(cloud, arn);
            assert_eq!(end.taken, end.current, "{what}: what everybody reads is what the database takes");
            assert_eq!(end.current, staged.unwrap_or(now.current + 1), "{what}: what was staged is used");
            assert_ne!(password(cloud, arn, Stage::Current).await.unwrap(), first, "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_rotation_brings_another_password_and_touches_nothing_else() {
    let mut standing = Standing::of(reference()).await;
    let rotation = rotation(&standing);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(password(&*standing.bench.cloud, &rotation.secret, Stage::Current).await.unwrap());
        let done = rotate(&standing.bench.session, &*standing.bench.cloud, &rotation).await.unwrap();
        assert_eq!(done, Rotated::Fresh);
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
    // The next plan finds nothing to do.
    assert!(!standing.edit(|_| ()).await.plan.has_changes());
}

/// A vault in which somebody staged the login of another user.
struct Meddled<'a>(&'a Simulated);

impl Vault for Meddled<'_> {
    fn version<'a>(&'a self, arn: &'a str, stage: Stage) -> BoxFuture<'a, Result<Option<SecretVersion>, CloudError>> {
        match stage {
            Stage::Current => self.0.version(arn, stage),
            Stage::Pending => {
                let value = r#"{"username":"postgres","password":"x"}"#.into();
                Box::pin(std::future::ready(Ok(Some(SecretVersion { id: "theirs".to_owned(), value }))))
            }
        }
    }

    fn stage_login<'a>(&'a self, _: &'a str, _: &'a str, _: &'a Context) -> BoxFuture<'a, Result<(), CloudError>> {
        unreachable!("something is staged already")
    }

    fn set_password<'a>(
        &'a self,
        _: &'a str,
        _: &'a SecretString,
        _: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        panic!("the database gets somebody else's password")
    }

    fn promote<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), CloudError>> {
        panic!("everybody reads somebody else's login")
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_staged_for_another_user_is_not_taken() {
    let standing = Standing::of(reference()).await;
    let (vault, rotation) = (Meddled(&standing.bench.cloud), rotation(&standing));
    let refused = rotate(&standing.bench.session, &vault, &rotation).await.unwrap_err();
    assert!(refused.to_string().contains("the login of another user"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn who_wants_to_stop_starts_none_but_finishes_one() {
    let mut standing = Standing::of(reference()).await;
    let rotation = rotation(&standing);
    standing.bench.session.stop = Stop::new();
    standing.bench.session.stop.drain();
    let cloud = &*standing.bench.cloud;
    rotate(&standing.bench.session, cloud, &rotation).await.expect_err("nothing new is started");
    assert_eq!(turn(cloud, &rotation.secret), Turn::default());

    cloud.meddle(|world| {
        world.turns.insert(rotation.secret.clone(), Turn { current: 0, pending: Some(1), taken: 1 });
    });
    assert_eq!(rotate(&standing.bench.session, cloud, &rotation).await.unwrap(), Rotated::Finished);
    assert_eq!(turn(cloud, &rotation.secret), Turn { current: 1, pending: Some(1), taken: 1 });
}
