//! The form that clients of message-queue gateways send: `module`, `version`, `method` and
//! `bizContent`.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::names::folded;
use crate::problem::Problem;
use crate::query::pairs;

/// A form, read.
#[derive(Debug, Default)]
pub(crate) struct Form<'a> {
    pub(crate) module: Cow<'a, str>,
    pub(crate) version: Option<Cow<'a, str>>,
    pub(crate) method: Cow<'a, str>,
    pub(crate) biz_content: Option<Cow<'a, str>>,
}

impl<'a> Form<'a> {
    /// Reads a form; fields that it doesn't know are ignored.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Problem> {
        if percent_decode(body).decode_utf8().is_err() {
            return Err(Problem::bad_request("the form isn't UTF-8"));
        }
        let (mut module, mut method) = (None, None);
        let (mut version, mut biz_content) = (None, None);
        for (name, value) in pairs(body, "the form")? {
            let field = match &*folded(&name) {
                "module" => &mut module,
                "version" => &mut version,
                "method" => &mut method,
                "bizcontent" => &mut biz_content,
                _ => continue,
            };
            if field.replace(value).is_some() {
                return Err(Problem::bad_request(format!("the field `{name}` comes twice")));
            }
        }
        let missing = |name| Problem::bad_request(format!("the field `{name}` is missing"));
        let present = |field: Option<Cow<'a, str>>| field.filter(|text| !text.is_empty());
        Ok(Self {
            module: present(module).ok_or_else(|| missing("module"))?,
            method: present(method).ok_or_else(|| missing("method"))?,
            version: present(version),
            biz_content: present(biz_content),
        })
    }

    /// The method's name, without a prefix: `User.Get` → `Get`.
    pub(crate) fn method(&self) -> &str {
        self.method.rsplit('.').next().unwrap_or_default()
    }

    /// The JSON object of arguments.
    pub(crate) fn arguments(&self) -> &[u8] {
        self.biz_content.as_ref().map_or(b"{}", |text| text.as_bytes())
    }

    /// The major that the form asks for, if it asks for one.
    pub(crate) fn major(&self) -> Result<Option<u16>, Problem> {
        let Some(asked) = &self.version else { return Ok(None) };
        let no_version = || Problem::bad_request("the field `version` is no `MAJOR.MINOR`");
        let (major, _) = version(asked).ok_or_else(no_version)?;
        Ok(Some(u16::try_from(major).unwrap_or(u16::MAX)))
    }

    /// Whether a contract of that version does what the form asks for.
    pub(crate) fn check_version(&self, ours: &str) -> Result<(), Problem> {
        let Some(asked) = &self.version else { return Ok(()) };
        let Some((major, minor)) = version(asked) else {
            return Err(Problem::bad_request("the field `version` is no `MAJOR.MINOR`"));
        };
        let fits = version(ours).is_some_and(|ours| ours.0 == major && minor <= ours.1);
        if fits {
            return Ok(());
        }
        let what = format!("version {major}.{minor} is asked for, and {ours} is here");
        Err(Problem::incompatible(what))
    }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    // A patch level says nothing about the contract.
    let minor = minor.split('.').next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form<'_> {
        Form::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_prefix_of_the_method_is_ignored() {
        for (method, name) in
            [("User.Get", "Get"), ("get", "get"), ("a.b.User.Get", "Get"), ("User.", "")]
        {
            assert_eq!(form(&format!("module=user&method={method}")).method(), name);
        }
    }

    #[test]
    fn arguments_may_be_encoded_or_absent() {
        let text = "module=user&version=1.0&method=Get&bizContent=%7B%22id%22%3A1%7D&sign=x";
        assert_eq!(form(text).arguments(), br#"{"id":1}"#);
        assert_eq!(form(r#"module=u&method=g&bizContent={"id":1}"#).arguments(), br#"{"id":1}"#);
        assert_eq!(form("module=u&method=g").arguments(), b"{}");
    }

    #[test]
    fn versions_are_compatible_upwards() {
        let check = |asked: &str, ours| {
            form(&format!("module=u&method=g&version={asked}")).check_version(ours)
        };
        for asked in ["1.0", "1.2", "1", "1.2.9", ""] {
            assert!(check(asked, "1.2").is_ok(), "{asked}");
        }
        for asked in ["1.3", "2.0", "0.9"] {
            assert_eq!(check(asked, "1.2").unwrap_err().status.as_u16(), 502, "{asked}");
        }
        for asked in ["x", "1.x", "-1"] {
            assert_eq!(check(asked, "1.2").unwrap_err().status.as_u16(), 400, "{asked}");
        }
    }

    #[test]
    fn what_is_needed_is_asked_for() {
        for text in ["", "module=u", "method=g", "module=&method=g", "module=u&module=u&method=g"] {
            assert_eq!(Form::parse(text.as_bytes()).unwrap_err().status.as_u16(), 400, "{text}");
        }
    }
}
