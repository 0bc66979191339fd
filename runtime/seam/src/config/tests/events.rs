//! Events that nobody publishes, or that two contracts do.

use super::*;

fn checked(services: Vec<KnownService>) -> String {
    let catalogue = Catalogue { app: "shop".into(), services, ..Catalogue::default() };
    match Config::parse("app.toml", "", [], &catalogue) {
        Ok(_) => "no problem".into(),
        Err(problems) => problems.to_string(),
    }
}

fn mail(on: &[(&str, u16)]) -> KnownService {
    KnownService::new("mail").events(&[], on)
}

#[test]
fn events_that_are_published_are_subscribed_to() {
    let order = KnownService::new("order")
        .needs(["mail"])
        .events(&[("order.paid", 1), ("order.paid", 2)], &[("order.paid", 2), ("mail.sent", 1)]);
    let mail = KnownService::new("mail").events(&[("mail.sent", 1)], &[("order.paid", 1)]);
    assert_eq!(checked(vec![order, mail]), "no problem", "their circle is none of calls");
}

#[test]
fn a_topic_that_nobody_publishes_is_told_with_the_one_that_was_meant() {
    let order = || KnownService::new("order").events(&[("order.paid", 1), ("user.gone", 1)], &[]);
    assert_eq!(
        checked(vec![order(), mail(&[("order.payd", 1)])]),
        "app.toml: `mail.order_payd` subscribes to `order.payd`, which no service of this app \
         publishes\n  fix: did you mean `order.paid`?"
    );
    let other = checked(vec![order(), mail(&[("shipping.dispatched", 1)])]);
    assert!(
        other.ends_with(
            "fix: name the event in `events(…)` of its publisher's contract, and add that service to \
             the app: published are `order.paid`, `user.gone`"
        ),
        "{other}"
    );
    let alone = checked(vec![mail(&[("order.paid", 1)])]);
    assert!(alone.ends_with("to the app: nothing is published yet"), "{alone}");
}

#[test]
fn a_version_that_nobody_publishes_is_told() {
    let order = KnownService::new("order").events(&[("order.paid", 3), ("order.paid", 2)], &[]);
    assert_eq!(
        checked(vec![order, mail(&[("order.paid", 1)])]),
        "app.toml: `mail.order_paid` subscribes to version 1 of `order.paid`, which is published in \
         version 2 and 3\n  fix: take an event that is published as its argument, or name the one of \
         version 1 in `events(…)` of the publisher's contract too"
    );
}

#[test]
fn a_topic_is_one_contracts_own() {
    let order = KnownService::new("order").events(&[("order.paid", 1)], &[]);
    let bills = KnownService::new("bills").events(&[("order.paid", 2), ("order.paid", 3)], &[]);
    assert_eq!(
        checked(vec![order.clone(), bills]),
        "app.toml: topic `order.paid` is published by two contracts, `order` and `bills`: who \
         subscribes couldn't tell whose events it gets\n  \
         fix: give the event of `bills` a topic of its own, e.g. `bills.…`"
    );
    let mut twin = order.clone();
    twin.name = "twin".into();
    assert_eq!(checked(vec![order, twin]), "no problem", "two services of one contract");
}
