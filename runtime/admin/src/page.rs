//! The page: static files, in the binary. It asks the API for what it shows, loads nothing from
//! elsewhere, and runs nothing that isn't a file of its own.

/// A file of the page.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its path, such as `/app.js`; that of the page itself is `/`.
    pub path: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A file, served by its name in the folder.
macro_rules! file {
    ($name:literal, $kind:expr) => {
        File {
            path: concat!("/", $name),
            kind: $kind,
            bytes: include_bytes!(concat!("../page/", $name)),
        }
    };
}

/// All of them.
pub const FILES: &[File] = &[
    File { path: "/", kind: HTML, bytes: include_bytes!("../page/index.html") },
    file!("icon.svg", SVG),
    file!("page.css", CSS),
    file!("views.css", CSS),
    file!("early.js", JAVASCRIPT),
    file!("app.js", JAVASCRIPT),
    file!("lib/api.js", JAVASCRIPT),
    file!("lib/chart.js", JAVASCRIPT),
    file!("lib/format.js", JAVASCRIPT),
    file!("lib/hooks.js", JAVASCRIPT),
    file!("lib/html.js", JAVASCRIPT),
    file!("lib/keys.js", JAVASCRIPT),
    file!("lib/layout.js", JAVASCRIPT),
    file!("lib/live.js", JAVASCRIPT),
    file!("lib/me.js", JAVASCRIPT),
    file!("lib/route.js", JAVASCRIPT),
    file!("lib/schema.js", JAVASCRIPT),
    file!("lib/shapes.js", JAVASCRIPT),
    file!("lib/store.js", JAVASCRIPT),
    file!("lib/theme.js", JAVASCRIPT),
    file!("lib/ui.js", JAVASCRIPT),
    file!("views/audit.js", JAVASCRIPT),
    file!("views/calls.js", JAVASCRIPT),
    file!("views/config.js", JAVASCRIPT),
    file!("views/detail.js", JAVASCRIPT),
    file!("views/drawing.js", JAVASCRIPT),
    file!("views/logs.js", JAVASCRIPT),
    file!("views/tap.js", JAVASCRIPT),
    file!("views/topics.js", JAVASCRIPT),
    file!("views/topology.js", JAVASCRIPT),
    file!("views/trace.js", JAVASCRIPT),
    file!("views/traces.js", JAVASCRIPT),
    file!("views/unknown.js", JAVASCRIPT),
    file!("vendor/preact-htm.module.js", JAVASCRIPT),
    file!("vendor/dagre.esm.js", JAVASCRIPT),
    file!("vendor/uPlot.iife.min.js", JAVASCRIPT),
    file!("vendor/uPlot.min.css", CSS),
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// The files of the folder that a browser may ask for, by their paths.
    fn in_folder(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_asked_for = |kind: &str| matches!(kind, "js" | "css" | "svg");
            if path.is_dir() {
                in_folder(&path, root, found);
            } else if path.extension().is_some_and(|kind| kind.to_str().is_some_and(is_asked_for)) {
                found.push(format!("/{}", path.strip_prefix(root).unwrap().display()));
            }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_served_and_they_are_small() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("page");
        let mut all = vec!["/".to_owned()];
        in_folder(&root, &root, &mut all);
        let mut served: Vec<_> = FILES.iter().map(|file| file.path).collect();
        all.sort();
        served.sort();
        assert_eq!(served, all);
        let whole: usize = FILES.iter().map(|file| file.bytes.len()).sum();
        assert!(whole <= 400 << 10, "{whole} bytes");
    }

    #[test]
    fn nothing_is_inline_from_elsewhere_or_markup_made_of_data() {
        for File { path, bytes, .. } in FILES.iter().filter(|file| !file.path.contains("vendor")) {
            let text = str::from_utf8(bytes).unwrap();
            let text = text.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
            for never in [
                "http://",
                "https://",
                "innerHTML",
                "outerHTML",
                "insertAdjacent",
                "eval(",
                "style=\"",
                "<style",
                "<script>",
            ] {
                assert!(!text.contains(never), "{path} has {never}");
            }
        }
    }
}
