//! What is left of a call without its policies: its turn, within bounds, and guarded.

use std::time::Duration;

use seam::App;
use seam::prelude::*;

use crate::support::expect_panics;
use crate::support::lab::Lab;
use crate::support::probe::{Act, ProbeClient, ProbeService};

#[tokio::test]
async fn without_policies_the_turn_and_its_guards_stay() {
    let lab = Lab::open();
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[units.all]\nservices = [\"probe\"]\n[services.probe]\nmailbox = 1\n\
         [services.probe.config]\nlab = {}\n",
        lab.id
    );
    let app = App::new("suite").service::<ProbeService>().config_text(config);
    let app = app.set("SEAM__APP__DATA", folder.path().display().to_string());
    let unit = app.without_policies().start().await.unwrap();
    let probe: ProbeClient = unit.client().unwrap();

    assert!(probe.read().deadline(Duration::ZERO).await.is_ok(), "no deadline");
    assert!(unit.status().await.methods.is_empty(), "no metrics");

    let waits = tokio::spawn(probe.alone("waits".into(), vec![Act::Pass("go".into())]));
    crate::support::until("it is in", async || lab.saw("begin waits")).await;
    let refused = probe.read().await;
    assert!(matches!(refused, Err(CallError::NotExecuted(NotExecuted::Overloaded { .. }))));
    lab.release("go");
    waits.await.unwrap().unwrap();

    expect_panics();
    let panicked = probe.alone("panics".into(), vec![Act::Panic]).await;
    assert_eq!(panicked, Err(CallError::Unknown(Unknown::Panicked)));
    unit.stop().await;
}
