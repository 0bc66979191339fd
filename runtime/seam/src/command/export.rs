//! `export`: the files by which others' tools read the app's metrics.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use seam_telemetry::{
    grafana::BOARDS,
    prometheus::{ALERTS_PAGE, RULES, Scrape},
};
use serde_json::json;

use super::Failure;

/// For which tool.
#[derive(Debug, Subcommand)]
pub(super) enum ExportCommand {
    /// Write what a Prometheus is configured by: whom it asks, its alerts, and what to do about them.
    Prometheus {
        /// The folder; files of the same names in it are replaced.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// A listener that has /metrics; may be given several times.
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7070")]
        target: Vec<String>,
        /// The file with the token that it wants, as Prometheus sees it; on this machine it wants none.
        #[arg(long, value_name = "FILE")]
        token_file: Option<String>,
        /// Print JSON: `{"files": […]}`.
        #[arg(long)]
        json: bool,
    },
    /// Write boards for Grafana: overview, services, gateway, units.
    Grafana {
        /// The folder; files of the same names in it are replaced.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Print JSON: `{"files": […]}`.
        #[arg(long)]
        json: bool,
    },
}

/// Writes the files for an app; says which they are, and what to do with them.
pub(super) fn export(app: &str, command: ExportCommand) -> Result<String, Failure> {
    let (out, files, next, json) = match command {
        ExportCommand::Prometheus { out, target, token_file, json } => {
            let scrape = Scrape { app: app.to_owned(), targets: target, token_file };
            let files = vec![
                ("prometheus.yml".to_owned(), scrape.config()),
                ("rules.yml".to_owned(), RULES.to_owned()),
                ("docs/alerts.md".to_owned(), ALERTS_PAGE.to_owned()),
            ];
            let config = out.join("prometheus.yml");
            (out, files, format!("prometheus --config.file={}", config.display()), json)
        }
        ExportCommand::Grafana { out, json } => {
            let file = |board: &seam_telemetry::grafana::Board| {
                (format!("{}.json", board.name), format!("{:#}\n", board.json()))
            };
            let next = "import them in Grafana: Dashboards, New, Import".to_owned();
            (out, BOARDS.iter().map(file).collect(), next, json)
        }
    };
    let mut written = Vec::new();
    for (name, text) in files {
        let path = out.join(name);
        write(&path, &text)
            .map_err(|error| Failure::other(format!("{}: {error}", path.display())))?;
        written.push(path.display().to_string());
    }
    Ok(match json {
        true => json!({ "files": written }).to_string(),
        false => format!("{}\n\nnext: {next}", written.join("\n")),
    })
}

/// Whole, or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("monitoring");
        let command = || ExportCommand::Prometheus {
            out: out.clone(),
            target: vec!["127.0.0.1:7171".into()],
            token_file: None,
            json: false,
        };
        let said = export("shop", command()).unwrap();
        assert!(said.contains("rules.yml\n"), "{said}");
        // Again, over those that are there.
        export("shop", command()).unwrap();
        let config = fs::read_to_string(out.join("prometheus.yml")).unwrap();
        assert!(config.contains("job_name: \"shop\"") && config.contains("127.0.0.1:7171"));
        assert!(out.join("docs/alerts.md").exists());

        let said = export("shop", ExportCommand::Grafana { out: out.clone(), json: true }).unwrap();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["files"].as_array().unwrap().len(), 4);
        let board = fs::read_to_string(out.join("overview.json")).unwrap();
        let board: serde_json::Value = serde_json::from_str(&board).unwrap();
        assert_eq!(board["uid"], "seam-overview");
        assert_eq!(fs::read_dir(&out).unwrap().count(), 7);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("file");
        fs::write(&out, "").unwrap();
        let failure = export("shop", ExportCommand::Grafana { out, json: false }).unwrap_err();
        assert!(failure.text.contains("file/overview.json: "), "{}", failure.text);
    }
}
