//! Paths that servers and proxies are known to read differently.

/// Says what is wrong with a path, as it was sent.
pub(crate) fn path(path: &str) -> Result<(), &'static str> {
    let mut before = 0;
    let suspicious = path.bytes().any(|byte| {
        let after_slash = before == b'/' && matches!(byte, b'/' | b'.');
        before = byte;
        after_slash || matches!(byte, b'%' | b'\\') || !(0x20..0x7f).contains(&byte)
    });
    if suspicious { closely(path) } else { Ok(()) }
}

fn closely(path: &str) -> Result<(), &'static str> {
    let decoded = decode(path)?;
    if decoded.iter().any(|byte| byte.is_ascii_control()) {
        return Err("the path has control characters");
    }
    if decoded.contains(&b'\\') {
        return Err("the path has a backslash");
    }
    if path.contains("//") {
        return Err("the path has an empty segment");
    }
    if decoded.split(|byte| *byte == b'/').any(|segment| segment == b"." || segment == b"..") {
        return Err("the path has a dot segment");
    }
    std::str::from_utf8(&decoded).map(drop).map_err(|_| "the path isn't UTF-8")
}

fn decode(path: &str) -> Result<Vec<u8>, &'static str> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err("the path has a `%` without two hexadecimal digits");
        };
        match (high * 16 + low) as u8 {
            b'/' => return Err("the path has an encoded slash"),
            byte => decoded.push(byte),
        }
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_paths_pass() {
        for honest in
            ["/", "/api/order/7", "/a.b/.well-known", "/caf%C3%A9", "/a%20b", "/a...b", "*"]
        {
            assert_eq!(path(honest), Ok(()), "{honest}");
        }
    }

    #[test]
    fn what_is_read_differently_is_refused() {
        for hostile in [
            "//admin",
            "/a//b",
            "/x/../admin",
            "/./a",
            "/a/..",
            "/a/.",
            "/%2e%2e/a",
            "/.%2E/a",
            "/a%2fb",
            "/a%2Fb",
            "/a%00",
            "/a%5cb",
            "/a\\b",
            "/a%zz",
            "/a%2",
            "/a%",
            "/%ff",
            "/a%0a",
        ] {
            assert!(path(hostile).is_err(), "{hostile}");
        }
    }
}
