//! Names that users choose meet none that the macros make.

#![allow(dead_code, reason = "that it compiles is what is tested")]
#![allow(clippy::wrong_self_convention, reason = "a method may be called anything")]

use seam::prelude::{CallError, InnerError, StoreFailure};

/// Types of the names of a macro's own parameters, one each.
mod parameters {
    #[seam::message]
    pub(super) struct A(pub(super) u8);
    #[seam::message]
    pub(super) struct M(pub(super) u8);
    #[seam::message]
    pub(super) struct S {
        pub(super) out: A,
        pub(super) from: M,
    }
    #[seam::message]
    pub(super) enum T {
        Part0(S),
        Other { f: u8, error: u8 },
    }
    #[seam::message]
    pub(super) struct Page<S> {
        pub(super) items: Vec<S>,
    }
    #[seam::error]
    pub(super) enum E {
        #[error(text = "{f} and {field0}")]
        Fields { f: u8, field0: u8 },
        #[error(inner)]
        Inner(super::InnerError),
        #[error(store)]
        Store(super::StoreFailure),
    }

    #[seam::contract(name = "params", version = "1.0")]
    pub(super) trait C {
        async fn a(&self, a: A, m: M, s: S, t: T) -> Result<A, E>;
        async fn b(&mut self, start: A, seat: M, message: S, outcome: T) -> Result<M, E>;
        async fn host(&self, client: Page<A>, function: u8, call: u8) -> E;
    }
}

/// A contract of the name of such a parameter, and methods of names that are taken elsewhere.
mod names {
    use super::CallError;

    #[seam::contract(name = "taken", version = "1.0")]
    pub(super) trait A {
        async fn new(&self) -> u8;
        async fn local(&self) -> u8;
        async fn fake(&self) -> u8;
        async fn call(&self) -> u8;
        async fn from(&self, client: u8) -> u8;
        async fn turn(&self, start: u8) -> u8;
        async fn descriptor(&self) -> u8;
        async fn drop(&mut self);
        async fn r#async(&self, r#type: u8, r#fn: u8) -> u8;
    }

    pub(super) struct Host;

    impl A for Host {
        async fn new(&self) -> u8 {
            1
        }
        async fn local(&self) -> u8 {
            2
        }
        async fn fake(&self) -> u8 {
            3
        }
        async fn call(&self) -> u8 {
            4
        }
        async fn from(&self, client: u8) -> u8 {
            client
        }
        async fn turn(&self, start: u8) -> u8 {
            start
        }
        async fn descriptor(&self) -> u8 {
            5
        }
        async fn drop(&mut self) {}
        async fn r#async(&self, r#type: u8, r#fn: u8) -> u8 {
            r#type + r#fn
        }
    }

    #[tokio::test]
    async fn a_method_may_have_the_name_of_a_constructor() {
        let client = seam::call::Client::<AContract>::local(Host).unwrap();
        let client = <AClient as From<_>>::from(client);
        assert_eq!(client.new().await, Ok(1));
        assert_eq!(client.local().await, Ok(2));
        assert_eq!(client.fake().await, Ok(3));
        assert_eq!(client.call().await, Ok(4));
        assert_eq!(client.from(7).await, Ok(7));
        assert_eq!(client.turn(8).await, Ok(8));
        assert_eq!(client.descriptor().await, Ok(5));
        assert_eq!(client.r#async(1, 2).await, Ok(3));
        assert_eq!(client.drop().await, Ok::<_, CallError<_>>(()));
    }
}

/// Two contracts in one module, whose names run into each other, and types that look generated.
mod beside {
    #[seam::message]
    pub(super) struct OrderLineGetMessage(pub(super) u8);
    #[seam::message]
    pub(super) struct OrderHost(pub(super) u8);
    #[seam::message]
    pub(super) struct OrderFake(pub(super) u8);

    #[seam::contract(name = "order", version = "1.0")]
    pub(super) trait Order {
        async fn line_get(&self, of: OrderHost) -> OrderLineGetMessage;
    }

    #[seam::contract(name = "order-line", version = "1.0")]
    pub(super) trait OrderLine {
        async fn get(&self, of: OrderFake) -> OrderLineGetMessage;
    }
}

/// What users may call their own, and what the macros mean by it all the same.
mod shadowed {
    pub(super) struct Option;
    pub(super) struct Vec;
    pub(super) struct String;
    pub(super) struct Box;
    pub(super) trait Send {}
    pub(super) trait Clone {}
    pub(super) trait From {}
    #[allow(non_snake_case, reason = "that is the point")]
    pub(super) fn Ok() {}
    #[allow(non_snake_case, reason = "that is the point")]
    pub(super) fn Err() {}
    #[allow(non_snake_case, reason = "that is the point")]
    pub(super) fn Some() {}
    #[allow(non_upper_case_globals, reason = "that is the point")]
    pub(super) const None: u8 = 0;

    #[seam::message]
    pub(super) enum Result {
        Won,
        Lost { by: u8, why: ::std::option::Option<u8> },
    }

    #[seam::message]
    #[json(skip_if_none)]
    pub(super) struct Round {
        pub(super) list: ::std::vec::Vec<u8>,
        pub(super) next: ::std::option::Option<u8>,
    }

    #[seam::error]
    pub(super) enum GameError {
        #[error(text = "over since {round}")]
        Over { round: u8 },
        #[error(inner)]
        Inner(seam::outcome::InnerError),
        #[error(store)]
        Store(seam::StoreFailure),
    }

    #[seam::contract(name = "game", version = "1.0")]
    pub(super) trait Game {
        #[call(public, http = "POST /game")]
        async fn play(&self, round: Round) -> ::std::result::Result<Result, GameError>;
        async fn end(&mut self) -> Result;
    }
}

/// Contracts, messages and errors that a `macro_rules!` makes of what it is given.
mod by_example {
    macro_rules! service {
        (
            $(#[doc = $doc:expr])*
            $vis:vis $name:ident = $text:literal: $method:ident($argument:ident: $ty:ty) -> $answer:ty,
            $error:ident { $variant:ident = $status:literal }, $message:ident { $field:ident: $of:ty }
        ) => {
            #[seam::message]
            $vis struct $message {
                $vis $field: $of,
                $vis list: Vec<$of>,
            }

            #[seam::error]
            $vis enum $error {
                #[error(status = $status)]
                $variant,
            }

            $(#[doc = $doc])*
            #[seam::contract(name = $text, version = "1.0")]
            $vis trait $name {
                #[call(public)]
                async fn $method(&self, $argument: $ty, more: Option<$ty>) -> $answer;
            }
        };
    }

    service! {
        /// Made by a macro.
        pub(super) Made = "made": find(id: Vec<u8>) -> Result<Thing, MadeError>,
        MadeError { Lost = 404 }, Thing { bytes: Vec<u8> }
    }

    struct Finder;

    impl Made for Finder {
        async fn find(&self, id: Vec<u8>, _: Option<Vec<u8>>) -> Result<Thing, MadeError> {
            if id.is_empty() { Err(MadeError::Lost) } else { Ok(Thing { bytes: id, list: vec![] }) }
        }
    }

    #[tokio::test]
    async fn what_a_macro_makes_is_called_as_any_other() {
        use seam_core::contract::Contract;

        let made = MadeClient::local(Finder);
        let thing = made.find(vec![1], None).await;
        assert_eq!(thing, Ok(Thing { bytes: vec![1], list: vec![] }));
        let lost = made.find(vec![], None).await;
        assert_eq!(lost, Err(super::CallError::Service(MadeError::Lost)));
        let descriptor = MadeContract::descriptor();
        assert_eq!(descriptor.doc, "Made by a macro.");
        assert_eq!(descriptor.methods[0].errors[0].code, "lost");
    }
}
