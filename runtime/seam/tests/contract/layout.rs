//! Hashes of methods: equal where both sides encode alike, different where they don't.

use seam_core::contract::{Contract, Layout, Message};

/// A contract of one method, and what is known of that method.
macro_rules! method {
    ({ $($declarations:item)* } ($($arguments:tt)*) -> $answer:ty) => {{
        $(#[seam::message] $declarations)*

        #[seam::contract(name = "one", version = "1.0")]
        trait One {
            async fn method(&self, $($arguments)*) -> $answer;
        }

        &OneContract::descriptor().methods[0]
    }};
}

fn layout<T: Message>() -> String {
    let mut out = Layout::default();
    T::layout(&mut out);
    out.into_string()
}

#[test]
fn a_hash_is_the_same_in_every_build() {
    let method = method!({ struct A { x: u32, y: Option<String> } } (a: A) -> u64);
    assert_eq!(method.layout, "method{a:{x:u32,y:?str,},}->u64/never");
    assert_eq!(method.hash, 15_290_115_355_884_892_938);
}

#[test]
fn a_types_own_name_is_no_part_of_it() {
    let one = method!({ struct A { x: u32 } enum B { C, D(A) } } (b: B) -> u64);
    let renamed = method!({ struct E { x: u32 } enum F { C, D(E) } } (b: F) -> u64);
    assert_eq!(one.hash, renamed.hash);
    let newtype = method!({ struct A(u64); } (a: A) -> u64);
    let bare = method!({} (a: u64) -> u64);
    assert_eq!(newtype.hash, bare.hash);
}

#[test]
fn every_difference_in_the_encoding_shows() {
    let methods = [
        method!({ struct A { x: u32, y: u32 } } (a: A) -> u64),
        method!({ struct A { y: u32, x: u32 } } (a: A) -> u64),
        method!({ struct A { x: u32, z: u32 } } (a: A) -> u64),
        method!({ struct A { x: u32, y: i32 } } (a: A) -> u64),
        method!({ struct A { x: u32, y: u32, z: u8 } } (a: A) -> u64),
        method!({ struct A(u32, u32); } (a: A) -> u64),
        method!({ struct A { x: u32, y: u32 } } (b: A) -> u64),
        method!({ struct A { x: u32, y: u32 } } (a: A) -> u32),
        method!({ struct A { x: u32, y: u32 } } (a: Option<A>) -> u64),
        method!({ enum A { B, C } } (a: A) -> u64),
        method!({ enum A { C, B } } (a: A) -> u64),
        method!({ enum A { B, C, D } } (a: A) -> u64),
        method!({ enum A { B(u8), C } } (a: A) -> u64),
        method!({ enum A { B { x: u8 }, C } } (a: A) -> u64),
        method!({ enum A { B, C(u8) } } (a: A) -> u64),
        method!({} () -> u64),
    ];
    for (i, one) in methods.iter().enumerate() {
        let like = methods[..i].iter().find(|other| other.hash == one.hash);
        assert!(like.is_none(), "{} is like {:?}", one.layout, like.map(|other| &other.layout));
    }
}

#[test]
fn the_order_of_methods_is_no_part_of_a_methods_hash() {
    mod one {
        #[seam::contract(name = "one", version = "1.0")]
        pub(super) trait One {
            async fn first(&self) -> u8;
            async fn second(&mut self);
        }
    }
    mod other {
        #[seam::contract(name = "one", version = "1.1")]
        pub(super) trait One {
            async fn second(&mut self);
            async fn first(&self) -> u8;
            async fn third(&self);
        }
    }
    let (one, other) = (one::OneContract::descriptor(), other::OneContract::descriptor());
    for name in ["first", "second"] {
        assert_eq!(one.method(name).unwrap().hash, other.method(name).unwrap().hash, "{name}");
    }
}

#[test]
fn layouts_read_as_the_types_do() {
    #[seam::message]
    enum Kind {
        Plain,
        WithOne(u8),
        WithTwo(u8, String),
        Named { some_field: Vec<u8> },
    }
    #[seam::message]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    struct Whole {
        kind_of: Kind,
        #[serde(rename = "other")]
        rest: (),
    }
    let kind = "<plain|withOne(u8)|withTwo(0:u8,1:str,)|named{someField:[u8],}|>";
    assert_eq!(layout::<Kind>(), kind);
    assert_eq!(layout::<Whole>(), format!("{{KIND_OF:{kind},other:(),}}"));
}
