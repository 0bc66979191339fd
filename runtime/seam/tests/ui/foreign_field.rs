#[seam::message]
struct Peer {
    address: std::net::Ipv4Addr,
}

#[seam::error]
enum PeerError {
    Away(std::net::Ipv4Addr),
}

fn main() {}
