//! What a program adds to the edges of its app.

use std::fmt;
use std::sync::Arc;

use seam_core::call::ClientOf;
use seam_core::contract::Contract;
use seam_core::remote::Caller;
use seam_gateway::actix_web::web::ServiceConfig;
use seam_gateway::{About, Own, OwnRoutes, Shape, Tickets};

use super::NoSuchClient;
use super::broker::Brokers;
use super::clients::Routes;

/// Adds the program's own routes, with clients to call services by.
pub(crate) type Routing = Arc<dyn Fn(&mut ServiceConfig, &EdgeClients) + Send + Sync>;

/// What a program adds to each edge of its app. Default: nothing.
#[derive(Clone, Default)]
pub(crate) struct Additions {
    pub(crate) routes: Option<Routing>,
    pub(crate) problems: Option<Shape>,
    pub(crate) errors: Option<Shape>,
}

/// Clients for the program's own routes: on every service of the app, wherever it is.
#[derive(Clone)]
pub struct EdgeClients {
    routes: Arc<Routes>,
}

impl Additions {
    /// The same for one unit's edge.
    pub(super) fn own(
        &self,
        routes: &Arc<Routes>,
        tickets: Arc<dyn Tickets>,
        brokers: &Brokers,
        about: About,
    ) -> Own {
        let of_unit = |routing: &Routing| -> OwnRoutes {
            let (routing, routes) = (Arc::clone(routing), Arc::clone(routes));
            let clients = EdgeClients { routes };
            Arc::new(move |web| routing(web, &clients))
        };
        Own {
            about,
            routes: self.routes.as_ref().map(of_unit),
            problems: self.problems.clone(),
            errors: self.errors.clone(),
            tickets: Some(tickets),
            plugins: Vec::new(),
            modules: brokers.modules(),
            ..Own::default()
        }
    }
}

impl EdgeClients {
    /// A client on the service of its contract; its calls are made by the edge.
    ///
    /// # Errors
    /// If the app has no such service.
    pub fn client<K: ClientOf>(&self) -> Result<K, NoSuchClient> {
        let contract = K::Contract::NAME;
        Routes::typed(contract, self.routes.contract(contract), Caller::Edge)
    }

    /// A client on the service of that name.
    ///
    /// # Errors
    /// If the app has no service of that name and contract.
    pub fn client_of<K: ClientOf>(&self, name: &str) -> Result<K, NoSuchClient> {
        Routes::typed(name, self.routes.service(name), Caller::Edge)
    }
}

impl fmt::Debug for EdgeClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services = self.routes.own().iter().map(|client| client.service());
        f.debug_list().entries(services).finish()
    }
}
