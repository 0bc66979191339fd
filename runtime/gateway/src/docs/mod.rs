//! `GET /docs`: the document of the API as a page, where calls can be tried.
//!
//! The page asks for `/openapi.json` and builds itself from it; it has no framework, loads nothing from
//! elsewhere, and runs nothing that isn't a file of its own. What the document says is put there as
//! text, never as markup. A token is kept while the page is open, and nowhere else.

/// Where it is, on every edge.
pub(crate) const PATH: &str = "/docs";

/// What the page may load and do.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// A file of the page.
#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) text: &'static str,
}

/// All of them.
pub(crate) static ASSETS: [Asset; 5] = [
    Asset { path: PATH, media_type: "text/html; charset=utf-8", text: include_str!("page.html") },
    Asset {
        path: "/docs/page.css",
        media_type: "text/css; charset=utf-8",
        text: include_str!("page.css"),
    },
    Asset { path: "/docs/schema.js", media_type: JAVASCRIPT, text: include_str!("schema.js") },
    Asset { path: "/docs/call.js", media_type: JAVASCRIPT, text: include_str!("call.js") },
    Asset { path: "/docs/page.js", media_type: JAVASCRIPT, text: include_str!("page.js") },
];

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small_and_its_own() {
        let whole: usize = ASSETS.iter().map(|asset| asset.text.len()).sum();
        assert!(whole <= 60 << 10, "{whole} bytes");
        for Asset { path, text, .. } in &ASSETS {
            for foreign in [
                "http://",
                "https://",
                "innerHTML",
                "outerHTML",
                "insertAdjacent",
                "eval(",
                "style=",
            ] {
                assert!(!text.contains(foreign), "{path} has {foreign}");
            }
        }
        let page = ASSETS[0].text;
        assert!(!page.contains("<script>") && !page.contains("<style>"), "nothing is inline");
    }
}
