//! What every engine must do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use seam_registry::{Claimed, Engine, Entry, Settings};
use tokio::time::sleep;

use crate::witness::Witness;

/// After which a view is fresh once its registry is back.
const FRESH: Duration = Duration::from_secs(2);
/// How soon an instance is known to those who are there.
const KNOWN: Duration = Duration::from_secs(2);

/// The engine of one more process of an app.
type Engines = Box<dyn Fn(&str) -> Arc<dyn Engine> + Send + Sync>;

/// Where an engine is tried.
pub(crate) struct Stage {
    pub(crate) settings: Settings,
    pub(crate) engine: Engines,
}

impl Stage {
    fn engine(&self, app: &str) -> Arc<dyn Engine> {
        (self.engine)(app)
    }

    /// One that has its connection, and grants claims: a keeper doesn't at once.
    async fn reached(&self, app: &str) -> Arc<dyn Engine> {
        let (engine, holder) = (self.engine(app), fastrand::u64(..));
        let name = format!("probe-{holder}");
        let fence = granted(&engine, &name, holder).await;
        engine.release(&name, holder, fence).await.unwrap();
        engine
    }

    fn witness(&self, app: &str) -> Witness {
        Witness::new(self.engine(app), self.settings)
    }
}

pub(crate) fn entry(unit: &str, instance: u16, launch: u64) -> Entry {
    Entry {
        app: "shop".into(),
        unit: unit.into(),
        instance,
        address: format!("127.0.0.1:{}", 7301 + instance),
        host: None,
        launch,
        release: "1".into(),
    }
}

/// All of it, one after the other: an engine may keep all apps in one place.
pub(crate) async fn run(stage: &Stage) {
    who_comes_and_leaves_is_told(stage).await;
    who_dies_is_gone_a_lease_later(stage).await;
    one_of_many_is_granted_a_claim(stage).await;
    a_claim_that_is_not_renewed_is_granted_to_the_next_with_a_higher_fence(stage).await;
}

async fn who_comes_and_leaves_is_told(stage: &Stage) {
    let early = stage.witness("comes");
    early.until("fresh", |witness| witness.membership.is_fresh()).await;
    let one = stage.witness("comes");
    one.membership.register(entry("quote", 7, 1));
    let took = early.until_known(&["quote.7#1"]).await;
    assert!(took < KNOWN, "it was known after {took:?}");
    let late = stage.witness("comes");
    late.until_known(&["quote.7#1"]).await;

    // It starts anew, before anybody has found that it was gone.
    drop(one);
    let next = stage.witness("comes");
    next.membership.register(entry("quote", 7, 2));
    for witness in [&early, &late] {
        witness.until_known(&["quote.7#2"]).await;
    }
    // The process before it doesn't renew any more what isn't its own; nor does it take that out.
    let engine = stage.reached("comes").await;
    assert_eq!(engine.renew(&entry("quote", 7, 1)).await, Ok(false));
    assert_eq!(engine.leave(&entry("quote", 7, 1)).await, Ok(()));
    let moved = Entry { address: "127.0.0.1:9".into(), ..entry("quote", 7, 2) };
    next.membership.register(moved.clone());
    early.until("it is told of", |witness| witness.said().last().unwrap() == "~quote.7").await;
    assert_eq!(early.places(), ["quote.7#2"]);

    next.membership.leave().await;
    let took = early.until_known(&[]).await;
    assert!(took < KNOWN, "it was gone after {took:?}");
    let said = early.said();
    assert_eq!(
        (said.first().unwrap(), said.last().unwrap()),
        (&"+quote.7".into(), &"-quote.7".into())
    );
    let changes = &said[1..said.len() - 1];
    assert!(changes.iter().all(|said| said == "~quote.7"), "it was there throughout: {said:?}");
}

async fn who_dies_is_gone_a_lease_later(stage: &Stage) {
    let witness = stage.witness("dies");
    let (lives, dies) = (stage.witness("dies"), stage.witness("dies"));
    lives.membership.register(entry("quote", 0, 1));
    dies.membership.register(entry("quote", 1, 1));
    witness.until_known(&["quote.0#1", "quote.1#1"]).await;
    drop(dies);
    let took = witness.until_known(&["quote.0#1"]).await;
    // Its lease began with the last renewal.
    let least = stage.settings.lease - stage.settings.heartbeat;
    assert!(took >= least.min(Duration::from_millis(500)), "it was gone after {took:?}");
    assert!(took < stage.settings.lease * 3, "it was gone after {took:?}");
    sleep(stage.settings.lease * 2).await;
    assert_eq!(witness.places(), ["quote.0#1"], "who renews stays");
    lives.membership.leave().await;
    witness.until_known(&[]).await;
}

/// Claims until it is granted; its fence.
async fn granted(engine: &Arc<dyn Engine>, name: &str, holder: u64) -> u64 {
    let began = Instant::now();
    loop {
        if let Ok(Claimed::Granted { fence }) = engine.claim(name, holder).await {
            return fence;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "never granted");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn one_of_many_is_granted_a_claim(stage: &Stage) {
    const NAME: &str = "ledger/number one";
    let engines = join_all((0..6).map(|_| stage.reached("claims"))).await;
    let mut fences = Vec::new();
    for _ in 0..5 {
        let claims = engines.iter().enumerate();
        let claims = claims.map(|(holder, engine)| engine.claim(NAME, holder as u64));
        let claimed = join_all(claims).await;
        let grants = claimed.iter().enumerate().filter_map(|(holder, claimed)| match claimed {
            Ok(Claimed::Granted { fence }) => Some((holder as u64, *fence)),
            _ => None,
        });
        let grants: Vec<(u64, u64)> = grants.collect();
        let [(holder, fence)] = grants[..] else { panic!("one of them: {claimed:?}") };
        let engine = &engines[holder as usize];
        let again = engine.claim(NAME, holder).await;
        assert_eq!(again, Ok(Claimed::Granted { fence }), "it has it already");
        assert_eq!(engine.renew_claim(NAME, holder, fence).await, Ok(true));
        assert_eq!(engine.claim(NAME, holder).await, Ok(Claimed::Granted { fence }));
        assert_eq!(engine.renew_claim(NAME, holder, fence - 1).await, Ok(false), "another grant");
        assert_eq!(engine.release(NAME, holder + 10, fence).await, Ok(()));
        assert_eq!(engine.renew_claim(NAME, holder, fence).await, Ok(true), "it wasn't theirs");
        assert_eq!(engine.release(NAME, holder, fence).await, Ok(()));
        assert_eq!(engine.renew_claim(NAME, holder, fence).await, Ok(false));
        fences.push(fence);
    }
    assert!(fences.is_sorted_by(|one, next| one < next), "fences grow: {fences:?}");
}

async fn a_claim_that_is_not_renewed_is_granted_to_the_next_with_a_higher_fence(stage: &Stage) {
    let (renews, other) = tokio::join!(stage.reached("takeover"), stage.reached("takeover"));
    let fence = granted(&renews, "ledger", 1).await;
    let until = Instant::now() + stage.settings.lease * 2;
    while Instant::now() < until {
        assert_eq!(renews.renew_claim("ledger", 1, fence).await, Ok(true));
        assert_eq!(other.claim("ledger", 2).await, Ok(Claimed::Held));
        sleep(stage.settings.heartbeat / 2).await;
    }
    // An engine that holds it by a session of its own gives that up with it.
    drop(renews);
    let higher = granted(&other, "ledger", 2).await;
    assert!(higher > fence, "{higher} after {fence}");
}

/// The registry is taken away and comes back: nothing known is forgotten, nobody expires, and soon it is
/// as it should be.
pub(crate) async fn away(stage: &Stage, take_away: impl AsyncFn(), bring_back: impl AsyncFn()) {
    let witness = stage.witness("away");
    let (one, other) = (stage.witness("away"), stage.witness("away"));
    one.membership.register(entry("quote", 0, 1));
    other.membership.register(entry("quote", 1, 1));
    witness.until_known(&["quote.0#1", "quote.1#1"]).await;
    let said = witness.said();

    take_away().await;
    witness.until("it is seen to be away", |witness| !witness.membership.is_fresh()).await;
    sleep(stage.settings.lease * 2).await;
    assert_eq!(witness.places(), ["quote.0#1", "quote.1#1"]);
    // Who comes and who dies meanwhile is told afterwards.
    drop(other);
    let third = stage.witness("away");
    third.membership.register(entry("quote", 2, 1));

    bring_back().await;
    let took = witness.until("fresh", |witness| witness.membership.is_fresh()).await;
    assert!(took < FRESH, "it was fresh {took:?} after its return");
    witness.until("the new one is known", |w| w.places().contains(&"quote.2#1".into())).await;
    witness.until_known(&["quote.0#1", "quote.2#1"]).await;
    sleep(stage.settings.lease * 2).await;
    assert_eq!(witness.places(), ["quote.0#1", "quote.2#1"]);
    let since = &witness.said()[said.len()..];
    assert!(!since.iter().any(|said| said == "-quote.0"), "who was there throughout: {since:?}");
    for leaves in [one, third] {
        leaves.membership.leave().await;
    }
    witness.until_known(&[]).await;
}
