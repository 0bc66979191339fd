//! What was asked and answered, so that placements can be compared: everything but tokens, times
//! and request ids.

use seam_tests::http::{Request, Response, post};
use serde_json::{Value, json};

use crate::place::{Place, Placement};

/// The app, and all that was said to it so far.
pub(crate) struct Visit {
    place: Place,
    lines: Vec<String>,
    /// Every token that was seen, and whose it is.
    tokens: Vec<(String, String)>,
}

impl Visit {
    pub(crate) async fn begin(placement: Placement) -> Self {
        let place = Place::open(placement).await.unwrap();
        Self { place, lines: Vec::new(), tokens: Vec::new() }
    }

    /// Ends it, with what was said.
    pub(crate) async fn end(mut self) -> Vec<String> {
        self.place.stop().await.unwrap();
        self.lines
    }

    /// Stops the app and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.place.reopen().await.unwrap();
    }

    /// Asks, and expects this status and a JSON body; gives the body.
    pub(crate) async fn expect(&mut self, request: Request, status: u16) -> Value {
        let response = self.ask(request.clone()).await;
        let placement = self.place.placement;
        let text = response.text();
        assert_eq!(response.status, status, "{placement:?}: {request}: {text}");
        let media_type = response.header("content-type");
        assert_eq!(media_type, Some("application/json"), "{placement:?}: {request}: {text}");
        response.json()
    }

    /// Asks, and expects 204 and nothing more.
    pub(crate) async fn done(&mut self, request: Request) {
        let response = self.ask(request.clone()).await;
        let found = (response.status, response.text());
        assert_eq!(found, (204, String::new()), "{:?}: {request}", self.place.placement);
    }

    /// Asks, and expects to be refused with this status, for a reason under this key, in the form
    /// that the API's errors have; gives the reason.
    pub(crate) async fn refused(&mut self, request: Request, status: u16, key: &str) -> String {
        let body = self.expect(request.clone(), status).await;
        let reason = body["errors"][key][0].as_str().unwrap_or_default().to_owned();
        assert!(!reason.is_empty(), "{:?}: {request}: {body}", self.place.placement);
        assert_eq!(body, json!({ "errors": { key: [reason] } }), "{request}");
        reason
    }

    /// Asks without a token, with no token at all, and with one that nobody has given: 401.
    pub(crate) async fn needs_token(&mut self, request: Request) {
        self.refused(request.clone(), 401, "body").await;
        for token in ["", "Token", "Token ", "Token nonsense", "Bearer nonsense", "Token a.b.c"] {
            let request = request.clone().header("Authorization", token);
            self.refused(request, 401, "body").await;
        }
    }

    /// Asks with this token changed in one letter, here and there: 401.
    pub(crate) async fn refuses_changed(&mut self, token: &str, request: Request) {
        for place in (0..token.len()).step_by(token.len() / 12).chain([token.len() - 1]) {
            let letter = if token.as_bytes()[place] == b'A' { "B" } else { "A" };
            let changed = [&token[..place], letter, &token[place + 1..]].concat();
            self.tokens.push((changed.clone(), format!("(a token that was changed at {place})")));
            self.refused(by(&changed, request.clone()), 401, "body").await;
        }
    }

    /// Registers somebody; gives the token.
    pub(crate) async fn register(&mut self, name: &str) -> String {
        let body = self.expect(post("/api/users", &registration(name)), 201).await;
        let email = format!("{name}@example.com");
        self.token_of(&body, &email, name)
    }

    /// The token in a user's body, whose other members are those of a new user.
    pub(crate) fn token_of(&mut self, body: &Value, email: &str, name: &str) -> String {
        let token = body["user"]["token"].as_str().unwrap_or_default().to_owned();
        let user = json!({
            "email": email, "username": name, "bio": null, "image": null, "token": token,
        });
        assert_eq!(*body, json!({ "user": user }));
        assert_eq!(token.split('.').count(), 3, "a JWT: {token}");
        token
    }

    async fn ask(&mut self, request: Request) -> Response {
        let response = match self.place.send(&request).await {
            Ok(response) => response,
            Err(error) => panic!("{:?}: {request}: {error}", self.place.placement),
        };
        let mut headers = response.headers.clone();
        headers.retain(|(name, _)| {
            !matches!(
                name.as_str(),
                // A tag is of the content, which has times.
                "date"
                    | "x-request-id"
                    | "content-length"
                    | "traceparent"
                    | "x-seam-instance"
                    | "etag"
            )
        });
        headers.sort();
        let mut body = response.json();
        self.normalise(&mut body);
        let mut asked = request.to_string();
        for (token, whose) in &self.tokens {
            asked = asked.replace(token, whose);
        }
        self.lines.push(format!("{asked} => {} {headers:?} {body}", response.status));
        response
    }

    /// Takes out what differs from run to run, and looks at its form.
    fn normalise(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                if let (Some(token), Some(name)) = (members.get("token"), members.get("username"))
                    && let Some(token) = token.as_str()
                {
                    let whose = format!("(a token of {name})");
                    self.tokens.push((token.to_owned(), whose));
                    members["token"] = "…".into();
                }
                for (name, member) in members {
                    if matches!(name.as_str(), "createdAt" | "updatedAt") {
                        let time = member.as_str().unwrap_or_default();
                        assert!(is_time(time), "{name} is no time: {member}");
                        *member = "…".into();
                    }
                    self.normalise(member);
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(|one| self.normalise(one)),
            _ => {}
        }
    }
}

/// What registers somebody of this name.
pub(crate) fn registration(name: &str) -> Value {
    let email = format!("{name}@example.com");
    json!({ "user": { "username": name, "email": email, "password": format!("{name}'s word") } })
}

/// The request, on behalf of who has this token.
pub(crate) fn by(token: &str, request: Request) -> Request {
    request.header("Authorization", &format!("Token {token}"))
}

/// Whether it is like `2016-02-18T03:22:56.637Z`, with any number of digits after the dot.
fn is_time(text: &str) -> bool {
    let Some((seconds, fraction)) = text.strip_suffix('Z').and_then(|text| text.split_once('.'))
    else {
        return false;
    };
    let form = "0000-00-00T00:00:00";
    let fits = |(form, c): (char, char)| if form == '0' { c.is_ascii_digit() } else { form == c };
    seconds.len() == form.len()
        && form.chars().zip(seconds.chars()).all(fits)
        && !fraction.is_empty()
        && fraction.chars().all(|c| c.is_ascii_digit())
}
