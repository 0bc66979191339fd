//! Modules that no contract of the app has: whoever takes from their queues serves them.

use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_bus::command::Callee;
use seam_core::call::CallOptions;
use seam_core::context::TraceContext;
use seam_core::contract::ServiceFailure;
use seam_core::outcome::{CallError, NotExecuted, Unknown};
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

impl Modules for ByQueues {
    fn ask(&self, asked: AskedModule) -> BoxFuture<'static, Result<Vec<u8>, ModuleError>> {
        let asking = self.0.clone();
        Box::pin(async move {
            let AskedModule { module, version, method, biz_content, wait, trace } = asked;
            let queue = queue(&module, &version);
            match asking.ask_module(&queue, (&method, &biz_content), (wait, &trace)).await {
                Ok(Replied::Result(json)) => Ok(json),
                Ok(Replied::Error(json)) => Err(ModuleError::Failed(module_failure(&json))),
                Err(Unanswered::NoQueue) => Err(ModuleError::NoModule),
                Err(Unanswered::NotSent(why)) => Err(ModuleError::Unavailable { why }),
                Err(Unanswered::Lost(why)) => Err(ModuleError::Unknown { why }),
                Err(Unanswered::Late) => Err(ModuleError::Late),
            }
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
            match asking.ask_module(&queue, (&method, &text), (WAIT, &trace)).await {
                Ok(Replied::Result(json)) => Ok(json),
                Ok(Replied::Error(json)) => Err(CallError::Service(module_failure(&json))),
                Err(Unanswered::NoQueue) => {
                    Err(NotExecuted::unavailable(format!("there is no queue `{queue}`")).into())
                }
                Err(Unanswered::NotSent(why)) => Err(NotExecuted::unavailable(why).into()),
                Err(Unanswered::Lost(why)) => {
                    Err(Unknown::ConnectionLost { reason: why.into() }.into())
                }
                Err(Unanswered::Late) => Err(Unknown::DeadlineExceeded.into()),
            }
        })
    }
}
