struct Cents(u64);

#[seam::message]
struct Receipt {
    amount: Cents,
}

fn main() {}
