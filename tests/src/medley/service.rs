//! Who answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use seam::prelude::*;

use super::contract::{
    Blob, Colour, Echo, EchoClient, EchoContract, EchoError, Help, Ledger, Medley, MedleyContract,
    MedleyError, Way,
};

/// Serves the medley; its state is lost with it.
#[derive(Debug)]
pub struct MedleyService {
    echo: EchoClient,
    sum: i64,
    saved: AtomicU64,
}

impl Actor for MedleyService {
    type Contract = MedleyContract;
    type Config = ();
    type Needs = (EchoClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { echo: setup.client()?, sum: 0, saved: AtomicU64::new(0) })
    }
}

impl Medley for MedleyService {
    async fn wipe(&mut self) {
        self.sum = 0;
        self.saved = AtomicU64::new(0);
    }

    async fn paint(&self, colour: Colour) -> Colour {
        match colour {
            Colour::Mixed(r, g, b) => Colour::Mixed(b, r, g),
            Colour::Both(first, Some(second)) => Colour::Both(second, Some(first)),
            other => other,
        }
    }

    async fn nest(&self, value: Option<Option<Vec<Option<u16>>>>) -> Option<Option<u64>> {
        value.map(|inner| inner.map(|list| list.into_iter().flatten().map(u64::from).sum()))
    }

    async fn tally(&self, words: BTreeMap<String, Vec<u32>>) -> BTreeMap<String, u64> {
        let sum = |counts: Vec<u32>| counts.into_iter().map(u64::from).sum();
        words.into_iter().map(|(word, counts)| (word, sum(counts))).collect()
    }

    async fn flip(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.reverse();
        bytes
    }

    async fn unit(&self) {}

    async fn tuple(&self, text: String, (number, letter): (i64, char)) -> (char, String, i64) {
        (letter, text, number)
    }

    async fn swell(&self, seed: u8, size: u32) -> Vec<u8> {
        vec![seed; size as usize]
    }

    async fn weigh(&self, blob: Blob) -> u64 {
        blob.bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>() + blob.name.len() as u64
    }

    async fn panic_beside(&self, later: bool) -> u64 {
        if later {
            tokio::task::yield_now().await;
        }
        panic!("beside");
    }

    async fn panic_alone(&mut self, later: bool) -> Result<u64, MedleyError> {
        self.sum = i64::MIN;
        if later {
            tokio::task::yield_now().await;
        }
        panic!("alone");
    }

    async fn slow(&self, millis: u8) -> u8 {
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
        millis
    }

    async fn hang(&self) {
        std::future::pending().await
    }

    async fn add(&mut self, amount: i64, yields: u8) -> i64 {
        pause(yields).await;
        self.sum = self.sum.wrapping_add(amount);
        self.sum
    }

    async fn sum(&self) -> i64 {
        self.sum
    }

    async fn save(&self, yields: u8) -> Result<(), MedleyError> {
        pause(yields).await;
        self.saved.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn ledger(&mut self) -> Ledger {
        Ledger { sum: self.sum, saved: *self.saved.get_mut() }
    }

    async fn fail(&self, way: Way) -> Result<String, MedleyError> {
        match way {
            Way::Not => Ok("fine".into()),
            Way::Plainly => Err(MedleyError::Plain),
            Way::WithDetails(number, why) => Err(MedleyError::Detailed { number, why }),
            Way::Unknown => Err(MedleyError::LostTrack),
        }
    }

    async fn add_and_fail(&mut self, amount: i64, way: Way) -> Result<i64, MedleyError> {
        self.sum = self.sum.wrapping_add(amount);
        self.fail(way).await?;
        Ok(self.sum)
    }

    async fn ask(&self, help: Help) -> Result<u64, MedleyError> {
        let call = self.echo.reply(help);
        let call = if help == Help::NoTime { call.deadline(Duration::ZERO) } else { call };
        Ok(call.await? + 1)
    }
}

async fn pause(yields: u8) {
    for _ in 0..yields {
        tokio::task::yield_now().await;
    }
}

/// Helps the medley.
#[derive(Debug)]
pub struct EchoService;

impl Actor for EchoService {
    type Contract = EchoContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Echo for EchoService {
    async fn reply(&self, help: Help) -> Result<u64, EchoError> {
        tokio::task::yield_now().await;
        match help {
            Help::Answer | Help::NoTime => Ok(41),
            Help::Refuse => Err(EchoError::NotToday { name: "medley".into() }),
            Help::Panic => panic!("echo"),
        }
    }
}
