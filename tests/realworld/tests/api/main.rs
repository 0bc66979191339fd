//! The RealWorld API, asked for what its public collection asks for and for what it refuses: in four
//! placements, whose transcripts agree to the word.

#![allow(clippy::unwrap_used, reason = "a failed test is what it is for")]

mod articles;
mod comments;
mod edge;
mod favorites;
mod lists;
mod place;
mod profiles;
mod size;
mod users;
mod visit;

use tokio::task::JoinSet;

use self::place::Placement;
use self::visit::Visit;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_placements_agree() {
    let mut visits = JoinSet::new();
    for placement in Placement::ALL {
        visits.spawn(async move { (placement, visit(placement).await) });
    }
    let mut told: Vec<(Placement, Vec<String>)> = visits.join_all().await;
    told.sort_by_key(|(placement, _)| Placement::ALL.iter().position(|other| other == placement));
    let (_, one) = told.remove(0);
    assert!(one.len() > 200, "{} lines", one.len());
    for (placement, lines) in told {
        for (one, other) in one.iter().zip(&lines) {
            assert_eq!(one, other, "one unit and {placement:?} differ");
        }
        assert_eq!(one.len(), lines.len(), "{placement:?}");
    }
}

async fn visit(placement: Placement) -> Vec<String> {
    let mut visit = Visit::begin(placement).await;
    users::scenario(&mut visit).await;
    profiles::scenario(&mut visit).await;
    articles::scenario(&mut visit).await;
    favorites::scenario(&mut visit).await;
    comments::scenario(&mut visit).await;
    lists::scenario(&mut visit).await;
    edge::scenario(&mut visit).await;
    visit.end().await
}
