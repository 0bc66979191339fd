//! What an edge says to browsers and to caches, and the folders that it shows.

use std::collections::HashMap;
use std::time::Duration;

use crate::cors::Cors;
use crate::files::FileFolder;

/// What an edge can be told of the web around it. Default: nothing.
#[derive(Debug, Clone, Default)]
pub struct WebSettings {
    /// Which pages of other origins may read its answers. Those of origins that are named may also ask for
    /// something with a session of this one.
    pub cors: Cors,
    /// For how long answers of a method are kept, by `service.method`, in place of what the method
    /// itself declares; zero keeps none.
    pub cache: HashMap<String, Duration>,
    /// Folders that are shown where neither a contract nor the program has a route.
    pub files: Vec<FileFolder>,
}
