//! The curves of `scale` as pictures: SVG that reads well on light and on dark pages.

mod axis;
mod charts;
mod svg;

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::page::Rows;

/// Writes a picture per curve into `folder`.
pub(crate) fn write(rows: &Rows, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    for (name, chart) in charts::all(rows) {
        if chart.is_empty() {
            continue;
        }
        let file = folder.join(name).with_extension("svg");
        fs::write(&file, svg::draw(&chart))
            .with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}
