//! What users may call as the standard library and the macros call theirs, and have around what
//! these make.

#![allow(dead_code, reason = "that it compiles is what is tested")]
#![allow(clippy::wrong_self_convention, reason = "a method may be called anything")]
#![allow(clippy::new_ret_no_self, reason = "a method may be called anything")]
#![allow(clippy::should_implement_trait, reason = "a method may be called anything")]

/// Contracts of all kinds of names, side by side.
mod contracts {
    macro_rules! contracts {
        ($($name:ident = $text:literal)*) => {$(
            #[seam::contract(name = $text, version = "1.0")]
            pub(super) trait $name {
                async fn get(&self, value: u8) -> u8;
                async fn set(&mut self, value: u8);
            }
        )*};
    }

    contracts! {
        A = "a" B = "b" C = "c" E = "e" F = "f" H = "h" M = "m" S = "s" T = "t"
        Result = "result" Option = "option" String = "string" Vec = "vec" Box = "box"
        Send = "send" Sync = "sync" Clone = "clone" Debug = "debug" Default = "default"
        From = "from" Into = "into" Future = "future" Iterator = "iterator" Drop = "drop"
        Serialize = "serialize" JsonSchema = "json-schema" Error = "error" Display = "display"
        Contract = "contract" Message = "message" Method = "method" Client = "client"
        Host = "host" Call = "call" Fake = "fake" Actor = "actor"
    }

    struct Counter(u8);

    impl Option for Counter {
        async fn get(&self, value: u8) -> u8 {
            self.0 + value
        }
        async fn set(&mut self, value: u8) {
            self.0 = value;
        }
    }

    #[tokio::test]
    async fn a_contract_may_be_called_anything() {
        let counter = OptionClient::local(Counter(1));
        assert_eq!(counter.set(3).await, Ok(()));
        assert_eq!(counter.get(4).await, Ok(7));
    }
}

/// Messages and errors of such names, which are used beside each other.
mod messages {
    #[seam::message]
    pub(super) struct Option {
        pub(super) some: u8,
    }
    #[seam::message]
    pub(super) struct Vec(pub(super) u8);
    #[seam::message]
    pub(super) struct String;
    #[seam::message]
    pub(super) struct Box<T> {
        pub(super) of: T,
    }
    #[seam::message]
    pub(super) enum Result {
        Ok(Vec),
        Err { error: Option },
    }
    #[seam::message]
    pub(super) struct Patch(pub(super) u8);
    #[seam::message]
    pub(super) struct Blob {
        pub(super) bytes: u8,
    }

    /// None of these is what the macro means by that name.
    #[seam::message]
    #[json(skip_if_none)]
    pub(super) struct Mixture {
        pub(super) option: Option,
        pub(super) vec: Vec,
        pub(super) boxed: Box<String>,
        pub(super) patch: Patch,
        pub(super) blob: Blob,
        pub(super) really: ::core::option::Option<u8>,
    }

    #[seam::error]
    pub(super) enum Error {
        Own { result: Result, option: Option },
        Other(Mixture),
    }

    #[seam::contract(name = "mixer", version = "1.0")]
    pub(super) trait Mixer {
        #[call(public, http = "POST /mix/{id}")]
        async fn mix(&self, id: u8, patch: Patch, option: Option) -> Result;
        async fn bottle(&self, of: Mixture) -> ::core::result::Result<Box<Vec>, Error>;
    }

    #[test]
    fn a_users_own_type_is_its_own() {
        let mixture = Mixture {
            option: Option { some: 1 },
            vec: Vec(2),
            boxed: Box { of: String },
            patch: Patch(3),
            blob: Blob { bytes: 4 },
            really: ::core::option::Option::None,
        };
        let json = serde_json::to_value(&mixture).unwrap();
        let expected = serde_json::json!({
            "option": { "some": 1 }, "vec": 2, "boxed": { "of": null }, "patch": 3, "blob": { "bytes": 4 },
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Mixture>(json).unwrap(), mixture);
        let without = serde_json::json!({
            "option": { "some": 1 }, "vec": 2, "boxed": { "of": null }, "blob": { "bytes": 4 },
        });
        assert!(serde_json::from_value::<Mixture>(without).is_err(), "`patch` is no `seam::Patch`");
    }
}

/// Traits that everything has, with methods that the macros call: by value, which a method call finds
/// before those that borrow.
mod crowded {
    pub(super) trait Crowd: Sized {
        fn call(self, _: ()) {}
        fn turn(self) {}
        fn leave(self) {}
        fn shared(self) {}
        fn exclusive(self) {}
        fn on(self) {}
        fn run(self) {}
        fn client(self) {}
        fn extend(self) {}
        fn get_or_init(self) {}
        fn value(self) {}
        fn variant(self) {}
        fn text(self) {}
        fn field(self) {}
        fn and(self) {}
        fn inside(self) {}
        fn optional(self) {}
        fn key(self) {}
        fn key_like(self) {}
        fn finish_non_exhaustive(self) {}
        fn write_str(self) {}
        fn write_fmt(self) {}
        fn map_err(self) {}
        fn serialize(self) {}
        fn deserialize(self) {}
    }

    impl<T> Crowd for T {}

    #[seam::message]
    pub(super) struct Thing {
        pub(super) name: String,
        pub(super) kind: Kind,
        pub(super) bytes: Vec<u8>,
    }

    #[seam::message]
    pub(super) enum Kind {
        One,
        Two(Option<u8>),
    }

    #[seam::error]
    pub(super) enum CalleeError {
        /// It is broken.
        Broken,
    }

    #[seam::error]
    pub(super) enum CrowdError {
        /// There is none.
        #[error(text = "no {name}")]
        Missing { name: String },
        #[error(from)]
        Callee(CalleeError),
        #[error(store)]
        Store(seam::StoreFailure),
        #[error(inner)]
        Inner(seam::outcome::InnerError),
    }

    #[seam::contract(name = "crowded", version = "1.0")]
    pub(super) trait Crowded {
        #[call(public)]
        async fn find(&self, name: String) -> Result<Thing, CrowdError>;
        async fn put(&mut self, thing: Thing) -> u8;
    }

    struct Full;

    impl Crowded for Full {
        async fn find(&self, name: String) -> Result<Thing, CrowdError> {
            match &*name {
                "" => Err(CrowdError::Missing { name }),
                _ => Ok(Thing { name, kind: Kind::Two(None), bytes: vec![1] }),
            }
        }
        async fn put(&mut self, thing: Thing) -> u8 {
            thing.bytes[0]
        }
    }

    #[tokio::test]
    async fn what_everything_has_is_not_called() {
        let client = CrowdedClient::local(Full);
        let thing = client.find("a".into()).await.unwrap();
        assert_eq!(client.put(thing).await, Ok(1));
        let missing = client.find(String::new()).await.unwrap_err();
        assert_eq!(missing.to_string(), "no ");
        let fake = CrowdedClient::fake().on_put(async |thing| Ok(thing.bytes[0]));
        let thing = Thing { name: String::new(), kind: Kind::One, bytes: vec![7] };
        assert_eq!(CrowdedClient::from(fake).put(thing).await, Ok(7));
    }
}

/// Methods whose names clients, calls, fakes and everything have of their own.
mod methods {
    macro_rules! methods {
        ($($name:ident)*) => {
            #[seam::contract(name = "methods", version = "1.0")]
            pub(super) trait Methods {
                $(async fn $name(&self, value: u8) -> u8;)*
            }

            pub(super) struct Echo;

            impl Methods for Echo {
                $(async fn $name(&self, value: u8) -> u8 {
                    value
                })*
            }
        };
    }

    methods! {
        new local fake deadline client default from borrow to_owned to_string
        type_id fmt eq cmp hash next poll await_all map run send turn serve begin call call_json
        options context descriptor service method
    }

    #[tokio::test]
    async fn a_method_has_the_name_that_it_is_given() {
        let client = seam::call::Client::<MethodsContract>::local(Echo).unwrap();
        let client = <MethodsClient as From<_>>::from(client);
        assert_eq!(client.deadline(1).deadline(seam::secs(5)).await, Ok(1));
        assert_eq!(client.new(2).await, Ok(2));
        assert_eq!(client.fake(3).await, Ok(3));
        assert_eq!(client.type_id(4).await, Ok(4));
        assert_eq!(client.to_string(5).await, Ok(5));
        assert_eq!(client.client(6).await, Ok(6));
        assert_eq!(client.clone().fmt(7).await, Ok(7));
    }
}

/// Types and names that a `macro_rules!` hands on.
mod handed_on {
    use std::collections::BTreeMap;

    use seam::{Blob, Patch};

    macro_rules! resource {
        ($name:ident $page:ident $error:ident: $id:ty => $row:ident { $($field:ident: $of:ty),* },
         $method:ident at $route:literal for $accept:literal as $body:ty) => {
            #[seam::message]
            #[derive(Eq)]
            #[json(skip_if_none)]
            pub(super) struct $row {
                $(pub(super) $field: $of,)*
            }

            #[seam::message]
            pub(super) struct $page {
                pub(super) rows: Vec<$row>,
                pub(super) by: BTreeMap<$id, Option<$row>>,
            }

            #[seam::error]
            pub(super) enum $error {
                #[error(text = "no {id}")]
                Missing { id: $id, $($field: $of),* },
                Other($row),
            }

            #[seam::contract(name = "resource", version = "1.0")]
            pub(super) trait $name {
                #[call(http = $route, accept = $accept)]
                async fn $method(&mut self, id: $id, body: $body) -> Result<$page, $error>;
                async fn patch(&mut self, id: $id, to: $row) -> Vec<$id>;
            }
        };
    }

    resource! {
        Shelf Page ShelfError: u64 => Row {
            bytes: Vec<u8>, next: Option<u8>, patch: Patch<u8>
        },
        put at "PUT /row/{id}" for "image/png" as Blob
    }

    #[test]
    fn a_type_that_is_handed_on_is_what_it_is() {
        use seam_core::contract::Contract;

        let row = Row { bytes: vec![1], next: None, patch: Patch::Absent };
        assert_eq!(serde_json::to_value(&row).unwrap(), serde_json::json!({ "bytes": [1] }));
        let route = &ShelfContract::descriptor().methods[0].http[0];
        assert_eq!((&*route.path, &*route.accept[0]), ("/row/{id}", "image/png"));
    }
}
