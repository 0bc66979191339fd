//! A service's error can't speak for the runtime: these members of a problem are its own.

#[seam::error]
enum PayError {
    Declined { status: String, request_id: String },
    Wrong {
        r#type: u8,
        #[serde(rename = "outcome")]
        end: u8,
    },
    Fine { my_status: u8 },
}

fn main() {}
