//! The API as a document, and the page that shows it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use seam_core::call::{AnyClient, Client};
use seam_core::codec::Blob;
use seam_core::contract::{Contract, Rule};
use seam_core::outcome::Code;
use seam_gateway::{About, Api, Asks, Edge, EdgeSettings, Own, Scheme, Versions, openapi};
use serde_json::{Value, json};

use crate::support::{Drawer, Ready, edge, get, json, request, settings, shelf, till};

/// Set to anything, it has the expected document written anew: read what has changed.
const OVERWRITE: &str = "GOLDEN_OVERWRITE";

/// A contract with one of everything that a document tells.
#[seam::contract(name = "tea", version = "1.0")]
pub(crate) trait Tea {
    /// Brews tea.
    ///
    /// It takes its time.
    #[call(
        public,
        allow = "self:drinker_id or role:staff",
        http = "POST /api/tea/{drinker_id}",
        status = 201,
        location = "/api/cup/{id}"
    )]
    async fn brew(
        &self,
        /// Who drinks it.
        drinker_id: String,
        order: TeaOrder,
    ) -> Result<Cup, TeaError>;

    /// A cup.
    #[call(allow = "anyone", http = "GET /api/cup/{cup_id}")]
    async fn cup(&self, cup_id: u64) -> Result<Cup, TeaError>;

    /// Some cups.
    #[call(http = "GET /api/cup")]
    async fn cups(
        &self,
        wanted: Wanted,
        /// How many.
        #[check(range = 1..=100)]
        limit: Option<u32>,
    ) -> Vec<Cup>;

    /// Hangs a picture up.
    #[call(
        http = "PUT /api/cup/{id}/picture",
        accept = "image/png",
        status = 204,
        header(title = "X-Title")
    )]
    async fn hang(&self, id: u64, picture: Blob, #[check(len = 1..=8)] title: Option<String>);

    /// The picture.
    #[call(http = "GET /api/cup/{id}/picture")]
    async fn picture(&self, id: u64) -> Blob;
}

/// What is brewed.
#[seam::message]
pub(crate) struct TeaOrder {
    /// Which sorts.
    #[check(len = 1..=4)]
    pub(crate) sorts: Vec<Sort>,
    #[check(range = 1..)]
    pub(crate) cup_count: u8,
}

#[seam::message]
pub(crate) enum Sort {
    /// The usual.
    Black,
    Green,
}

#[seam::message]
pub(crate) struct Wanted {
    pub(crate) sort: Option<Sort>,
    pub(crate) tag: Vec<String>,
}

/// A cup of tea.
#[seam::message]
pub(crate) struct Cup {
    pub(crate) id: u64,
    pub(crate) order: TeaOrder,
}

#[seam::error]
pub(crate) enum TeaError {
    /// no water is left
    #[error(status = 409)]
    NoWater {
        /// In how many minutes there will be some.
        minutes: Option<u32>,
        /// What was wanted.
        order: TeaOrder,
    },
    /// there is no such cup
    #[error(status = 404)]
    NoCup,
}

struct Kitchen;

impl Tea for Kitchen {
    async fn brew(&self, _: String, order: TeaOrder) -> Result<Cup, TeaError> {
        Ok(Cup { id: 1, order })
    }

    async fn cup(&self, _: u64) -> Result<Cup, TeaError> {
        Err(TeaError::NoCup)
    }

    async fn cups(&self, _: Wanted, _: Option<u32>) -> Vec<Cup> {
        Vec::new()
    }

    async fn hang(&self, _: u64, _: Blob, _: Option<String>) {}

    async fn picture(&self, _: u64) -> Blob {
        Blob::default()
    }
}

fn kitchen() -> Arc<dyn AnyClient> {
    Arc::new(Client::<TeaContract>::local(Kitchen).unwrap())
}

fn document(known: bool, schemes: &[Scheme], allow: &HashMap<String, Rule>) -> Value {
    let api = Api {
        about: &About { title: "kitchen".into(), version: "7".into() },
        services: &[("tea", TeaContract::descriptor())],
        versions: &Versions::default(),
        errors: "/errors/",
        tickets: false,
        own_problems: false,
        own_errors: false,
        asks: Asks { known, schemes, allow },
    };
    openapi(&api).unwrap()
}

fn open() -> Value {
    document(false, &[], &HashMap::new())
}

#[test]
fn the_document_is_as_expected() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/edge/documented.json");
    let document = told(open());
    if std::env::var_os(OVERWRITE).is_some() {
        std::fs::write(file, format!("{document:#}\n")).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    let expected: Value = serde_json::from_str(&expected).unwrap_or_default();
    for (name, part) in document.as_object().unwrap() {
        assert_eq!(*part, expected[name], "`{name}`; {OVERWRITE}=1 takes it as it is");
    }
}

/// What a document tells of the contract, without the words of the runtime's own codes.
fn told(mut document: Value) -> Value {
    let schemas = document["components"]["schemas"].take();
    let own =
        |name: &str| name.strip_prefix("problem.").is_none_or(|code| Code::of(code).is_none());
    let mut schemas = schemas.as_object().unwrap().clone();
    schemas.retain(|name, _| own(name));
    document["components"] = json!({ "schemas": schemas });
    let paths = document["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| path.starts_with("/api/") || path.starts_with("/rpc/"));
    for operation in paths.values_mut().flat_map(|item| item.as_object_mut().unwrap().values_mut())
    {
        let responses = operation["responses"].as_object_mut().unwrap();
        for (_, response) in responses.iter_mut().filter(|(status, _)| status.as_str() >= "400") {
            response.as_object_mut().unwrap().retain(|name, _| name != "description");
        }
    }
    document
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
    let document = open();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let found = document.pointer(reference.strip_prefix('#').unwrap());
        assert!(found.is_some_and(Value::is_object), "{reference}");
    }
    let mut names = BTreeMap::new();
    for (path, verb, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert_eq!(names.insert(name, (path, verb)), None, "{name}");
        // Whoever says that a path has a name says what it is, and the other way round.
        let named: Vec<&str> = path.split('/').filter(|part| part.starts_with('{')).collect();
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let told = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let told: Vec<String> =
            told.map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap())).collect();
        assert_eq!(told, named, "{verb} {path}");
    }
}

fn collect<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| collect(member, found));
        }
        Value::Array(all) => all.iter().for_each(|one| collect(one, found)),
        _ => {}
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(move |(verb, operation)| (path.as_str(), verb.as_str(), operation))
    })
}

#[test]
fn what_asks_for_a_credential_says_so() {
    let of = |document: &Value| -> BTreeMap<String, Value> {
        let all = operations(document);
        all.map(|(_, _, operation)| {
            (operation["operationId"].as_str().unwrap().to_owned(), operation["security"].clone())
        })
        .collect()
    };
    for (name, security) in of(&open()) {
        assert_eq!(security, json!([]), "{name}: nobody is known");
    }
    let allow = HashMap::from([("tea.cups".to_owned(), Rule::parse("anyone").unwrap())]);
    let known = document(true, &[Scheme::Bearer, Scheme::Key], &allow);
    let either = json!([{ "bearer": [] }, { "key": [] }]);
    for (name, security) in of(&known) {
        let asks = ["tea.brew", "tea.brew.rpc", "tea.hang", "tea.picture"].contains(&&*name);
        assert_eq!(security, if asks { either.clone() } else { json!([]) }, "{name}");
    }
    let brew = &known["paths"]["/api/tea/{drinkerId}"]["post"];
    assert_eq!(brew["x-seam-allow"], "self:drinkerId or role:staff");
    assert!(brew["responses"].get("401").is_some());
    let kinds = known["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(kinds.keys().collect::<Vec<_>>(), ["bearer", "key"]);
}

#[tokio::test]
async fn an_edge_serves_its_document_and_a_new_one_with_its_contracts() {
    let own =
        Own { about: About { title: "kitchen".into(), version: "7".into() }, ..Own::default() };
    let edge = Edge::bind_with(settings(), vec![kitchen()], Arc::new(Ready), own).unwrap();
    let answer = get(&edge, "/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.json(), open());
    edge.serve(vec![kitchen(), shelf()]).unwrap();
    let document = get(&edge, "/openapi.json").await.json();
    assert!(document["paths"].get("/api/book/{id}").is_some());
    edge.settings().set(EdgeSettings { errors: "https://example.com/".into(), ..settings() });
    let document = get(&edge, "/openapi.json").await.json();
    let kind = "/components/schemas/problem.book_not_found/properties/type/const";
    assert_eq!(document.pointer(kind), Some(&json!("https://example.com/book_not_found")));
}

#[tokio::test]
async fn where_calls_are_kept_the_document_says_so() {
    let edge = till(&Drawer::new());
    let document = get(&edge, "/openapi.json").await.json();
    assert!(document["paths"]["/tickets/{id}"]["get"].is_object());
    let kept =
        operations(&document).filter(|(.., operation)| operation["responses"].get("202").is_some());
    assert!(kept.count() > 1);
}

#[tokio::test]
async fn types_of_one_name_are_told_apart() {
    let document = openapi(&Api {
        about: &About::default(),
        services: &[
            ("tea", TeaContract::descriptor()),
            ("other", other::OtherContract::descriptor()),
        ],
        versions: &Versions::default(),
        errors: "/errors/",
        tickets: false,
        own_problems: false,
        own_errors: false,
        asks: Asks { known: false, schemes: &[], allow: &HashMap::new() },
    });
    let document = document.unwrap();
    let schemas = &document["components"]["schemas"];
    assert!(schemas["Cup"]["properties"].get("order").is_some());
    assert!(schemas["other.Cup"]["properties"].get("size").is_some());
    let answer = "/paths/~1api~1other/get/responses/200/content/application~1json/schema/$ref";
    assert_eq!(document.pointer(answer), Some(&json!("#/components/schemas/other.Cup")));
}

mod other {
    #[seam::contract(name = "other", version = "1.0")]
    pub(crate) trait Other {
        #[call(http = "GET /api/other", public)]
        async fn cup(&self) -> Cup;
    }

    #[seam::message]
    pub(crate) struct Cup {
        pub(crate) size: u8,
    }
}

mod next {
    #[seam::contract(name = "other", version = "2.0")]
    pub(crate) trait Other {
        #[call(http = "GET /api/other", public)]
        async fn cup(&self) -> String;
    }
}

#[test]
fn a_path_without_a_major_is_of_the_one_that_answers_there() {
    let services = [
        ("other", other::OtherContract::descriptor()),
        ("other@2", next::OtherContract::descriptor()),
    ];
    let paths = |versions: &Versions| {
        let document = openapi(&Api {
            about: &About::default(),
            services: &services,
            versions,
            errors: "/errors/",
            tickets: false,
            own_problems: false,
            own_errors: false,
            asks: Asks { known: false, schemes: &[], allow: &HashMap::new() },
        });
        document.unwrap()["paths"].as_object().unwrap().clone()
    };
    let of = |paths: &serde_json::Map<String, Value>, path: &str, verb: &str| {
        paths[path][verb]["operationId"].as_str().unwrap().to_owned()
    };
    let lowest = paths(&Versions::default());
    assert_eq!(of(&lowest, "/api/other", "get"), "other.cup");
    assert_eq!(of(&lowest, "/v2/api/other", "get"), "other@2.cup");
    assert_eq!(of(&lowest, "/rpc/other/cup", "post"), "other.cup.rpc");
    assert_eq!(of(&lowest, "/v2/rpc/other/cup", "post"), "other@2.cup.rpc");
    let pinned =
        Versions { pinned: vec![("other".into(), 2)], grey: vec![("other".into(), 1, 50)] };
    let pinned = paths(&pinned);
    assert_eq!(of(&pinned, "/v1/api/other", "get"), "other.cup");
    assert_eq!(of(&pinned, "/api/other", "get"), "other@2.cup");
    assert_eq!(of(&pinned, "/v1/rpc/other/cup", "post"), "other.cup.rpc");
    assert_eq!(of(&pinned, "/rpc/other/cup", "post"), "other@2.cup.rpc");
    assert_eq!(pinned.len(), lowest.len());
}

#[tokio::test]
async fn constraints_are_held_and_the_argument_is_named() {
    let edge = Edge::bind(settings(), vec![kitchen()], Arc::new(Ready)).unwrap();
    let brewed = json(&edge, "/api/tea/ada", r#"{"sorts":["black"],"cupCount":1}"#).await;
    assert_eq!(brewed.status, 201, "{brewed:?}");
    for (body, why) in [
        (r#"{"sorts":["black"],"cupCount":0}"#, "`order.cupCount`: 0 is less than 1"),
        (
            r#"{"order":{"sorts":[],"cupCount":1}}"#,
            "`order.sorts`: has 0 elements, and needs 1 at least",
        ),
    ] {
        let refused = json(&edge, "/api/tea/ada", body).await;
        assert_eq!(refused.problem(), (400, "bad_request".into(), "not_executed".into()));
        assert_eq!(refused.json()["detail"], why);
    }
    let refused = get(&edge, "/api/cup?limit=101").await;
    assert_eq!(refused.json()["detail"], "`limit`: 101 is more than 100");
}

#[tokio::test]
async fn the_page_and_its_files_are_served_under_a_strict_policy() {
    let edge = edge();
    let page = get(&edge, "/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let files = page.body.split('"').filter(|text| text.starts_with("/docs/"));
    let files: Vec<&str> = files.chain(["/docs", "/docs/schema.js", "/docs/call.js"]).collect();
    assert!(files.len() > 4);
    for file in files {
        let answer = get(&edge, file).await;
        assert_eq!(answer.status, 200, "{file}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{file}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{file}");
    }
    assert_eq!(get(&edge, "/docs/other.js").await.problem().0, 404);
}

#[tokio::test]
async fn a_verb_that_is_unknown_is_told_before_its_body() {
    let edge = edge();
    for verb in ["GET", "DELETE"] {
        let head = format!("{verb} /rpc/shelf/book\nContent-Type: application/json");
        let answer = request(&edge, &head, r#"{"id":1}"#).await;
        assert_eq!(answer.problem().0, 405, "{verb}");
    }
    let answer = request(&edge, "GET /api/book/1\nContent-Type: application/json", "{}").await;
    assert_eq!(answer.problem().0, 400, "this one is known");
}
