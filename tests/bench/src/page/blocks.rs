//! The parts of a page that the bench writes.

use anyhow::{Context, bail};

const BEGIN: &str = "<!-- bench: ";
const CLOSE: &str = " -->";
const END: &str = "<!-- end -->";

/// The page with every block's contents made anew.
pub(super) fn replace(
    page: &str,
    table: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<String> {
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(at) = rest.find(BEGIN) {
        let (before, from) = rest.split_at(at);
        let name = from[BEGIN.len()..].split(CLOSE).next().unwrap_or_default().trim();
        if name.contains('\n') {
            bail!("a `{BEGIN}` without `{CLOSE}` on its line");
        }
        let end =
            from.find(END).with_context(|| format!("`{BEGIN}{name}{CLOSE}` has no `{END}`"))?;
        out.push_str(before);
        out.push_str(&format!("{BEGIN}{name}{CLOSE}\n{}\n{END}", table(name)?.trim_end()));
        rest = &from[end + END.len()..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_replaced_and_the_rest_stays() {
        let page = "# A\n<!-- bench: one -->\nold\n<!-- end -->\ntext\n<!-- bench: two -->\n<!-- end -->\n";
        let new = replace(page, |name| Ok(format!("table {name}\n"))).unwrap();
        let expected = "# A\n<!-- bench: one -->\ntable one\n<!-- end -->\ntext\n\
                        <!-- bench: two -->\ntable two\n<!-- end -->\n";
        assert_eq!(new, expected);
        assert_eq!(replace(&new, |name| Ok(format!("table {name}"))).unwrap(), expected);
    }

    #[test]
    fn a_block_without_an_end_is_told() {
        let error = replace("<!-- bench: one -->\n", |_| Ok(String::new())).unwrap_err();
        assert!(error.to_string().contains("one"), "{error}");
    }
}
