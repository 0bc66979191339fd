#[seam::message]
struct Receipt<'a> {
    note: &'a str,
}

#[seam::message]
union Bits {
    whole: u32,
}

fn main() {}
