//! The unit's side of its control socket.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use seam_core::context::TraceContext;
use serde_json::{
    Value as Json, json,
    value::{RawValue, to_raw_value},
};
use tokio::{
    io::{BufReader, split},
    net::UnixStream,
    sync::Semaphore,
};

use super::super::logs::Logs;
use super::UnitStatus;
use super::{
    configured::{Configured, Refusal},
    protocol::{self, Request, Response, Text},
    socket::ControlSocket,
};
use crate::{
    config::Config,
    services::{BusAnswer, BusAsk, BusRefusal},
    unit::{SeenAnswer, SeenAsk, Taken},
};

/// What a running unit does for those who may control it.
pub(crate) trait Control: Send + Sync + 'static {
    /// How it is.
    fn status(&self) -> impl Future<Output = UnitStatus> + Send;

    /// The first step of another config.
    fn take(&self, config: &Config) -> impl Future<Output = Taken> + Send;

    /// The second one: why services that move here don't start, if so.
    fn settle(&self) -> impl Future<Output = Vec<String>> + Send;

    /// What is known of events and commands here.
    fn bus(&self, ask: BusAsk) -> impl Future<Output = Result<BusAnswer, BusRefusal>> + Send;

    /// What was counted and recorded here.
    fn seen(&self, ask: SeenAsk) -> impl Future<Output = Result<SeenAnswer, String>> + Send;

    /// Calls a method of a service, wherever it is, with its arguments by name, as a part of `trace` or of
    /// one of its own. A failure is the problem that the edge would answer with.
    fn call(
        &self,
        service: String,
        method: String,
        args: Box<RawValue>,
        deadline: Option<Duration>,
        trace: Option<TraceContext>,
    ) -> impl Future<Output = Result<Box<RawValue>, Json>> + Send;
}

/// Serves until it is dropped, and never ends by itself. What the unit itself can't know of its process is how its `logs` do.
pub(in crate::command) async fn serve(
    socket: &ControlSocket,
    control: Arc<impl Control>,
    config: Arc<dyn Configured>,
    logs: &Logs,
) -> Infallible {
    let clients = Arc::new(Semaphore::new(protocol::CLIENTS));
    loop {
        let Ok(client) = clients.clone().acquire_owned().await else {
            // Nobody closes it.
            return std::future::pending().await;
        };
        match socket.listener.accept().await {
            Ok((stream, _)) => {
                let (control, config, logs) = (control.clone(), config.clone(), logs.clone());
                tokio::spawn(async move {
                    if let Err(error) = talk(stream, &*control, &*config, &logs).await {
                        tracing::debug!(%error, "a client of the control socket was let go");
                    }
                    drop(client);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket accepts nobody");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn talk(
    stream: UnixStream,
    control: &impl Control,
    config: &dyn Configured,
    logs: &Logs,
) -> io::Result<()> {
    let (reader, mut writer) = split(stream);
    let mut reader = BufReader::new(reader);
    loop {
        let request = match protocol::read(&mut reader, protocol::IDLE).await {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) => {
                let detail = format!("this is no request: {error}");
                let problem = json!({ "code": "bad_request", "detail": detail });
                protocol::write(&mut writer, &Response::Problem(problem)).await?;
                return Err(error);
            }
        };
        let response = match request {
            Request::Ping {} => Response::Ok(to_raw_value(&())?),
            Request::Status {} => {
                let status =
                    UnitStatus { log_lines_dropped: logs.dropped(), ..control.status().await };
                Response::Ok(to_raw_value(&status)?)
            }
            Request::Config {} => Response::Ok(to_raw_value(&Text::from(config.source()))?),
            Request::Take(text) => taken(config.take(text.into()).await)?,
            Request::Settle {} => Response::Ok(to_raw_value(&config.settle().await)?),
            Request::Reload {} => taken(config.reload().await)?,
            Request::Settings {} => taken(config.settings().await)?,
            Request::Bus(ask) => match control.bus(ask).await {
                Ok(answer) => Response::Ok(to_raw_value(&answer)?),
                Err(BusRefusal(why)) => {
                    Response::Problem(json!({ "code": "refused", "detail": why }))
                }
            },
            Request::Seen(ask) => match control.seen(ask).await {
                Ok(answer) => Response::Ok(to_raw_value(&answer)?),
                Err(why) => Response::Problem(json!({ "code": "unavailable", "detail": why })),
            },
            Request::Call { service, method, args, deadline_ms, traceparent } => {
                let deadline = deadline_ms.map(Duration::from_millis);
                let trace = traceparent.as_deref().and_then(TraceContext::from_traceparent);
                match control.call(service, method, args, deadline, trace).await {
                    Ok(result) => Response::Ok(result),
                    Err(problem) => Response::Problem(problem),
                }
            }
        };
        protocol::write(&mut writer, &response).await?;
    }
}

fn taken(taken: Result<Taken, Refusal>) -> io::Result<Response> {
    Ok(match taken {
        Ok(taken) => Response::Ok(to_raw_value(&taken)?),
        Err(refusal) => Response::Problem(refusal.to_json()),
    })
}
