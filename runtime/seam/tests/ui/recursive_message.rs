#[seam::message]
struct Tree {
    children: Vec<Tree>,
}

#[seam::message]
enum List {
    End,
    More { head: u64, tail: Box<Self> },
}

fn main() {}
