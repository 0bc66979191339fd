//! Modules that no contract of the app has: whoever takes from their queues serves them.

use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_bus::command::Callee;
use seam_core::call::CallOptions;
use seam_core::context::TraceContext;
use seam_core::contract::ServiceFailure;
use seam_core::outcome::CallError;
use seam_gateway::{AskedModule, ModuleError, Modules, module_failure};
use seam_rabbitmq::{Asking, Replied, Unanswered, queue};
use tokio::time::sleep;

/// For so long a worker may take over what it is asked by a command.
const WAIT: Duration = Duration::from_secs(30);
/// So often it is looked whether there is one.
const LOOK: Duration = Duration::from_millis(200);

/// Modules, for an edge.
pub(super) struct ByQueues(pub(super) Asking);

/// A method of one, for commands.
pub(super) struct Module {
    pub(super) asking: Asking,
    pub(super) queue: String,
    pub(super) method: String,
}

/// Asks whoever takes from a queue, with what was sent; a worker's error is a service's.
async fn asked(
    asking: &Asking,
    queue: &str,
    sent: (&str, &str),
    of_use: (Duration, &TraceContext),
) -> Result<Vec<u8>, ModuleError> {
    match asking.ask_module(queue, sent, of_use).await {
        Ok(Replied::Result(json)) => Ok(json),
        Ok(Replied::Error(json)) => {
            Err(ModuleError::Failed(CallError::Service(module_failure(&json))))
        }
        Err(Unanswered::NoQueue) => Err(ModuleError::NoModule),
        Err(why) => Err(ModuleError::Failed(why.into_failure(queue).into())),
    }
}

impl Modules for ByQueues {
    fn ask(&self, wanted: AskedModule) -> BoxFuture<'static, Result<Vec<u8>, ModuleError>> {
        let asking = self.0.clone();
        Box::pin(async move {
            let AskedModule { module, version, method, biz_content, wait, trace } = wanted;
            let queue = queue(&module, &version);
            asked(&asking, &queue, (&method, &biz_content), (wait, &trace)).await
        })
    }
}

impl Callee for Module {
    fn anybody(&self) -> BoxFuture<'static, ()> {
        let (asking, queue) = (self.asking.clone(), self.queue.clone());
        Box::pin(async move {
            while !asking.is_taken(&queue).await {
                sleep(LOOK).await;
            }
        })
    }

    fn call(
        &self,
        arguments: &[u8],
        options: CallOptions,
    ) -> BoxFuture<'static, Result<Vec<u8>, CallError<ServiceFailure>>> {
        let (asking, queue, method) =
            (self.asking.clone(), self.queue.clone(), self.method.clone());
        let text = String::from_utf8_lossy(arguments).into_owned();
        let trace = options.context.map_or_else(TraceContext::root, |context| context.trace);
        Box::pin(async move {
            let came = asked(&asking, &queue, (&method, &text), (WAIT, &trace)).await;
            came.map_err(|error| match error {
                ModuleError::NoModule => Unanswered::NoQueue.into_failure(&queue).into(),
                ModuleError::Failed(error) => error,
            })
        })
    }
}
