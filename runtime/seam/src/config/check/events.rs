//! Who subscribes must be published to, and a topic is one contract's own.

use super::Check;
use crate::config::problem::{near, ticked};
use crate::config::{BusEngine, Config, Via};

impl Check<'_> {
    /// A service that is called by its queue needs a broker that has queues.
    pub(super) fn queues(&self, config: &Config) {
        let by_queue = config.services.iter().filter(|service| service.via == Via::Bus);
        for service in by_queue.filter(|_| config.bus.engine != BusEngine::RabbitMq) {
            let name = &service.name;
            self.findings.problem(
                &self.origin(&["services", name, "via"]),
                format!("`{name}` is called by its queue, and the bus has none"),
                "set `engine = \"rabbitmq\"` and `url` in [bus], or take out `via`",
            );
        }
    }

    pub(super) fn events(&self, config: &Config) {
        self.publishers(config);
        self.subscriptions(config);
    }

    /// Several services may publish a topic, if they have one contract: its types say what it is.
    fn publishers(&self, config: &Config) {
        let contract_of = |name: &str| {
            let contract = self.catalogue.service(name).and_then(|service| service.contract);
            contract.map_or("", |contract| contract.name.as_str())
        };
        let mut told = Vec::new();
        for (service, event) in self.catalogue.published() {
            let own = contract_of(&service.name);
            let mut others =
                self.catalogue.published().filter(|(_, other)| other.topic == event.topic);
            let Some((first, _)) = others.next() else { continue };
            let first = contract_of(&first.name);
            if first == own || told.contains(&(own, event.topic.as_str())) {
                continue;
            }
            told.push((own, event.topic.as_str()));
            self.findings.problem(
                &self.service(&service.name, config),
                format!(
                    "topic `{}` is published by two contracts, `{first}` and `{own}`: who subscribes \
                     couldn't tell whose events it gets",
                    event.topic
                ),
                format!("give the event of `{own}` a topic of its own, e.g. `{own}.…`"),
            );
        }
    }

    /// A subscription that nobody publishes would wait for ever.
    fn subscriptions(&self, config: &Config) {
        for (service, method, on) in self.catalogue.subscriptions() {
            let published = || self.catalogue.published().map(|(_, event)| event);
            let mut versions: Vec<u16> =
                published().filter(|event| event.topic == on.topic).map(|e| e.version).collect();
            if versions.contains(&on.version) {
                continue;
            }
            let who = format!("`{}.{}`", service.name, method.name);
            let (topic, version) = (&on.topic, on.version);
            let (reason, fix) = if versions.is_empty() {
                let mut topics: Vec<&str> = published().map(|event| event.topic.as_str()).collect();
                topics.sort_unstable();
                topics.dedup();
                let reason = format!(
                    "{who} subscribes to `{topic}`, which no service of this app publishes"
                );
                (reason, publish(topic, &topics))
            } else {
                versions.sort_unstable();
                versions.dedup();
                let versions: Vec<String> = versions.iter().map(u16::to_string).collect();
                let published = versions.join(" and ");
                let reason = format!(
                    "{who} subscribes to version {version} of `{topic}`, which is published in \
                     version {published}"
                );
                let fix = format!(
                    "take an event that is published as its argument, or name the one of version \
                     {version} in `events(…)` of the publisher's contract too"
                );
                (reason, fix)
            };
            self.findings.problem(&self.service(&service.name, config), reason, fix);
        }
    }
}

/// The fix for a topic that isn't published, by those that are.
fn publish(topic: &str, topics: &[&str]) -> String {
    let publish = "name the event in `events(…)` of its publisher's contract, and add that service to \
                   the app";
    match near(topic, topics) {
        Some(near) => format!("did you mean `{near}`?"),
        None if topics.is_empty() => format!("{publish}: nothing is published yet"),
        None => format!("{publish}: published are {}", ticked(topics)),
    }
}
