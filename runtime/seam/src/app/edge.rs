//! What a program adds to the edges of its app.

use std::sync::Arc;

use seam_gateway::actix_web::web::ServiceConfig;
use seam_gateway::{ProblemReport, Shaped};

use super::App;
use crate::services::Security;
use crate::unit::EdgeClients;

impl App {
    /// Adds routes of the program's own, made with actix-web, to every edge of the app. They are
    /// tried when no contract has the path and the verb; what guards the contracts' routes guards
    /// them too. Middleware goes around a scope of them. `routes` is asked once for each thread that
    /// serves HTTP.
    ///
    /// ```
    /// use seam::actix_web::web;
    ///
    /// let app = seam::App::new("shop").edge(|web, _clients| {
    ///     let hello = |name: web::Path<String>| async move { format!("hello {name}") };
    ///     web.route("/hello/{name}", web::get().to(hello));
    /// });
    /// # let _ = app;
    /// ```
    #[must_use]
    pub fn edge<F>(mut self, routes: F) -> Self
    where
        F: Fn(&mut ServiceConfig, &EdgeClients) + Send + Sync + 'static,
    {
        self.additions.routes = Some(Arc::new(routes));
        self
    }

    /// Adds a plug-in to every edge of the app: one that says who asks, or who may. They are asked in the
    /// order in which they are added.
    ///
    /// # Panics
    /// If its name is none, or a service or another plug-in has it.
    #[must_use]
    pub fn security<S: Security>(mut self) -> Self {
        self.registry.secure::<S>();
        self
    }

    /// Says how errors of the edge and of the runtime are answered: their status, and their body.
    /// Errors of services stay as their contracts say, unless [`App::errors`] says otherwise; the
    /// headers `x-seam-outcome`, `X-Request-Id`, `Retry-After` and `Allow` stay in any case.
    ///
    /// ```
    /// use seam::Shaped;
    ///
    /// let app = seam::App::new("shop").problems(|problem| {
    ///     Shaped::json(problem.status, &serde_json::json!({ "error": problem.detail }))
    /// });
    /// # let _ = app;
    /// ```
    #[must_use]
    pub fn problems<F>(mut self, shape: F) -> Self
    where
        F: Fn(&ProblemReport<'_>) -> Shaped + Send + Sync + 'static,
    {
        self.additions.problems = Some(Arc::new(shape));
        self
    }

    /// As [`App::problems`], for errors of services: where all errors of an API have one form. Its
    /// members have the error's fields.
    #[must_use]
    pub fn errors<F>(mut self, shape: F) -> Self
    where
        F: Fn(&ProblemReport<'_>) -> Shaped + Send + Sync + 'static,
    {
        self.additions.errors = Some(Arc::new(shape));
        self
    }
}
