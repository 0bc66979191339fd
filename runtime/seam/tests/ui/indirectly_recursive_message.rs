#[seam::message]
struct Folder {
    entries: Vec<Entry>,
}

#[seam::message]
enum Entry {
    File(String),
    Folder(Folder),
}

fn main() {}
