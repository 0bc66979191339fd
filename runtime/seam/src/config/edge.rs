//! `[edge]`, read.

use std::time::Duration;

use seam_core::contract::Rule;
use seam_gateway::{EdgeSettings, Versions};

use super::{
    auth::read_auth,
    catalogue::{Catalogue, KnownPlugin},
    https::EdgeTlsConfig,
    load::{list_settings, positive},
    rates::{Nets, Rate},
    reader::{Findings, Reader},
    settings::Settings,
    tree::Table,
    types::{EdgeConfig, EdgeRate, EdgeRule, PluginConfig},
    value::Bytes,
    web::{read_cache, read_cors, read_files},
};

/// `[edge]` and the tables below it.
pub(super) fn read_edge(
    mut reader: Reader<'_>,
    (root, catalogue, findings): (&Table, &Catalogue, &Findings),
) -> EdgeConfig {
    let EdgeSettings { deadline, notice, limits, .. } = EdgeSettings::default();
    let some = 1..=1_000_000;
    let body = |bytes: &Bytes| match bytes.0 {
        1..=0x4000_0000 => Ok(()),
        _ => Err(("`body` is out of its range".into(), "use a value from 1 to \"1GiB\"".into())),
    };
    let rate = reader.value("rate", Rate(limits.rate));
    let edge = EdgeConfig {
        deadline: reader.checked("deadline", deadline, positive),
        body: reader.checked("body", Bytes(limits.body as u64), body).0,
        body_time: reader.checked("body_time", limits.body_time, positive),
        head_time: reader.checked("head_time", limits.head_time, positive),
        write_time: reader.checked("write_time", limits.write_time, positive),
        notice: reader.value("notice", notice),
        connections: reader.within("connections", limits.connections as u64, some.clone()) as usize,
        connections_per_address: reader.within(
            "connections_per_address",
            limits.connections_per_address as u64,
            some,
        ) as usize,
        rate: rate.0,
        rates: read_rates(reader.table("rates")),
        failures: reader.value("failures", Rate(limits.failures)).0,
        in_flight: reader.within("in_flight", limits.in_flight.into(), 0..=1_000_000) as u32,
        trusted: reader.value("trusted", Nets::default()).0,
        unknown_query: reader.value("unknown_query", limits.unknown_query),
        errors: reader.checked("errors", EdgeSettings::default().errors.to_string(), explained),
        plug: reader.value("plug", vec!["*".into()]),
        forget: reader.value("forget", Duration::from_secs(60)),
        versions: Versions {
            pinned: read_versions(reader.table("versions")),
            grey: read_grey(reader.table("grey")),
        },
        open: reader.value("open", false),
        tls: EdgeTlsConfig::read(&mut reader, root),
        allow: read_allow(reader.table("allow")),
        auth: read_auth(&mut reader, rate),
        plugins: read_plugins(reader.table("plugins"), root, catalogue, findings),
        cors: read_cors(reader.table("cors")),
        cache: read_cache(reader.table("cache")),
        files: read_files(reader.table("files")),
    };
    reader.finish();
    edge
}

/// Majors of services.
fn read_versions(reader: Reader<'_>) -> Vec<(String, u16)> {
    reader.texts(|text| {
        let wrong = || (format!("`{text}` is no major version"), "write e.g. \"1\"".to_owned());
        text.parse().map_err(|_| wrong())
    })
}

/// Shares of majors.
fn read_grey(reader: Reader<'_>) -> Vec<(String, u16, u8)> {
    reader.numbers(|key, share: u64| {
        let parts = key.split_once('@').and_then(|(name, major)| Some((name, major.parse().ok()?)));
        let Some((name, major)) = parts else {
            let fix = "write SERVICE@MAJOR, in quotes: \"loyalty@2\"".to_owned();
            return Err(("it is no major of a service".to_owned(), fix));
        };
        match u8::try_from(share) {
            Ok(share @ 0..=100) => Ok((name.to_owned(), major, share)),
            _ => Err((format!("{share} is no percentage"), "use 0 to 100".to_owned())),
        }
    })
}

/// Rules, whose methods and arguments are looked at once services are known.
fn read_allow(reader: Reader<'_>) -> Vec<EdgeRule> {
    let rules = reader.texts(|text| {
        let fix = "use e.g. \"self:user_id or role:support\"";
        Rule::parse(text).map_err(|error| (error.to_string(), fix.to_owned()))
    });
    rules.into_iter().map(|(method, rule)| EdgeRule { method, rule }).collect()
}

/// Limits, whose methods are looked at once services are known.
fn read_rates(reader: Reader<'_>) -> Vec<EdgeRate> {
    let rates = reader.values::<Rate>().into_iter();
    rates.map(|(method, Rate(quota))| EdgeRate { method, quota }).collect()
}

/// The tables of plug-ins; of those that nobody has written, empty ones.
fn read_plugins(
    mut reader: Reader<'_>,
    root: &Table,
    catalogue: &Catalogue,
    findings: &Findings,
) -> Vec<PluginConfig> {
    let read = |plugin: &KnownPlugin| {
        let path = ["edge", "plugins", plugin.name];
        let mut settings = Settings {
            path: path.join("."),
            origin: root.origin(&path),
            table: reader.raw(plugin.name).clone(),
        };
        findings.problems.borrow_mut().extend(plugin.settle(&mut settings).err());
        list_settings(&settings.path, &settings.table, findings);
        let (name, knows_clients) = (plugin.name.to_owned(), plugin.knows_clients);
        PluginConfig { name, knows_clients, settings }
    };
    let plugins = catalogue.plugins.iter().map(read).collect();
    reader.finish();
    plugins
}

/// Whether codes may be explained there.
fn explained(errors: &String) -> Result<(), (String, String)> {
    let begins = ["https://", "http://", "/"].iter().any(|start| errors.starts_with(start));
    let plain =
        errors.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}?#".contains(&byte));
    if begins && plain && errors.ends_with('/') {
        return Ok(());
    }
    let fix = "use `https://example.com/errors/`: a code is put behind it";
    Err((format!("`{errors}` is neither a URL nor a path that ends with `/`"), fix.into()))
}
