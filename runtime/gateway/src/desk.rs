//! One request, from its guard to its answer.

use std::borrow::Cow;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;

use actix_http::{Request, Response};
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use seam_core::call::{AnyClient, CallOptions, JsonReply};
use seam_core::context::{CallContext, TraceContext};
use seam_core::outcome::{CallError, NotExecuted};
use seam_core::remote::Caller;
use seam_core::time::Moment;

use crate::admission::Rate;
use crate::answer::Answer;
use crate::arguments::{Arguments, Found};
use crate::body;
use crate::form::Form;
use crate::guard;
use crate::probe::Probe;
use crate::problem::Problem;
use crate::routes::{MethodRoute, Routes, Target};
use crate::settings::EdgeSettings;
use crate::stream::Shared;

/// What all threads of an edge share.
pub(crate) struct Office {
    pub(crate) settings: EdgeSettings,
    pub(crate) routes: Routes,
    pub(crate) clients: Vec<Arc<dyn AnyClient>>,
    pub(crate) probe: Arc<dyn Probe>,
    pub(crate) rate: Option<Rate>,
}

/// Where one thread answers.
pub(crate) struct Desk {
    office: Arc<Office>,
    /// Clients of its own: threads that share one would share its counter at every call.
    clients: Vec<Arc<dyn AnyClient>>,
}

/// A request on its way.
struct Visit<'a> {
    desk: &'a Desk,
    request: &'a Request,
    began: Moment,
    trace: TraceContext,
}

impl Desk {
    pub(crate) fn new(office: Arc<Office>) -> Self {
        let clients = office.clients.iter().map(|client| client.for_caller(Caller::Edge)).collect();
        Self { office, clients }
    }

    /// Answers a request, whatever comes.
    pub(crate) async fn answer(
        self: Rc<Self>,
        mut request: Request,
    ) -> Result<Response<Vec<u8>>, Infallible> {
        let mut payload = request.take_payload();
        let _answering = Answering::on(&request);
        let visit = Visit {
            desk: &self,
            began: self.office.settings.clock.now(),
            trace: trace(&request),
            request: &request,
        };
        let result = visit.answer(&mut payload).await;
        Ok(visit.respond(result))
    }
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

fn trace(request: &Request) -> TraceContext {
    let parent = request.head().headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    match parent.and_then(TraceContext::from_traceparent) {
        Some(parent) => parent.child(),
        None => TraceContext::root(),
    }
}

impl Visit<'_> {
    async fn answer(&self, payload: &mut Payload) -> Result<Answer, Problem> {
        guard::check(self.request).map_err(|why| Problem::bad_request(why).closing())?;
        let office = &*self.desk.office;
        if let Some(rate) = &office.rate
            && let Some(peer) = self.request.peer_addr()
        {
            rate.admit(peer.ip(), self.began).map_err(Problem::rate_limited)?;
        }
        let Some((resource, params)) = office.routes.find(self.request.path()) else {
            return Err(Problem::not_found("there is no such path"));
        };
        let Some(target) = resource.target(self.request.method()) else {
            return Err(Problem::method_not_allowed(&resource.allow));
        };
        match target {
            Target::Method(route) => self.method(route, params, payload).await,
            Target::Rpc => {
                let mut names = params.iter().map(|(_, name)| name);
                let service = names.next().unwrap_or_default();
                self.rpc(service, names.next().unwrap_or_default(), payload).await
            }
            Target::Form => self.form(payload).await,
            Target::Health => Ok(Answer::ok(br#"{"status":"ok"}"#.to_vec())),
            Target::Readiness => self.readiness().await,
        }
    }

    /// A route that a method declares.
    async fn method(
        &self,
        route: &MethodRoute,
        params: matchit::Params<'_, '_>,
        payload: &mut Payload,
    ) -> Result<Answer, Problem> {
        let body = self.json(&route.arguments, payload).await?;
        let found = Found {
            path: params.iter().map(|(_, text)| decoded(text)).collect::<Result<_, _>>()?,
            query: self.request.uri().query().unwrap_or_default(),
            headers: Some(&self.request.head().headers),
            body: &body,
            field: None,
        };
        let body = self.call(route.client, route.index, &route.arguments, &found).await?;
        let location = route.location.as_ref().and_then(|location| location.of(&body));
        Ok(Answer { status: route.status, location, body })
    }

    /// `POST /rpc/{service}/{method}`.
    async fn rpc(
        &self,
        service: &str,
        method: &str,
        payload: &mut Payload,
    ) -> Result<Answer, Problem> {
        let service = self.desk.office.routes.services.named(service)?;
        let method = service.named(method)?;
        let body = self.json(&method.arguments, payload).await?;
        let found = Found { body: &body, ..Found::default() };
        self.call(service.client, method.index, &method.arguments, &found).await.map(Answer::ok)
    }

    /// `POST /gateway`. The deadline is that of the whole request here, its body included.
    async fn form(&self, payload: &mut Payload) -> Result<Answer, Problem> {
        if self.content_type() != Some(b"application/x-www-form-urlencoded") {
            let why = "the content type is something else than application/x-www-form-urlencoded";
            return Err(Problem::bad_request(why));
        }
        let limit = self.desk.office.settings.deadline;
        let body = tokio::time::timeout(limit, self.body(payload)).await;
        let body = body.map_err(|_| Problem::deadline().closing())??;
        let form = Form::parse(&body)?;
        let service = self.desk.office.routes.services.spelled(&form.module)?;
        form.check_version(service.version)?;
        let method = service.spelled(form.method())?;
        let field = Some("`bizContent`");
        let found = Found { body: form.arguments(), field, ..Found::default() };
        self.call(service.client, method.index, &method.arguments, &found).await.map(Answer::ok)
    }

    async fn readiness(&self) -> Result<Answer, Problem> {
        let office = &self.desk.office;
        match tokio::time::timeout(office.settings.deadline, office.probe.ready()).await {
            Ok(Ok(())) => Ok(Answer::ok(br#"{"status":"ready"}"#.to_vec())),
            Ok(Err(why)) => Err(Problem::unavailable(why)),
            Err(_) => Err(Problem::unavailable("the probe doesn't answer")),
        }
    }

    /// The one way to a service, for all ways in.
    async fn call(
        &self,
        client: usize,
        method: u16,
        arguments: &Arguments,
        found: &Found<'_>,
    ) -> Result<Vec<u8>, Problem> {
        let client = &*self.desk.clients[client];
        let problem = |error| Problem::of_call(error, client.service());
        if let Some(body) = arguments.as_they_are(found) {
            match self.begin(client, method, body).await {
                // It never ran. Looked at name by name, the body may turn out to be right, in
                // another spelling; and if it isn't, what is wrong is said in the edge's words.
                Err(CallError::NotExecuted(NotExecuted::BadRequest { .. })) => {}
                outcome => return outcome.map_err(problem),
            }
        }
        let collected = arguments.collect(found)?;
        self.begin(client, method, &collected).await.map_err(problem)
    }

    fn begin(&self, client: &dyn AnyClient, method: u16, arguments: &[u8]) -> JsonReply {
        let limit = self.desk.office.settings.deadline;
        let mut context = CallContext::root().with_deadline(self.began.after(limit));
        context.trace = self.trace;
        let options = CallOptions {
            deadline: None,
            default_deadline: Some(limit),
            context: Some(Arc::new(context)),
        };
        client.call_json(method, arguments, options)
    }

    /// A body that is JSON, if the arguments take one.
    async fn json(&self, arguments: &Arguments, payload: &mut Payload) -> Result<Bytes, Problem> {
        if !arguments.takes_body() {
            return Ok(Bytes::new());
        }
        let body = self.body(payload).await?;
        let is_json = |kind: &[u8]| kind == b"application/json" || kind.ends_with(b"+json");
        if !body.is_empty() && self.content_type().is_some_and(|kind| !is_json(kind)) {
            let why =
                "the content type isn't application/json: send that header, as `curl --json` does";
            return Err(Problem::bad_request(why));
        }
        Ok(body)
    }

    async fn body(&self, payload: &mut Payload) -> Result<Bytes, Problem> {
        if let Some(encoding) = self.request.head().headers.get(header::CONTENT_ENCODING)
            && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
        {
            return Err(Problem::bad_request("the body is compressed, and must not be"));
        }
        body::read(self.request, payload, self.desk.office.settings.limits.body).await
    }

    /// The content type without its parameters.
    fn content_type(&self) -> Option<&[u8]> {
        let value = self.request.head().headers.get(header::CONTENT_TYPE)?;
        value.as_bytes().split(|byte| *byte == b';').next().map(<[u8]>::trim_ascii)
    }

    fn respond(&self, result: Result<Answer, Problem>) -> Response<Vec<u8>> {
        let request_id = self.trace.trace;
        let (status, code) = match &result {
            Ok(answer) => (answer.status, ""),
            Err(problem) => (problem.status, &*problem.code),
        };
        let took = || self.desk.office.settings.clock.now().since(self.began);
        let (method, path) = (self.request.method(), self.request.path());
        if status.is_server_error() {
            tracing::info!(%method, path, status = status.as_u16(), code, took = ?took(), %request_id);
        } else {
            tracing::debug!(%method, path, status = status.as_u16(), code, took = ?took(), %request_id);
        }
        match result {
            Ok(answer) => answer.response(request_id),
            Err(problem) => problem.response(request_id),
        }
    }
}

/// A text in a path, decoded once.
fn decoded(text: &str) -> Result<Cow<'_, str>, Problem> {
    let text = percent_decode_str(text).decode_utf8();
    text.map_err(|_| Problem::bad_request("the path isn't UTF-8"))
}

/// Tells the connection that a request is being answered.
struct Answering(Option<Rc<Shared>>);

impl Answering {
    fn on(request: &Request) -> Self {
        let shared = request.conn_data::<Rc<Shared>>().cloned();
        if let Some(shared) = &shared {
            shared.answering.set(shared.answering.get() + 1);
            shared.begun.set(shared.begun.get() + 1);
        }
        Self(shared)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.answering.set(shared.answering.get() - 1);
        }
    }
}
