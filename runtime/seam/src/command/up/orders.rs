//! The socket on which `up` takes orders.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use tokio::{
    io::{BufReader, split},
    net::UnixStream,
    sync::{Semaphore, mpsc},
    task::spawn_local,
    time::timeout,
};

use super::{
    super::control::{ControlSocket, NEWS, News, next_order, tell_news},
    roster::Roster,
};

/// How many clients may be connected.
const CLIENTS: usize = 32;
/// How long until it is tried again to accept somebody.
const AGAIN: Duration = Duration::from_millis(100);

/// Takes orders until it is dropped, and never ends by itself.
pub(super) async fn serve(socket: ControlSocket, roster: Roster) -> Infallible {
    let clients = Arc::new(Semaphore::new(CLIENTS));
    loop {
        let Ok(client) = Arc::clone(&clients).acquire_owned().await else {
            // Nobody closes it.
            return std::future::pending().await;
        };
        match socket.accept().await {
            Ok(stream) => {
                let roster = roster.clone();
                spawn_local(async move {
                    // Who has gone doesn't hear the rest.
                    let _ = talk(stream, &roster).await;
                    drop(client);
                });
            }
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

async fn talk(stream: UnixStream, roster: &Roster) -> io::Result<()> {
    let (reader, mut writer) = split(stream);
    let mut reader = BufReader::new(reader);
    loop {
        let order = match next_order(&mut reader).await {
            Ok(Some(order)) => order,
            Ok(None) => return Ok(()),
            Err(error) => {
                let reason = format!("this is no order: {error}");
                tell_news(&mut writer, &News::Refused { reason }).await?;
                return Err(error);
            }
        };
        let (news, mut told) = mpsc::channel(roster.room());
        let roster = roster.clone();
        // It is carried out to its end, also if who gave it goes away: nobody is left halfway.
        spawn_local(async move { roster.obey(order, &news).await });
        loop {
            match timeout(NEWS, told.recv()).await {
                Ok(Some(news)) => tell_news(&mut writer, &news).await?,
                Ok(None) => break,
                Err(_) => tell_news(&mut writer, &News::Waiting {}).await?,
            }
        }
    }
}
