//! What the boutique's services say to each other, after the shapes of Online Boutique's own
//! protobuf file. One set of types for every contender, so that the work is the same: prost for
//! tonic, serde for the rest.

/// Declares messages: a struct each, in both encodings.
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_attr:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[seam::message]
        #[derive(prost::Message)]
        #[prost(skip_debug)]
        pub(crate) struct $name {
            $($(#[$field_attr])* pub(crate) $field: $type,)*
        }
    )*};
}

messages! {
    /// Nothing to say.
    Nothing {}
    Money {
        #[prost(string, tag = "1")] currency: String,
        #[prost(int64, tag = "2")] units: i64,
        #[prost(int32, tag = "3")] nanos: i32,
    }

    ProductId {
        #[prost(string, tag = "1")] id: String,
    }
    ProductIds {
        #[prost(string, repeated, tag = "1")] ids: Vec<String>,
    }
    Product {
        #[prost(string, tag = "1")] id: String,
        #[prost(string, tag = "2")] name: String,
        #[prost(string, tag = "3")] description: String,
        #[prost(string, tag = "4")] picture: String,
        #[prost(message, required, tag = "5")] price_usd: Money,
        #[prost(string, repeated, tag = "6")] categories: Vec<String>,
    }
    Products {
        #[prost(message, repeated, tag = "1")] products: Vec<Product>,
    }

    UserId {
        #[prost(string, tag = "1")] user: String,
    }
    CartItem {
        #[prost(string, tag = "1")] product: String,
        #[prost(uint32, tag = "2")] quantity: u32,
    }
    Cart {
        #[prost(message, repeated, tag = "1")] items: Vec<CartItem>,
    }
    AddItem {
        #[prost(string, tag = "1")] user: String,
        #[prost(message, required, tag = "2")] item: CartItem,
    }

    Currencies {
        #[prost(string, repeated, tag = "1")] codes: Vec<String>,
    }
    Conversion {
        #[prost(message, required, tag = "1")] from: Money,
        #[prost(string, tag = "2")] to: String,
    }

    AdRequest {
        #[prost(string, repeated, tag = "1")] context: Vec<String>,
    }
    Ad {
        #[prost(string, tag = "1")] url: String,
        #[prost(string, tag = "2")] text: String,
    }
    Ads {
        #[prost(message, repeated, tag = "1")] ads: Vec<Ad>,
    }

    RecommendationRequest {
        #[prost(string, tag = "1")] user: String,
        #[prost(string, repeated, tag = "2")] products: Vec<String>,
    }

    Address {
        #[prost(string, tag = "1")] street: String,
        #[prost(string, tag = "2")] city: String,
        #[prost(string, tag = "3")] state: String,
        #[prost(string, tag = "4")] country: String,
        #[prost(uint32, tag = "5")] zip_code: u32,
    }
    Shipment {
        #[prost(message, required, tag = "1")] address: Address,
        #[prost(message, repeated, tag = "2")] items: Vec<CartItem>,
    }
    Tracking {
        #[prost(string, tag = "1")] id: String,
    }

    Card {
        #[prost(string, tag = "1")] number: String,
        #[prost(uint32, tag = "2")] cvv: u32,
        #[prost(uint32, tag = "3")] year: u32,
        #[prost(uint32, tag = "4")] month: u32,
    }
    Charge {
        #[prost(message, required, tag = "1")] amount: Money,
        #[prost(message, required, tag = "2")] card: Card,
    }
    Transaction {
        #[prost(string, tag = "1")] id: String,
    }

    PlaceOrder {
        #[prost(string, tag = "1")] user: String,
        #[prost(string, tag = "2")] currency: String,
        #[prost(message, required, tag = "3")] address: Address,
        #[prost(string, tag = "4")] email: String,
        #[prost(message, required, tag = "5")] card: Card,
    }
    OrderItem {
        #[prost(message, required, tag = "1")] item: CartItem,
        #[prost(message, required, tag = "2")] cost: Money,
    }
    Order {
        #[prost(string, tag = "1")] id: String,
        #[prost(string, tag = "2")] tracking: String,
        #[prost(message, required, tag = "3")] shipping: Money,
        #[prost(message, required, tag = "4")] address: Address,
        #[prost(message, repeated, tag = "5")] items: Vec<OrderItem>,
    }
    Confirmation {
        #[prost(string, tag = "1")] email: String,
        #[prost(message, required, tag = "2")] order: Order,
    }

    /// Who looks at a page, and in which currency.
    Visitor {
        #[prost(string, tag = "1")] user: String,
        #[prost(string, tag = "2")] currency: String,
    }
    ProductVisit {
        #[prost(message, required, tag = "1")] visitor: Visitor,
        #[prost(string, tag = "2")] product: String,
    }
    Offer {
        #[prost(message, required, tag = "1")] product: Product,
        #[prost(message, required, tag = "2")] price: Money,
    }
    HomePage {
        #[prost(string, repeated, tag = "1")] currencies: Vec<String>,
        #[prost(message, repeated, tag = "2")] offers: Vec<Offer>,
        #[prost(uint32, tag = "3")] cart_size: u32,
        #[prost(message, required, tag = "4")] ad: Ad,
    }
    ProductPage {
        #[prost(string, repeated, tag = "1")] currencies: Vec<String>,
        #[prost(message, required, tag = "2")] offer: Offer,
        #[prost(message, repeated, tag = "3")] recommendations: Vec<Product>,
        #[prost(uint32, tag = "4")] cart_size: u32,
        #[prost(message, required, tag = "5")] ad: Ad,
    }
    OrderPage {
        #[prost(string, repeated, tag = "1")] currencies: Vec<String>,
        #[prost(message, required, tag = "2")] order: Order,
        #[prost(message, required, tag = "3")] total: Money,
        #[prost(message, repeated, tag = "4")] recommendations: Vec<Product>,
    }
}
