//! Signed forms: `appKey`, `timestamp`, `nonce`, and `sign`, the HMAC of all other fields.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ring::hmac;
use seam_core::context::Principal;
use seam_core::outcome::Code;

use super::Known;
use crate::problem::Problem;
use crate::query::Pair;

/// Who may sign forms, and how long a signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningSettings {
    /// How far a form's `timestamp` may be from now.
    pub window: Duration,
    /// Who may sign.
    pub apps: Vec<SigningApp>,
}

/// Somebody who may sign forms.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningApp {
    /// What its forms say in `appKey`: the principal's subject.
    pub name: String,
    /// What it signs with.
    pub secret: Arc<[u8]>,
    /// Its roles.
    pub roles: Vec<String>,
}

impl fmt::Debug for SigningApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SigningApp");
        shown.field("name", &self.name).field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// Checks the signatures of forms.
pub(super) struct Signing {
    window: Duration,
    apps: Vec<(String, hmac::Key, Arc<Known>)>,
}

/// A form whose signature is right, and which is still to be taken.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) known: Arc<Known>,
    /// What must not have been taken before, nor will be again, each: its signature, for the same text
    /// may be that of other fields, whose values have a `&`; and its nonce.
    pub(crate) once: [String; 2],
    /// How long it must be remembered.
    pub(crate) remember: Duration,
}

/// The longest nonce, in bytes.
const LONGEST: usize = 128;
/// Nonces are remembered for a little longer than they are good: gateways' clocks may differ.
const SPARE: Duration = Duration::from_secs(60);

/// The fields of a signature, as a form has them.
#[derive(Default)]
struct Fields<'a> {
    app: Option<&'a str>,
    timestamp: Option<&'a str>,
    nonce: Option<&'a str>,
    sign: Option<&'a str>,
}

impl Signing {
    /// Apps whose roles are more than calls carry sign in vain.
    pub(super) fn new(settings: &SigningSettings) -> Self {
        let apps = settings.apps.iter().filter_map(|app| {
            let principal = Principal::new(&app.name, "app").with_roles(&app.roles);
            let who = Arc::new(Known::new(principal).ok()?);
            Some((app.name.clone(), hmac::Key::new(hmac::HMAC_SHA256, &app.secret), who))
        });
        Self { window: settings.window, apps: apps.collect() }
    }

    /// Who has signed a form of these fields, at `now`, which is the time since 1970.
    pub(super) fn check(&self, form: &[Pair<'_>], now: Duration) -> Result<Signed, Problem> {
        let fields = Fields::of(form)?;
        let (Some(app), Some(timestamp), Some(nonce), Some(sign)) =
            (fields.app, fields.timestamp, fields.nonce, fields.sign)
        else {
            let why = "the form needs `appKey`, `timestamp`, `nonce` and `sign`";
            return Err(Problem::new(Code::SignatureMissing, why));
        };
        let invalid = |why: &'static str| Problem::new(Code::SignatureInvalid, why);
        let known = self.apps.iter().find(|(name, ..)| name == app);
        let sign = unhex(sign).ok_or_else(|| invalid("`sign` isn't 64 hexadecimal digits"))?;
        let signed = text(form);
        let Some((_, _, who)) =
            known.filter(|(_, key, _)| hmac::verify(key, signed.as_bytes(), &sign).is_ok())
        else {
            return Err(invalid("`sign` isn't the signature of the other fields by that app"));
        };
        // Only who knows the secret comes here.
        let at = timestamp.parse().map(Duration::from_millis);
        let at = at.map_err(|_| invalid("`timestamp` is no number of milliseconds since 1970"))?;
        if at.abs_diff(now) > self.window {
            let why = format!("`timestamp` is more than {:?} away from now", self.window);
            return Err(Problem::new(Code::SignatureExpired, why));
        }
        if nonce.len() > LONGEST {
            return Err(invalid("`nonce` is longer than 128 bytes"));
        }
        // Else the field behind it could be made a part of it, and it would be another one.
        if nonce.contains(|c: char| c == '&' || c.is_control()) {
            return Err(invalid("`nonce` has a `&` or a control character"));
        }
        Ok(Signed {
            known: Arc::clone(who),
            once: [format!("sign|{}", hex(&sign)), format!("nonce|{app}\n{nonce}")],
            remember: 2 * self.window + SPARE,
        })
    }
}

impl<'a> Fields<'a> {
    /// Finds them; a form that says a thing twice can be read in two ways.
    fn of(form: &'a [Pair<'_>]) -> Result<Self, Problem> {
        let mut names: Vec<&str> = form.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let name: String = twice[0].chars().take(64).collect();
            return Err(Problem::bad_request(format!("the field `{name}` comes twice")));
        }
        let mut fields = Self::default();
        for (name, value) in form {
            let field = match &**name {
                "appKey" => &mut fields.app,
                "timestamp" => &mut fields.timestamp,
                "nonce" => &mut fields.nonce,
                "sign" => &mut fields.sign,
                _ => continue,
            };
            *field = Some(&**value).filter(|value: &&str| !value.is_empty());
        }
        Ok(fields)
    }
}

/// What is signed: all fields but `sign`, by their names, as `name=value` joined by `&`.
fn text(form: &[Pair<'_>]) -> String {
    let mut pairs: Vec<(&str, &str)> =
        form.iter().map(|(name, value)| (&**name, &**value)).collect();
    pairs.retain(|(name, _)| *name != "sign");
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    const SECRET: &str = "a secret of thirty-two characters";
    const NOW: Duration = Duration::from_millis(1_700_000_000_000);

    fn signing() -> Signing {
        let app = |name: &str, secret: &str| SigningApp {
            name: name.into(),
            secret: secret.as_bytes().into(),
            roles: vec!["support".into()],
        };
        let apps = vec![app("app1", SECRET), app("app2", "another")];
        Signing::new(&SigningSettings { window: Duration::from_secs(300), apps })
    }

    fn signed(fields: &[(&str, &str)], secret: &str) -> Vec<Pair<'static>> {
        let mut form: Vec<Pair<'static>> = fields
            .iter()
            .map(|(name, value)| (Cow::Owned((*name).to_owned()), Cow::Owned((*value).to_owned())))
            .collect();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, text(&form).as_bytes());
        form.push(("sign".into(), hex(tag.as_ref()).into()));
        form
    }

    const FIELDS: [(&str, &str); 7] = [
        ("module", "user"),
        ("version", "1.0"),
        ("method", "User.Get"),
        ("bizContent", r#"{"id":1}"#),
        ("appKey", "app1"),
        ("timestamp", "1700000000000"),
        ("nonce", "n-1"),
    ];

    fn code(form: &[Pair<'_>]) -> String {
        match signing().check(form, NOW) {
            Ok(_) => "ok".into(),
            Err(problem) => problem.code.into_owned(),
        }
    }

    #[test]
    fn what_is_signed_is_written_as_everybody_writes_it() {
        let form = signed(&FIELDS, SECRET);
        assert_eq!(
            text(&form),
            "appKey=app1&bizContent={\"id\":1}&method=User.Get&module=user&nonce=n-1\
             &timestamp=1700000000000&version=1.0"
        );
        // By Python: hmac.new(SECRET, text, sha256).hexdigest()
        let sign = form.last().unwrap().1.to_string();
        assert_eq!(sign, "c60e79fefbca31b7d4b1d43234cd3cb9491994b54a7295b5972daa5ca907afb5");
    }

    #[test]
    fn who_has_signed_is_known() {
        let form = signed(&FIELDS, SECRET);
        let found = signing().check(&form, NOW).unwrap();
        let app = Principal::new("app1", "app").with_roles(["support"]);
        let once = ["sign|".to_owned() + &form.last().unwrap().1, "nonce|app1\nn-1".to_owned()];
        assert_eq!((&found.known.principal, &found.once), (&app, &once));
        let mut upper = form;
        let sign = upper.last_mut().unwrap();
        sign.1 = sign.1.to_uppercase().into();
        assert_eq!(signing().check(&upper, NOW).unwrap().once, once);
    }

    #[test]
    fn whatever_was_changed_isnt_signed() {
        for at in 0..FIELDS.len() {
            let mut changed = signed(&FIELDS, SECRET);
            changed[at].1 = format!("{}x", changed[at].1).into();
            assert_eq!(code(&changed), "signature_invalid", "{}", FIELDS[at].0);
        }
        let mut added = signed(&FIELDS, SECRET);
        added.push(("extra".into(), "1".into()));
        assert_eq!(code(&added), "signature_invalid");
        added.push(("extra".into(), "2".into()));
        assert_eq!(code(&added), "bad_request");
        assert_eq!(code(&signed(&FIELDS, "another")), "signature_invalid");
        let mut other = FIELDS;
        other[4].1 = "app3";
        assert_eq!(code(&signed(&other, SECRET)), "signature_invalid");
        for sign in ["0", &"0".repeat(64), &"é".repeat(32), &"+1".repeat(32)] {
            let mut form = signed(&FIELDS, SECRET);
            form.last_mut().unwrap().1 = sign.to_owned().into();
            assert_eq!(code(&form), "signature_invalid", "{sign}");
        }
    }

    /// The same with a field and the one behind it as one.
    fn merged(form: &[Pair<'static>], first: &str, second: &str) -> Vec<Pair<'static>> {
        let value = |name: &str| form.iter().find(|(own, _)| own == name).unwrap().1.clone();
        let value = format!("{}&{second}={}", value(first), value(second));
        let mut merged = form.to_vec();
        merged.retain(|(name, _)| name != first && name != second);
        merged.push((first.to_owned().into(), value.into()));
        merged
    }

    #[test]
    fn fields_that_are_merged_make_no_other_form_of_it() {
        let mut fields = FIELDS.to_vec();
        fields.push(("signType", "HMAC"));
        let form = signed(&fields, SECRET);
        let once = signing().check(&form, NOW).unwrap().once;
        let nonce = merged(&form, "nonce", "signType");
        assert_eq!(text(&nonce), text(&form));
        assert_eq!(code(&nonce), "signature_invalid");
        // Whatever else is merged is the same signature, which is taken once.
        let method = merged(&form, "method", "module");
        assert_eq!(signing().check(&method, NOW).unwrap().once[0], once[0]);
        let mut fields = FIELDS;
        fields[6].1 = "n\n1";
        assert_eq!(code(&signed(&fields, SECRET)), "signature_invalid");
    }

    #[test]
    fn what_is_missing_is_told() {
        for name in ["appKey", "timestamp", "nonce", "sign"] {
            let mut form = signed(&FIELDS, SECRET);
            form.retain(|(own, _)| own != name);
            assert_eq!(code(&form), "signature_missing", "{name}");
        }
        assert_eq!(code(&[]), "signature_missing");
    }

    #[test]
    fn a_signature_is_good_for_a_while() {
        for (timestamp, expected) in [
            ("1699999700000", "ok"),
            ("1699999699999", "signature_expired"),
            ("1700000300000", "ok"),
            ("1700000300001", "signature_expired"),
            ("18446744073709551615", "signature_expired"),
            ("0", "signature_expired"),
            ("-1", "signature_invalid"),
            ("now", "signature_invalid"),
        ] {
            let mut fields = FIELDS;
            fields[5].1 = timestamp;
            assert_eq!(code(&signed(&fields, SECRET)), expected, "{timestamp}");
        }
        let mut fields = FIELDS;
        let long = "x".repeat(129);
        fields[6].1 = &long;
        assert_eq!(code(&signed(&fields, SECRET)), "signature_invalid");
    }
}
