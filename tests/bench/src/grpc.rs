//! What `tonic-build` would generate, as a macro and a function, so that no `protoc` is needed to
//! build the bench: the same codec, the same boxed futures, the same dispatch by path.

use std::time::Duration;

use tokio::net::TcpListener;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::server::{Router, TcpIncoming};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

/// Calls in flight on one connection, on both sides.
const LIMIT: u32 = 4096;

/// A connection as tonic's docs advise: one channel, cloned per call, without Nagle's delay.
pub(crate) async fn connect(address: &str) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .tcp_nodelay(true)
        .buffer_size(LIMIT as usize)
        .connect_timeout(Duration::from_secs(5));
    Ok(endpoint.connect().await?)
}

/// A server builder whose limit isn't in the way.
pub(crate) fn server() -> Server {
    Server::builder().max_concurrent_streams(LIMIT)
}

/// Serves until the process ends.
pub(crate) async fn serve(router: Router, listener: TcpListener) -> anyhow::Result<()> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Ok(router.serve_with_incoming(incoming).await?)
}

/// One unary call, as a generated client makes it.
pub(crate) async fn unary<Q, R>(
    channel: &Channel,
    path: &'static str,
    request: Q,
) -> Result<R, Status>
where
    Q: prost::Message + 'static,
    R: prost::Message + Default + 'static,
{
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.map_err(|why| Status::unavailable(why.to_string()))?;
    let path = PathAndQuery::from_static(path);
    let codec = ProstCodec::<Q, R>::default();
    Ok(client.unary(Request::new(request), path, codec).await?.into_inner())
}

/// Makes `$server`, a tonic service that answers the given paths with `$service`'s async methods.
macro_rules! grpc_service {
    ($server:ident($service:ty), $name:literal { $($path:literal => $method:ident: $request:ty => $reply:ty;)* }) => {
        #[derive(Clone)]
        pub(crate) struct $server(pub(crate) std::sync::Arc<$service>);

        impl tonic::server::NamedService for $server {
            const NAME: &'static str = $name;
        }

        impl<B> tonic::codegen::Service<tonic::codegen::http::Request<B>> for $server
        where
            B: tonic::codegen::Body + Send + 'static,
            B::Error: Into<tonic::codegen::StdError> + Send + 'static,
        {
            type Response = tonic::codegen::http::Response<tonic::body::Body>;
            type Error = std::convert::Infallible;
            type Future = tonic::codegen::BoxFuture<Self::Response, Self::Error>;

            fn poll_ready(
                &mut self,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Result<(), Self::Error>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: tonic::codegen::http::Request<B>) -> Self::Future {
                match request.uri().path() {
                    $(concat!("/", $name, "/", $path) => {
                        struct Method(std::sync::Arc<$service>);
                        impl tonic::server::UnaryService<$request> for Method {
                            type Response = $reply;
                            type Future =
                                tonic::codegen::BoxFuture<tonic::Response<$reply>, tonic::Status>;
                            fn call(&mut self, request: tonic::Request<$request>) -> Self::Future {
                                let service = std::sync::Arc::clone(&self.0);
                                Box::pin(async move {
                                    let reply = service.$method(request.into_inner()).await?;
                                    Ok(tonic::Response::new(reply))
                                })
                            }
                        }
                        let method = Method(std::sync::Arc::clone(&self.0));
                        Box::pin(async move {
                            let codec = tonic_prost::ProstCodec::default();
                            Ok(tonic::server::Grpc::new(codec).unary(method, request).await)
                        })
                    })*
                    _ => Box::pin(async {
                        Ok(tonic::Status::unimplemented("no such method").into_http())
                    }),
                }
            }
        }
    };
}

pub(crate) use grpc_service;
