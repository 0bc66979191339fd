#[seam::message]
struct Ticks {
    ticks: Vec<()>,
}

fn main() {}
