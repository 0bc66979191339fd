//! Modules that no contract of the app has, as the form gateway asks them.

use super::{Ending, Here, Step, later, permit, plugins};
use crate::form::Form;
use crate::http::StatusCode;
use crate::modules::{AskedModule, FIRST, ModuleError, is_name};
use crate::problem::Problem;
use crate::response::Response;

/// Asks whoever serves the form's module, with its `method` and `bizContent` as they were sent; `unknown`
/// is what is answered where nobody does.
pub(super) async fn ask(here: &Here<'_>, form: &Form<'_>, unknown: Problem) -> Step<Response> {
    let Some(modules) = &here.worker.shared.own.modules else { return Err(unknown.into()) };
    let version = form.version.as_deref().unwrap_or(FIRST);
    if !is_name(&form.module) || !is_name(version) {
        return Err(unknown.into());
    }
    let method = format!("{}.{}", form.module, form.method());
    permit::check_module(here, &method)?;
    plugins::authorize(here, Some(&method)).await?;
    let asked = AskedModule {
        module: form.module.to_string(),
        version: version.to_owned(),
        method: form.method.to_string(),
        biz_content: form.biz_content.as_deref().unwrap_or_default().to_owned(),
        wait: later::left(here),
        trace: here.request.trace,
    };
    if let Some(tickets) = later::keeper(here) {
        let kept = later::keep_module(here, tickets, asked).await?;
        return Err(Ending::Answer(kept));
    }
    match modules.ask(asked).await {
        Ok(result) => Ok(Response::json(StatusCode::OK, result)),
        Err(ModuleError::NoModule) => Err(unknown.into()),
        Err(ModuleError::Failed(error)) => Err(Problem::of_call(error, &form.module).into()),
    }
}
