//! Numbers as people read them.

/// Two or three digits that mean something; thousands are set apart.
pub(crate) fn number(n: f64) -> String {
    let digits = match n.abs() {
        a if a >= 100.0 => 0,
        a if a >= 10.0 => 1,
        a if a >= 0.1 => 2,
        _ => 3,
    };
    let text = format!("{n:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 && whole.as_bytes()[at - 1].is_ascii_digit() {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_grouped() {
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!(number(12.345), "12.3");
        assert_eq!(number(0.0523), "0.052");
        assert_eq!(number(-1_500.0), "-1,500");
    }
}
