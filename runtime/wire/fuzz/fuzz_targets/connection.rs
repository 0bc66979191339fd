//! A whole stream of bytes into one side of a connection. The first byte says how it is cut, and
//! whether a valid hello goes before it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seam_core::time::Moment;
use seam_wire::limits::Timeouts;
use seam_wire::{Event, FrameBuffer, Hello, MethodOffer, ReplyKind, ServiceOffer, Session, Versions};

fn hello() -> Hello {
    let methods = vec![MethodOffer { name: "charge".to_owned(), layout: 1 }];
    let (name, version) = ("payment".to_owned(), "1.0".to_owned());
    let services = vec![ServiceOffer { name, version, methods }];
    let (app, unit) = ("shop".to_owned(), "pay".to_owned());
    Hello { app, unit, services, versions: Some(Versions::CURRENT), ..Hello::default() }
}

fuzz_target!(|data: &[u8]| {
    let Some((how, stream)) = data.split_first() else { return };
    let ours = hello();
    let Ok(mut session) = Session::<()>::accepted(&ours, Timeouts::default(), Moment::default()) else {
        return;
    };
    let mut buffer = FrameBuffer::new(ours.max_frame);
    let mut bytes = Vec::new();
    if how & 1 == 1 {
        let _ = ours.encode(&mut bytes);
    }
    bytes.extend_from_slice(stream);
    for chunk in bytes.chunks(usize::from(how >> 1) + 1) {
        buffer.feed(chunk);
        assert!(buffer.capacity() <= 2 * bytes.len() + (64 << 10));
        loop {
            let frame = match buffer.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(_) => return,
            };
            match session.receive(frame) {
                Ok(Event::Call(head, body)) => {
                    let id = head.id;
                    let echo = |out: &mut Vec<u8>| {
                        out.extend_from_slice(body);
                        Ok::<_, ()>(ReplyKind::Answer)
                    };
                    let _ = session.reply(id, echo);
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
});
