//! A service that gives back what it gets, for messages of any size.

use seam::prelude::*;

use crate::measure::Ask;
use crate::messages::{Basket, Priced, answer_tiny};

/// Echoes.
#[seam::contract(name = "blobs", version = "1.0")]
pub(crate) trait Blobs {
    async fn bytes(&self, blob: Vec<u8>) -> Vec<u8>;
    async fn text(&self, blob: String) -> String;
}

/// A service without state.
#[derive(Debug)]
pub(crate) struct BlobsService;

impl Actor for BlobsService {
    type Contract = BlobsContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Blobs for BlobsService {
    async fn bytes(&self, blob: Vec<u8>) -> Vec<u8> {
        blob
    }

    async fn text(&self, blob: String) -> String {
        blob
    }
}

/// A caller of the echo: each call makes its message, and compares all of the answer.
#[derive(Clone, Debug)]
pub(super) struct Echo {
    client: BlobsClient,
    blob: Blob,
}

#[derive(Clone, Debug)]
enum Blob {
    Bytes(Vec<u8>),
    Text(String),
}

impl Echo {
    pub(super) fn new(client: BlobsClient, text: bool, size: usize) -> Self {
        let blob = match text {
            true => Blob::Text("seam".chars().cycle().take(size).collect()),
            false => Blob::Bytes((0..=u8::MAX).cycle().take(size).collect()),
        };
        Self { client, blob }
    }
}

impl Ask for Echo {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        let same = match &self.blob {
            Blob::Bytes(blob) => self.client.bytes(blob.clone()).await? == *blob,
            Blob::Text(blob) => self.client.text(blob.clone()).await? == *blob,
        };
        anyhow::ensure!(same, "the echo is not what was said");
        Ok(answer_tiny(n))
    }

    async fn price(&self, _: Basket) -> anyhow::Result<Priced> {
        anyhow::bail!("an echo knows no prices")
    }
}
