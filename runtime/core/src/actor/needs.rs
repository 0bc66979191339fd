//! Whom a service may call, as a type: the graph is known before anything starts.

use crate::call::ClientOf;
use crate::contract::{Contract, ContractDescriptor};

/// A tuple of clients. Implemented for `()` and for tuples of up to eight generated clients.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of clients",
    label = "expected `()` or a tuple of clients",
    note = "a single client is written `(PaymentClient,)`, with a comma"
)]
pub trait Needs: 'static {
    /// The contracts of the clients.
    fn contracts() -> Vec<&'static ContractDescriptor>;

    /// Shows each of the clients' types to a visitor, in their order.
    fn visit<V: VisitNeeds>(visitor: &mut V);
}

/// Who looks at the types of a list of needs.
pub trait VisitNeeds {
    /// One of them.
    fn need<K: ClientOf>(&mut self);
}

/// Says that the list `N` holds this client, at the place `I`.
///
/// The client is what the bound is on, so that the compiler waits until it knows which is meant.
#[diagnostic::on_unimplemented(
    message = "this service doesn't declare that it calls `{Self}`",
    label = "`{Self}` is missing in the service's `Needs`",
    note = "add it in the actor: `type Needs = (…, {Self},);`"
)]
pub trait NeededBy<N, I> {}

/// A place in a list of needs.
#[derive(Debug, Clone, Copy)]
pub struct At<const N: usize>;

impl Needs for () {
    fn contracts() -> Vec<&'static ContractDescriptor> {
        Vec::new()
    }

    fn visit<V: VisitNeeds>(_: &mut V) {}
}

macro_rules! needs {
    ($(($($k:ident)*))*) => {$(
        impl<$($k: ClientOf),*> Needs for ($($k,)*) {
            fn contracts() -> Vec<&'static ContractDescriptor> {
                vec![$(<$k::Contract as Contract>::descriptor()),*]
            }

            fn visit<V: VisitNeeds>(visitor: &mut V) {
                $(visitor.need::<$k>();)*
            }
        }
    )*};
}

macro_rules! needed_by {
    ($($n:literal: ($($before:ident)*) $k:ident ($($after:ident)*);)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($before,)* $k, $($after),*> NeededBy<($($before,)* $k, $($after,)*), At<$n>> for $k {}
    )*};
}

needs! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
}

needed_by! {
    0: () A ();
    0: () A (B); 1: (A) B ();
    0: () A (B C); 1: (A) B (C); 2: (A B) C ();
    0: () A (B C D); 1: (A) B (C D); 2: (A B) C (D); 3: (A B C) D ();
    0: () A (B C D E); 1: (A) B (C D E); 2: (A B) C (D E); 3: (A B C) D (E); 4: (A B C D) E ();
    0: () A (B C D E F); 1: (A) B (C D E F); 2: (A B) C (D E F); 3: (A B C) D (E F);
    4: (A B C D) E (F); 5: (A B C D E) F ();
    0: () A (B C D E F G); 1: (A) B (C D E F G); 2: (A B) C (D E F G); 3: (A B C) D (E F G);
    4: (A B C D) E (F G); 5: (A B C D E) F (G); 6: (A B C D E F) G ();
    0: () A (B C D E F G H); 1: (A) B (C D E F G H); 2: (A B) C (D E F G H);
    3: (A B C) D (E F G H); 4: (A B C D) E (F G H); 5: (A B C D E) F (G H);
    6: (A B C D E F) G (H); 7: (A B C D E F G) H ();
}
