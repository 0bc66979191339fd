//! From events to lines.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use seam_telemetry::logs::{Level, LogEntry, Look};
use serde_json::{Map, Value};
use tracing::{Event, Subscriber, span};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::{super::colour, Logs, fields::Fields, said};
use crate::config::LogFormat;

/// So many spans are told of: the innermost.
const SPANS: usize = 16;

/// Makes a line of each event, and gives it to standard error and to the file.
pub(super) struct Lines {
    logs: Logs,
    format: LogFormat,
    colour: bool,
    /// Whether people are told the modules.
    detailed: Arc<AtomicBool>,
}

impl Lines {
    pub(super) fn new(logs: &Logs, format: LogFormat, detailed: Arc<AtomicBool>) -> Self {
        Self { logs: logs.clone(), format, colour: colour::wanted(), detailed }
    }

    fn entry<S>(&self, event: &Event<'_>, context: &Context<'_, S>) -> LogEntry
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let target = fields.target.unwrap_or_else(|| metadata.target().to_owned());
        let origin = &self.logs.origin;
        let entry = LogEntry::new(grave(*metadata.level()), &origin.unit, origin.instance);
        let entry = entry.with("target", target);
        let entry = match fields.message {
            Some(message) => entry.with("message", message),
            None => entry,
        };
        let mut entry = said::in_call(entry);
        for (field, value) in fields.own {
            entry.add(field, value);
        }
        let spans = context.event_scope(event).into_iter().flatten().take(SPANS).map(told);
        let mut spans: Vec<Value> = spans.collect();
        if spans.is_empty() {
            return entry;
        }
        spans.reverse();
        entry.with("spans", spans)
    }
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let entry = self.entry(event, &context);
        let kept = self.logs.are_kept();
        let export = self.logs.exporter();
        let is_needed = kept || export.is_some() || self.format == LogFormat::Json;
        let line = is_needed.then(|| entry.line());
        if let (true, Some(line)) = (kept, &line) {
            self.logs.file.line(line.as_bytes());
        }
        if let (Some(export), Some(line)) = (export, &line) {
            export.lines(vec![line.clone()]);
        }
        let line = match (self.format, line) {
            (LogFormat::Json, Some(line)) => line,
            _ => {
                let target = self.detailed.load(Ordering::Relaxed);
                entry.text(Look { colour: self.colour, target, day: false }) + "\n"
            }
        };
        self.logs.console.line(line.as_bytes());
    }
}

/// What a span says of itself: its name, and then its fields, of which the last value holds.
fn told<'s, S: LookupSpan<'s>>(span: SpanRef<'s, S>) -> Value {
    let mut members = Map::new();
    members.insert("name".into(), span.name().into());
    if let Some(fields) = span.extensions().get::<Fields>() {
        for (name, value) in &fields.own {
            let name = if *name == "name" { "line.name" } else { name };
            members.insert(name.into(), value.clone());
        }
    }
    members.into()
}

const fn grave(level: tracing::Level) -> Level {
    match level {
        tracing::Level::TRACE => Level::Trace,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::INFO => Level::Info,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::ERROR => Level::Error,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, sync::Arc, time::Duration};

    use seam_core::{
        context::{CallContext, in_context},
        name::ServiceId,
    };
    use tracing::subscriber::with_default;
    use tracing_subscriber::{layer::SubscriberExt as _, registry};

    use super::{super::Origin, *};

    /// The lines of the file and those of the console that `work` leaves.
    fn lines(format: LogFormat, work: impl FnOnce()) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let origin = Origin { unit: "front".into(), instance: Some(2) };
        let logs = Logs::of_test(folder.path(), origin);
        let mut layer = Lines::new(&logs, format, Arc::default());
        layer.colour = false;
        with_default(registry().with(layer), work);
        logs.flush(Duration::from_secs(20));
        let read =
            |path: &Path| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
        (read(&folder.path().join("test.jsonl")), read(&folder.path().join("console.jsonl")))
    }

    /// Keys of a JSON object's text, in their order: all of them.
    fn keys(line: &str) -> Vec<String> {
        struct Keys;
        impl<'de> serde::de::Visitor<'de> for Keys {
            type Value = Vec<String>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Self::Value, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, _)) = map.next_entry::<String, Value>()? {
                    keys.push(key);
                }
                Ok(keys)
            }
        }
        serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(line), Keys)
            .unwrap()
    }

    fn hostile() {
        let span = tracing::info_span!("work", name = "mine", unit = "span's", step = 1);
        let _inside = span.enter();
        span.record("step", 2);
        tracing::warn!(
            timestamp = "never", level = 9, unit = "pay", instance = 7, target = "t", spans = true,
            service = "s", method = "m", trace_id = "t", span_id = "s", big = u64::MAX, nan = f64::NAN,
            r#type = ?Some(1), a.b = "dots", "not charged"
        );
    }

    #[test]
    fn no_key_stands_twice_whatever_fields_are_called() {
        let (file, console) = lines(LogFormat::Json, hostile);
        assert_eq!(file, console);
        let own = [
            "timestamp",
            "level",
            "unit",
            "instance",
            "target",
            "message",
            "line.timestamp",
            "line.level",
            "line.unit",
            "line.instance",
            "line.target",
            "line.spans",
            "service",
            "method",
            "trace_id",
            "span_id",
            "big",
            "nan",
            "type",
            "a.b",
            "spans",
        ];
        assert_eq!(keys(&file[0]), own);
        let entry: Value = serde_json::from_str(&file[0]).unwrap();
        assert_eq!((&entry["unit"], &entry["instance"]), (&"front".into(), &2.into()));
        assert_eq!((&entry["line.unit"], &entry["level"]), (&"pay".into(), &"WARN".into()));
        assert_eq!((&entry["big"], &entry["nan"]), (&u64::MAX.into(), &"NaN".into()));
        let spans = r#"[{"name":"work","line.name":"mine","unit":"span's","step":2}]"#;
        assert_eq!(entry["spans"].to_string(), spans);
    }

    #[test]
    fn a_line_in_a_turn_says_which_call_it_is_of() {
        let mut context = CallContext::root();
        for service in ["layer-shop", "layer-order@2"] {
            assert!(context.chain.push(ServiceId::of(service).unwrap()));
        }
        let (trace, span) = (context.trace.trace.to_string(), context.trace.span.to_string());
        let short = trace[..8].to_owned();
        let said = || {
            let saying = in_context(Arc::new(context), async {
                tracing::warn!(service = "payment", trace_id = 1, "not charged");
            });
            at_once(saying);
        };
        let (file, console) = lines(LogFormat::Text, said);
        let entry = LogEntry::read(file[0].as_bytes()).unwrap();
        assert_eq!(entry.service(), Some("layer-order"));
        assert_eq!((entry.trace_id(), entry.span_id()), (Some(&*trace), Some(&*span)));
        let (_, line) = console[0].split_once("  WARN ").unwrap();
        assert_eq!(line, format!("not charged service=payment trace_id=1 (layer-order {short})"));
    }

    #[test]
    fn a_request_at_the_edge_is_of_no_service() {
        let (file, _) = lines(LogFormat::Text, || {
            let context = Arc::new(CallContext::root());
            at_once(in_context(context, async { tracing::info!("hello") }));
            tracing::info!("outside");
        });
        let entry = |line: &str| LogEntry::read(line.as_bytes()).unwrap();
        assert_eq!(entry(&file[0]).service(), Some("edge"));
        assert_eq!((entry(&file[1]).service(), entry(&file[1]).trace_id()), (None, None));
    }

    /// Runs what is ready at once.
    fn at_once(future: impl Future<Output = ()>) {
        use futures_util::FutureExt as _;
        future.now_or_never().unwrap();
    }
}
