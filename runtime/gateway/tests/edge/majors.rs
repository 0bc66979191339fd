//! Majors of one service beside each other.

use std::sync::Arc;

use seam_core::call::{AnyClient, Client};
use seam_gateway::{Edge, EdgeSettings, Own};

use crate::support::{Ready, get, settings};

mod first {
    #[seam::contract(name = "coat", version = "1.0")]
    pub(crate) trait Coat {
        /// Its colour.
        #[call(public, http = "GET /api/colour", allow = "anyone", cache = "1h")]
        #[call(http = "GET /api/hue", status = 202)]
        async fn colour(&self) -> String;
    }
}

mod second {
    #[seam::contract(name = "coat", version = "2.0")]
    pub(crate) trait Coat {
        /// Its colour.
        #[call(public, http = "GET /api/colour", allow = "anyone", cache = "1h")]
        async fn colour(&self) -> String;
    }
}

struct Coat(&'static str);

impl first::Coat for Coat {
    async fn colour(&self) -> String {
        self.0.into()
    }
}

impl second::Coat for Coat {
    async fn colour(&self) -> String {
        self.0.into()
    }
}

fn edge(settings: EdgeSettings) -> Edge {
    let clients: Vec<Arc<dyn AnyClient>> = vec![
        Arc::new(Client::<first::CoatContract>::local(Coat("red")).unwrap()),
        Arc::new(Client::<second::CoatContract>::local(Coat("blue")).unwrap()),
    ];
    Edge::bind_with(settings, clients, Arc::new(Ready), Own::default()).unwrap()
}

#[tokio::test]
async fn what_one_major_has_answered_is_no_answer_of_the_other() {
    let edge = edge(settings());
    for _ in 0..2 {
        assert_eq!(get(&edge, "/v1/api/colour").await.body, "\"red\"");
        assert_eq!(get(&edge, "/v2/api/colour").await.body, "\"blue\"");
        // Nor of another route that makes something else of it.
        assert_eq!(get(&edge, "/api/hue").await.status, 202);
    }
    assert_eq!(get(&edge, "/api/colour").await.header("age"), Some("0"));
}
