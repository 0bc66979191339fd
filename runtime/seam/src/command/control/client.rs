//! The command line's side of a control socket.

use std::{io, time::Duration};

use serde_json::{Value as Json, value::RawValue};
use tokio::{
    io::{BufReader, ReadHalf, WriteHalf, split},
    net::UnixStream,
    time::timeout,
};

use super::protocol::{self, Request, Response};

/// What a unit answered: the result, or the problem.
pub(super) type Answer = Result<Box<RawValue>, Json>;

/// Asks one thing and waits for the answer, `patience` long in all: a unit that is stopped in its
/// tracks doesn't even take a long question.
///
/// # Errors
/// The unit went away, or didn't answer in time.
pub(in crate::command) async fn ask(
    stream: UnixStream,
    request: &Request,
    patience: Duration,
) -> io::Result<Answer> {
    Talk::new(stream).ask(request, patience).await
}

/// A connection on which one thing is asked after the other.
#[derive(Debug)]
pub(in crate::command) struct Talk {
    reader: BufReader<ReadHalf<UnixStream>>,
    writer: WriteHalf<UnixStream>,
}

impl Talk {
    pub(in crate::command) fn new(stream: UnixStream) -> Self {
        let (reader, writer) = split(stream);
        Self { reader: BufReader::new(reader), writer }
    }

    /// Asks one thing, as [`ask`] does. After an error nothing else may be asked here.
    ///
    /// # Errors
    /// The unit went away, or didn't answer in time.
    pub(in crate::command) async fn ask(
        &mut self,
        request: &Request,
        patience: Duration,
    ) -> io::Result<Answer> {
        let asked = async {
            protocol::write(&mut self.writer, request).await?;
            protocol::read(&mut self.reader, patience).await
        };
        let late = |_| io::Error::from(io::ErrorKind::TimedOut);
        match timeout(patience, asked).await.map_err(late)?? {
            Some(Response::Ok(result)) => Ok(Ok(result)),
            Some(Response::Problem(problem)) => Ok(Err(problem)),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::BoxFuture;
    use seam_core::context::TraceContext;
    use serde_json::{json, value::to_raw_value};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::{
        super::super::logs::Logs,
        super::{Configured, Control, ControlSocket, Refusal, UnitStatus, connect, serve},
        *,
    };
    use crate::{
        config::{Config, Source},
        services::{BusAnswer, BusAsk, BusRefusal},
        unit::{SeenAnswer, SeenAsk, Taken},
    };

    struct Echo;
    struct NoConfig;

    impl Configured for NoConfig {
        fn source(&self) -> Source {
            Source::of("app.toml", "# a")
        }

        fn take(&self, _: Source) -> BoxFuture<'_, Result<Taken, Refusal>> {
            Box::pin(std::future::ready(Ok(Taken::default())))
        }

        fn settle(&self) -> BoxFuture<'_, Vec<String>> {
            Box::pin(std::future::ready(Vec::new()))
        }

        fn reload(&self) -> BoxFuture<'_, Result<Taken, Refusal>> {
            Box::pin(std::future::ready(Err(Refusal::OfUp)))
        }

        fn settings(&self) -> BoxFuture<'_, Result<Taken, Refusal>> {
            Box::pin(std::future::ready(Err(Refusal::OfUp)))
        }
    }

    impl Control for Echo {
        async fn status(&self) -> UnitStatus {
            UnitStatus { unit: "all".into(), pid: 7, ..UnitStatus::default() }
        }

        async fn take(&self, _: &Config) -> Taken {
            Taken::default()
        }

        async fn settle(&self) -> Vec<String> {
            Vec::new()
        }

        async fn bus(&self, _: BusAsk) -> Result<BusAnswer, BusRefusal> {
            Ok(BusAnswer::default())
        }

        async fn seen(&self, _: SeenAsk) -> Result<SeenAnswer, String> {
            Ok(SeenAnswer::Spans(Vec::new()))
        }

        async fn call(
            &self,
            service: String,
            method: String,
            args: Box<RawValue>,
            deadline: Option<Duration>,
            _: Option<TraceContext>,
        ) -> Answer {
            let deadline = deadline.map(|d| d.as_millis() as u64);
            match service.as_str() {
                "echo" => Ok(to_raw_value(&(method, args, deadline)).unwrap()),
                _ => Err(json!({ "code": "unavailable" })),
            }
        }
    }

    /// Arguments that no number of this process could hold.
    const LARGE: &str = r#"{"a": 123456789012345678901234567890.10}"#;
    const SOON: Duration = Duration::from_secs(5);

    async fn running(test: impl AsyncFnOnce(&std::path::Path)) {
        let data = tempfile::tempdir().unwrap();
        let socket = ControlSocket::bind(data.path(), "all").unwrap();
        let logs = Logs::unheard();
        tokio::select! {
            never = serve(&socket, Arc::new(Echo), Arc::new(NoConfig), &logs) => match never {},
            () = test(data.path()) => {}
        }
    }

    fn call(service: &str) -> Request {
        Request::Call {
            service: service.into(),
            method: "m".into(),
            args: RawValue::from_string(LARGE.into()).unwrap(),
            deadline_ms: Some(5),
            traceparent: None,
        }
    }

    #[tokio::test]
    async fn status_and_calls_come_back() {
        running(async |data| {
            let stream = || async { connect(data, "all").await.unwrap().unwrap() };
            let status = ask(stream().await, &Request::Status {}, SOON).await.unwrap().unwrap();
            let status: Json = serde_json::from_str(status.get()).unwrap();
            assert_eq!(status["pid"], 7);
            let pong = ask(stream().await, &Request::Ping {}, SOON).await.unwrap().unwrap();
            assert_eq!(pong.get(), "null");
            let answer = ask(stream().await, &call("echo"), SOON).await.unwrap();
            assert_eq!(answer.unwrap().get(), format!(r#"["m",{LARGE},5]"#));
            let answer = ask(stream().await, &call("other"), SOON).await.unwrap();
            assert_eq!(answer.unwrap_err(), json!({ "code": "unavailable" }));
            let config = ask(stream().await, &Request::Config {}, SOON).await.unwrap().unwrap();
            assert_eq!(config.get(), r##"{"file":"app.toml","text":"# a"}"##);
            let answer = ask(stream().await, &Request::Reload {}, SOON).await.unwrap();
            assert_eq!(Refusal::of(&answer.unwrap_err()), Some(Refusal::OfUp));
        })
        .await;
    }

    #[tokio::test]
    async fn nonsense_is_answered_and_let_go() {
        running(async |data| {
            for nonsense in ["{\"shutdown\":{}}\n", "\u{0}\n", "[1,2\n"] {
                let mut stream = connect(data, "all").await.unwrap().unwrap();
                stream.write_all(nonsense.as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                assert!(answer.contains("\"bad_request\""), "{answer}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn an_endless_line_is_cut_off() {
        running(async |data| {
            let mut stream = connect(data, "all").await.unwrap().unwrap();
            let block = vec![b'x'; 1 << 20];
            let mut sent = 0;
            while sent <= 64 && stream.write_all(&block).await.is_ok() {
                sent += 1;
            }
            assert!(sent <= 64, "{sent} MiB were taken");
        })
        .await;
    }
}
