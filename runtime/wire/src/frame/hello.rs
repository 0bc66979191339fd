//! The hello: who speaks, what it offers, and how much it takes.

use super::bytes::{Reader, put_text8};
use super::{ExtensionsBuf, ServiceSet, ServiceSetBuf, Versions, kind, whole};
use crate::limits::{DEFAULT_WINDOW, MAX_FRAME, MAX_HELLO, MAX_METHODS, MAX_NAME, MAX_SERVICES};
use crate::violation::{EncodeError, Violation};

/// The version of the hello's layout up to the end of its services: it is the same for all versions
/// of the protocol, so that every build can read it.
const LAYOUT: u16 = 1;

/// The extension that says which instance it is, in two bytes.
const INSTANCE: u16 = 1;
/// The extension that says which services are active, as the contents of an offers frame.
const ACTIVE: u16 = 2;

pub(crate) const MAGIC: [u8; 4] = *b"SEAM";

/// The first frame of each side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The app. Both sides are of one.
    pub app: String,
    /// The unit.
    pub unit: String,
    /// The build of the app.
    pub release: String,
    /// A random number per process start, so that a restart is seen.
    pub launch: u64,
    /// How many calls this side lets the other have in flight; by default 1,024.
    pub credit: u32,
    /// The largest frame that this side reads; by default 4 MiB.
    pub max_frame: u32,
    /// The services that this side may host, active or not; a call names one by its place here.
    pub services: Vec<ServiceOffer>,
    /// Which of a unit's instances this is; 0 for who says nothing of it.
    pub instance: u16,
    /// Which of the services are active; `None` for all of them. Only those are to be called, and
    /// offers frames say it anew.
    pub active: Option<ServiceSetBuf>,
    /// Which versions this side speaks; `None` for version 1 alone, whose hello says nothing of it.
    pub versions: Option<Versions>,
}

/// A service that a unit hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceOffer {
    /// The service.
    pub name: String,
    /// Its contract's version.
    pub version: String,
    /// Its methods; a call names one by its place here.
    pub methods: Vec<MethodOffer>,
}

/// A method of a hosted service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MethodOffer {
    /// The method.
    pub name: String,
    /// A hash over the schemas of its arguments, result and error. Two sides whose hashes agree
    /// may use the compact codec.
    pub layout: u64,
}

impl Default for Hello {
    fn default() -> Self {
        Self {
            app: String::new(),
            unit: String::new(),
            release: String::new(),
            launch: 0,
            credit: DEFAULT_WINDOW,
            max_frame: MAX_FRAME as u32,
            services: Vec::new(),
            instance: 0,
            active: None,
            versions: None,
        }
    }
}

impl Hello {
    /// Appends the hello to `out`.
    ///
    /// # Errors
    ///
    /// If a name or a list is too long. `out` is then as it was.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_with_length(out).map(drop)
    }

    /// As [`Hello::encode`]; how many of the bytes stand behind the services.
    pub(crate) fn encode_with_length(&self, out: &mut Vec<u8>) -> Result<usize, EncodeError> {
        let mut services = 0;
        whole(out, MAX_HELLO, |out| {
            self.encode_contents(out)?;
            services = out.len();
            if let Some(versions) = self.versions {
                versions.encode(out, self.extensions()?.entries());
            }
            Ok(())
        })?;
        Ok(out.len() - services)
    }

    /// What isn't said by who has nothing to say: a first instance, of which all is active.
    fn extensions(&self) -> Result<ExtensionsBuf, EncodeError> {
        let mut entries = ExtensionsBuf::default();
        if self.instance != 0 {
            entries.push(INSTANCE, &self.instance.to_le_bytes())?;
        }
        if let Some(active) = &self.active {
            entries.push(ACTIVE, active.as_set().bytes())?;
        }
        Ok(entries)
    }

    /// Whether the service of this number is active.
    pub fn is_active(&self, service: u16) -> bool {
        self.active.as_ref().is_none_or(|active| active.as_set().contains(service))
    }

    fn encode_contents(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&[0, 0, 0, 0, kind::HELLO]);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&LAYOUT.to_le_bytes());
        out.extend_from_slice(&self.launch.to_le_bytes());
        out.extend_from_slice(&self.credit.to_le_bytes());
        out.extend_from_slice(&self.max_frame.to_le_bytes());
        put_text8(out, &self.app, MAX_NAME, "app")?;
        put_text8(out, &self.unit, MAX_NAME, "unit")?;
        put_text8(out, &self.release, MAX_NAME, "release")?;
        put_count(out, self.services.len(), MAX_SERVICES, "services")?;
        for service in &self.services {
            put_text8(out, &service.name, MAX_NAME, "service")?;
            put_text8(out, &service.version, MAX_NAME, "version")?;
            put_count(out, service.methods.len(), MAX_METHODS, "methods")?;
            for method in &service.methods {
                put_text8(out, &method.name, MAX_NAME, "method")?;
                out.extend_from_slice(&method.layout.to_le_bytes());
            }
        }
        Ok(())
    }

    /// Reads a hello's contents, after its kind.
    ///
    /// # Errors
    ///
    /// What is wrong with it. What is allocated is at most a small multiple of the bytes that came.
    pub fn decode(contents: &[u8]) -> Result<Self, Violation> {
        let mut reader = Reader::new(contents);
        if reader.bytes(MAGIC.len(), "magic")? != MAGIC {
            return Err(Violation::BadMagic);
        }
        let theirs = reader.u16("version")?;
        if theirs != LAYOUT {
            return Err(Violation::Version { theirs, ours: LAYOUT });
        }
        let launch = reader.u64("launch id")?;
        let credit = reader.u32("credit")?;
        let max_frame = reader.u32("frame cap")?;
        let app = reader.text8(MAX_NAME, "app")?.to_owned();
        let unit = reader.text8(MAX_NAME, "unit")?.to_owned();
        let release = reader.text8(MAX_NAME, "release")?.to_owned();
        // The least that a service takes: two empty texts and a count.
        let count = reader.count(MAX_SERVICES, 4, "services")?;
        let mut services = Vec::with_capacity(count);
        for _ in 0..count {
            services.push(decode_service(&mut reader)?);
        }
        let read = Versions::decode(reader)?;
        let (versions, entries) = read.unzip();
        let entries = entries.unwrap_or_default();
        let instance = entries.get(INSTANCE).map_or(Ok(0), decode_instance)?;
        let active = entries.get(ACTIVE).map(|bytes| decode_active(bytes, count)).transpose()?;
        Ok(Self {
            app,
            unit,
            release,
            launch,
            credit,
            max_frame,
            services,
            instance,
            active,
            versions,
        })
    }
}

fn decode_instance(bytes: &[u8]) -> Result<u16, Violation> {
    let mut reader = Reader::new(bytes);
    let instance = reader.u16("instance")?;
    reader.end()?;
    Ok(instance)
}

fn decode_active(bytes: &[u8], services: usize) -> Result<ServiceSetBuf, Violation> {
    let active = ServiceSet::decode(bytes)?;
    active.check(services)?;
    Ok(active.to_buf())
}

fn decode_service(reader: &mut Reader<'_>) -> Result<ServiceOffer, Violation> {
    let name = reader.text8(MAX_NAME, "service")?.to_owned();
    let version = reader.text8(MAX_NAME, "version")?.to_owned();
    // The least that a method takes: an empty text and a hash.
    let count = reader.count(MAX_METHODS, 9, "methods")?;
    let mut methods = Vec::with_capacity(count);
    for _ in 0..count {
        let name = reader.text8(MAX_NAME, "method")?.to_owned();
        methods.push(MethodOffer { name, layout: reader.u64("layout")? });
    }
    Ok(ServiceOffer { name, version, methods })
}

fn put_count(
    out: &mut Vec<u8>,
    count: usize,
    cap: usize,
    what: &'static str,
) -> Result<(), EncodeError> {
    if count > cap {
        return Err(EncodeError::TooLong { what, length: count, cap });
    }
    out.extend_from_slice(&(count as u16).to_le_bytes());
    Ok(())
}
