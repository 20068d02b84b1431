//! A meter made of dlms-cosem-rs: PORT wrapper|hdlc ln|sn MAX_PDU BLOCK WINDOW. It prints "ready" and serves until its
//! standard input ends.
//!
//! The security is by client: 16 none, 17 LLS, 18 LLS ciphered, 32 none ciphered, 1 GMAC ciphered; password "12345678",
//! keys EK 00..0F, AK D0..DF, server title 4D4D4D0000000002. What is longer than BLOCK octets goes in general blocks, in
//! windows of WINDOW (0: one by one, not streamed); BLOCK 0: general-block-transfer is not agreed to. Over HDLC WINDOW
//! frames, too, are sent and taken at once.
//!
//! The crate leaves reading, writing and whose turn it is to its user. The rest is its own: frames, their numbers and
//! segments, blocks, ACSE, services, ciphering.

use std::collections::VecDeque;
use std::io::{self, Read, Result as IoResult, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use dlms_cosem_rs::acse::{AuthMechanism, Referencing};
use dlms_cosem_rs::axdr::Data;
use dlms_cosem_rs::codec::{Decode, Encode, Error, SliceWriter, Writer};
use dlms_cosem_rs::cosem::{AttributeAccess, MethodAccess, ShortName, ShortNameTarget, sn};
use dlms_cosem_rs::obis::Obis;
use dlms_cosem_rs::security::{
    KeyRing, RandomSource, RustCryptoProvider, Secret, SecurityPolicy, SecuritySuite, SystemTitle,
};
use dlms_cosem_rs::server::{ObjectStore, Server, ServerConfig, StoreResult};
use dlms_cosem_rs::transport::hdlc::{
    Address, Connection, Control, Event, Found, Framer, LLC_RESPONSE, Parameters, Reassembler, Role, Segmenter,
    decode_frame,
};
use dlms_cosem_rs::transport::wrapper::{StreamReassembler, Wpdu};
use dlms_cosem_rs::xdlms::{
    ActionResult, ApduTag, Conformance, DataAccessResult, GbtAction, GbtReceiver, GbtSender, GeneralBlockTransfer,
    SelectiveAccess,
};

const LONGEST_VALUE: usize = 1 << 18;
const STACK: usize = 1 << 26;
const ROWS: u32 = 10_000;
const TEXT: Obis = Obis::new(0, 0, 96, 1, 0, 255);
const ENERGY: Obis = Obis::new(1, 0, 1, 8, 0, 255);
const CLOCK: Obis = Obis::new(0, 0, 1, 0, 0, 255);
const PROFILE: Obis = Obis::new(1, 0, 99, 1, 0, 255);
const LONG_PROFILE: Obis = Obis::new(1, 0, 99, 2, 0, 255);
const ASSOCIATION: Obis = Obis::new(0, 0, 40, 0, 0, 255);
const SHORT_NAMES: [ShortName; 6] = [
    ShortName::new(0xFA00, 12, ASSOCIATION, 4),
    ShortName::new(0x0100, 1, TEXT, 2),
    ShortName::new(0x0200, 3, ENERGY, 3).with_methods(0x28, 1),
    ShortName::new(0x0300, 8, CLOCK, 9),
    ShortName::new(0x0400, 7, PROFILE, 8),
    ShortName::new(0x0500, 7, LONG_PROFILE, 8),
];

type Meter = Server<Objects, RustCryptoProvider<Counting>, LONGEST_VALUE>;

/// What the arguments ask for.
#[derive(Clone, Copy)]
struct Settings {
    referencing: Referencing,
    max_pdu: u16,
    block: usize,
    window: u8,
}

struct Objects {
    text: Vec<u8>,
    energy: u32,
}

fn refused<E>(_: E) -> DataAccessResult {
    DataAccessResult::OtherReason
}

/// The time of a row: quarters of an hour from 2024-01-01, UTC.
fn stamp(row: u32) -> [u8; 12] {
    let (minutes, mut day, mut year, mut month) = (row * 15, row / 96, 2024u16, 1u8);
    let weekday = (day % 7 + 1) as u8; // 2024-01-01 was a Monday
    loop {
        let leap = year % 4 == 0;
        let length = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][usize::from(month) - 1];
        if day < length {
            break;
        }
        day -= length;
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    let [high, low] = year.to_be_bytes();
    let (hour, minute) = ((minutes / 60 % 24) as u8, (minutes % 60) as u8);
    [high, low, month, day as u8 + 1, weekday, hour, minute, 0, 0, 0, 0, 0]
}

/// Two times in their order: the day of the week does not count.
fn order(of: &[u8]) -> Vec<u8> {
    [&of[..4], &of[5..8]].concat()
}

impl Objects {
    fn rows(count: u32, access: Option<SelectiveAccess<'_>>) -> StoreResult<(u32, u32)> {
        let Some(chosen) = access else { return Ok((0, count)) };
        let parts = chosen.parameters.as_structure().ok_or(DataAccessResult::TypeUnmatched)?;
        let part = |at: usize| parts.get(at).map_err(refused);
        match chosen.selector {
            1 => {
                let (Data::OctetString(from), Data::OctetString(to)) = (part(1)?, part(2)?) else {
                    return Err(DataAccessResult::TypeUnmatched);
                };
                let (from, to) = (order(from), order(to));
                let first = (0..count).find(|row| order(&stamp(*row)) >= from).unwrap_or(count);
                let end = (first..count).find(|row| order(&stamp(*row)) > to).unwrap_or(count);
                Ok((first, end))
            }
            2 => {
                let entry = |at| Ok(part(at)?.as_u64().ok_or(DataAccessResult::TypeUnmatched)? as u32);
                let (first, last): (u32, u32) = (entry(0)?, entry(1)?);
                let last = if last == 0 { count } else { last.min(count) };
                Ok((first.saturating_sub(1).min(last), last))
            }
            _ => Err(DataAccessResult::ScopeOfAccessViolated),
        }
    }

    fn buffer(count: u32, access: Option<SelectiveAccess<'_>>, w: &mut dyn Writer) -> StoreResult<()> {
        let (first, end) = Self::rows(count, access)?;
        w.write_u8(0x01).map_err(refused)?;
        w.write_length((end - first) as usize).map_err(refused)?;
        for row in first..end {
            w.write_bytes(&[0x02, 0x02]).map_err(refused)?;
            Data::OctetString(&stamp(row)).encode(w).map_err(refused)?;
            Data::DoubleLongUnsigned(1000 + 7 * row).encode(w).map_err(refused)?;
        }
        Ok(())
    }

    fn profile(count: u32, id: i8, access: Option<SelectiveAccess<'_>>, w: &mut dyn Writer) -> StoreResult<()> {
        let captured = |class_id: u8, name: Obis, w: &mut dyn Writer| {
            w.write_bytes(&[0x02, 0x04, 0x12, 0, class_id, 0x09, 0x06])?;
            w.write_bytes(name.as_bytes())?;
            w.write_bytes(&[0x0F, 0x02, 0x12, 0, 0])
        };
        match id {
            2 => return Self::buffer(count, access, w),
            3 => {
                w.write_bytes(&[0x01, 0x02]).and_then(|()| captured(8, CLOCK, w)).and_then(|()| captured(3, ENERGY, w))
            }
            4 => Data::DoubleLongUnsigned(900).encode(w),
            5 => Data::Enum(1).encode(w),
            6 => captured(8, CLOCK, w),
            7 | 8 => Data::DoubleLongUnsigned(count).encode(w),
            _ => return Err(DataAccessResult::ObjectUndefined),
        }
        .map_err(refused)
    }

    /// The object_list of short names, or of it the one object that the selector names.
    fn object_list(access: Option<SelectiveAccess<'_>>, w: &mut dyn Writer) -> StoreResult<()> {
        let wanted = match access {
            Some(chosen) => {
                let parts = chosen.parameters.as_structure().ok_or(DataAccessResult::TypeUnmatched)?;
                let class_id = parts.get(0).map_err(refused)?.as_u64();
                let Data::OctetString(name) = parts.get(1).map_err(refused)? else {
                    return Err(DataAccessResult::TypeUnmatched);
                };
                Some((class_id, name))
            }
            None => None,
        };
        let found: Vec<&ShortName> = SHORT_NAMES
            .iter()
            .filter(|each| {
                wanted.is_none_or(|(class_id, name)| {
                    class_id == Some(u64::from(each.class_id)) && name == each.logical_name.as_bytes()
                })
            })
            .collect();
        w.write_bytes(&[0x01, found.len() as u8]).map_err(refused)?;
        for each in found {
            w.write_bytes(&[0x02, 0x04, 0x10]).map_err(refused)?;
            w.write_bytes(&each.base.to_be_bytes()).map_err(refused)?;
            w.write_bytes(&[0x12, 0, each.class_id as u8, 0x11, 0]).map_err(refused)?;
            Data::OctetString(each.logical_name.as_bytes()).encode(w).map_err(refused)?;
        }
        Ok(())
    }
}

impl ObjectStore for Objects {
    fn get_attribute(
        &self,
        class_id: u16,
        name: Obis,
        id: i8,
        access: Option<SelectiveAccess<'_>>,
        w: &mut dyn Writer,
    ) -> StoreResult<()> {
        match (class_id, name, id) {
            (1, TEXT, 2) => Data::OctetString(&self.text).encode(w).map_err(refused),
            (3, ENERGY, 2) => Data::DoubleLongUnsigned(self.energy).encode(w).map_err(refused),
            (3, ENERGY, 3) => w.write_bytes(&[0x02, 0x02, 0x0F, 0xFF, 0x16, 30]).map_err(refused),
            (8, CLOCK, 2) => Data::OctetString(&stamp(0)).encode(w).map_err(refused),
            (7, PROFILE, _) => Self::profile(1000, id, access, w),
            (7, LONG_PROFILE, _) => Self::profile(ROWS, id, access, w),
            (12, ASSOCIATION, 2) => Self::object_list(access, w),
            _ => Err(DataAccessResult::ObjectUndefined),
        }
    }

    fn set_attribute(
        &mut self,
        class_id: u16,
        name: Obis,
        id: i8,
        _: Option<SelectiveAccess<'_>>,
        value: Data<'_>,
    ) -> StoreResult<()> {
        match (class_id, name, id, value) {
            (1, TEXT, 2, Data::OctetString(octets)) => self.text = octets.to_vec(),
            (3, ENERGY, 2, Data::DoubleLongUnsigned(energy)) => self.energy = energy,
            (1 | 3, TEXT | ENERGY, 2, _) => return Err(DataAccessResult::TypeUnmatched),
            _ => return Err(DataAccessResult::ReadWriteDenied),
        }
        Ok(())
    }

    /// Method 1 of the text gives back its parameter, that of the register resets it.
    fn invoke_method(
        &mut self,
        class_id: u16,
        name: Obis,
        id: i8,
        parameter: Option<Data<'_>>,
        w: &mut dyn Writer,
    ) -> Result<bool, ActionResult> {
        match (class_id, name, id, parameter) {
            (1, TEXT, 1, Some(value)) => value.encode(w).map(|()| true).map_err(|_| ActionResult::OtherReason),
            (3, ENERGY, 1, _) => {
                self.energy = 0;
                Ok(false)
            }
            _ => Err(ActionResult::ObjectUndefined),
        }
    }

    fn attribute_access(&self, class_id: u16, _: Obis, id: i8) -> AttributeAccess {
        let written = matches!((class_id, id), (1 | 3, 2));
        if written { AttributeAccess::READ | AttributeAccess::WRITE } else { AttributeAccess::READ }
    }

    fn method_access(&self, _: u16, _: Obis, _: i8) -> MethodAccess {
        MethodAccess::ACCESS
    }

    fn resolve_short_name(&self, name: u16) -> Option<ShortNameTarget> {
        sn::resolve(&SHORT_NAMES, name)
    }
}

/// Its challenges: nothing here is a secret.
struct Counting;

impl RandomSource for Counting {
    fn fill(&self, out: &mut [u8]) -> dlms_cosem_rs::codec::Result<()> {
        for (at, octet) in out.iter_mut().enumerate() {
            *octet = 0xB0u8.wrapping_add(at as u8);
        }
        Ok(())
    }
}

fn meter(client: u16, settings: Settings) -> Box<Meter> {
    let (mechanism, ciphered) = match client {
        16 => (AuthMechanism::None, false),
        17 => (AuthMechanism::Low, false),
        18 => (AuthMechanism::Low, true),
        32 => (AuthMechanism::None, true),
        _ => (AuthMechanism::HighGmac, true),
    };
    let mut keys = (KeyRing::default(), SecurityPolicy::NONE);
    if ciphered {
        let octets = |first: u8| std::array::from_fn(|at| first + at as u8);
        keys =
            (KeyRing::new(octets(0x00), octets(0xD0)), SecurityPolicy::authenticated_encrypted(SecuritySuite::Suite0));
    }
    let general = if settings.block == 0 { Conformance::empty() } else { Conformance::GENERAL_BLOCK_TRANSFER };
    let short = Conformance::READ | Conformance::WRITE | Conformance::PARAMETERIZED_ACCESS;
    let config = ServerConfig {
        system_title: Some(SystemTitle::new(*b"MMM\x00\x00\x00\x00\x02")),
        mechanism,
        password: (mechanism == AuthMechanism::Low).then(|| Secret::new(b"12345678").expect("a password")),
        security: keys.1,
        referencing: settings.referencing,
        max_pdu_size: settings.max_pdu,
        conformance: Conformance::SERVER_DEFAULT | general | short,
        ..Default::default()
    };
    let objects = Objects { text: b"HELLO-RUST".to_vec(), energy: 123_456 };
    Box::new(Server::new(config, objects, RustCryptoProvider::with_rng(keys.0, Counting)))
}

/// One client's association, and between it and the link general-block-transfer.
struct Application {
    meter: Box<Meter>,
    settings: Settings,
    answer: Option<GbtSender<'static>>,
    request: GbtReceiver<'static>,
}

impl Application {
    fn new(client: u16, settings: Settings) -> Self {
        let storage = vec![0u8; LONGEST_VALUE].leak();
        Self { meter: meter(client, settings), settings, answer: None, request: GbtReceiver::new(storage) }
    }

    /// What is to be sent now that an APDU has come.
    fn apdus(&mut self, apdu: &[u8]) -> Vec<Vec<u8>> {
        if apdu.first() != Some(&ApduTag::GeneralBlockTransfer.as_u8()) {
            return self.answered(apdu);
        }
        let Ok(block) = GeneralBlockTransfer::from_bytes(&apdu[1..]) else { return vec![] };
        if let (Some(answer), true) = (self.answer.as_mut(), block.block_data.is_empty()) {
            return match answer.acknowledge(block.block_number_ack) {
                Ok(()) => self.blocks(),
                Err(_) => vec![],
            };
        }
        match self.request.push(&block) {
            Ok(GbtAction::Acknowledge) => {
                let mut out = vec![ApduTag::GeneralBlockTransfer.as_u8(); 16];
                let length = self.request.acknowledgement(self.settings.window.max(1), &mut out[1..]).unwrap_or(0);
                out.truncate(1 + length);
                vec![out]
            }
            Ok(GbtAction::Complete) => {
                let whole = self.request.apdu().to_vec();
                self.request.reset();
                self.answered(&whole)
            }
            Ok(GbtAction::Await) | Err(_) => vec![],
        }
    }

    fn answered(&mut self, apdu: &[u8]) -> Vec<Vec<u8>> {
        let mut out = vec![0u8; LONGEST_VALUE];
        let Ok(length) = self.meter.handle(apdu, &mut out) else { return vec![] };
        out.truncate(length);
        let Settings { block, window, .. } = self.settings;
        if block == 0 || length <= block {
            return vec![out];
        }
        // A meter lives as long as its process, and a process for seconds.
        self.answer = GbtSender::new(out.leak(), block, window, window > 0).ok();
        self.blocks()
    }

    fn blocks(&mut self) -> Vec<Vec<u8>> {
        let Some(answer) = self.answer.as_mut() else { return vec![] };
        let mut found = vec![];
        let mut out = vec![0u8; self.settings.block + 16];
        while let Ok(Some(length)) = answer.next_block(&mut out) {
            found.push([&[ApduTag::GeneralBlockTransfer.as_u8()], &out[..length]].concat());
        }
        found
    }
}

fn wrapper(mut stream: TcpStream, settings: Settings) -> IoResult<()> {
    let reassembler = StreamReassembler::new(u16::MAX);
    let mut application: Option<(u16, Application)> = None;
    let (mut pending, mut chunk) = (Vec::new(), [0u8; 4096]);
    loop {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        pending.extend_from_slice(&chunk[..count]);
        while let Ok(Some((wpdu, used))) = reassembler.next_pdu(&pending) {
            let (client, server) = (wpdu.header.source, wpdu.header.destination);
            if application.as_ref().is_none_or(|(of, _)| *of != client) {
                application = Some((client, Application::new(client, settings)));
            }
            let answers = application.as_mut().expect("made above").1.apdus(wpdu.apdu);
            pending.drain(..used);
            for apdu in answers {
                let mut framed = Vec::new();
                let Ok(wpdu) = Wpdu::new(server, client, &apdu) else { break };
                wpdu.encode(&mut framed).map_err(io::Error::other)?;
                stream.write_all(&framed)?;
            }
        }
    }
}

/// One HDLC connection, and what waits until the line is ours.
struct Line {
    stream: TcpStream,
    connection: Connection,
    waiting: VecDeque<Vec<u8>>,
    segmenter: Option<Segmenter<'static>>,
}

impl Line {
    /// Send what the connection builds: UA or RR.
    fn write(&mut self, build: fn(&mut Connection, &mut [u8]) -> Result<usize, Error>) -> IoResult<()> {
        let mut out = [0u8; 256];
        let length = build(&mut self.connection, &mut out).map_err(io::Error::other)?;
        self.stream.write_all(&out[..length])
    }

    /// The line is ours: as many frames as the window takes, or RR where nothing waits.
    ///
    /// The crate sets the final bit on the last segment of each APDU; a window may end before that, and after more.
    fn transmit(&mut self) -> IoResult<()> {
        let mut burst: Vec<Vec<u8>> = vec![];
        while burst.len() < self.connection.parameters().window_tx as usize {
            let Some(segmenter) = self.segmenter.as_mut() else {
                let Some(lsdu) = self.waiting.pop_front() else { break };
                self.segmenter = Some(self.connection.segmenter(lsdu.leak()).map_err(io::Error::other)?);
                continue;
            };
            let mut out = vec![0u8; 2100];
            match self.connection.next_frame(segmenter, &mut out).map_err(io::Error::other)? {
                Some(length) => burst.push(out[..length].to_vec()),
                None => self.segmenter = None,
            }
        }
        if burst.is_empty() {
            return self.write(|connection, out| connection.poll(out));
        }
        let last = burst.len() - 1;
        for (at, octets) in burst.iter().enumerate() {
            let (mut frame, _) = decode_frame(octets).map_err(io::Error::other)?;
            if let Control::I { ns, nr, .. } = frame.control {
                frame.control = Control::I { ns, nr, pf: at == last };
            }
            let mut out = vec![0u8; octets.len()];
            frame.encode(&mut SliceWriter::new(&mut out)).map_err(io::Error::other)?;
            self.stream.write_all(&out)?;
        }
        Ok(())
    }
}

fn hdlc(mut stream: TcpStream, settings: Settings) -> IoResult<()> {
    let frames = u32::from(settings.window).clamp(1, 7);
    let parameters = Parameters { window_tx: frames, window_rx: frames, ..Parameters::DEFAULT };
    let mut open: Option<(Line, Application)> = None;
    let mut into = Reassembler::new(vec![0u8; LONGEST_VALUE].leak());
    let (mut framer, mut pending, mut chunk) = (Framer::new(), Vec::new(), [0u8; 4096]);
    loop {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        pending.extend_from_slice(&chunk[..count]);
        while let Ok(Found::Frame { frame, consumed }) = framer.next_frame(&pending) {
            if frame.control == Control::Snrm {
                let Address::Single(client) = frame.source else { return Ok(()) };
                let connection = Connection::new(Role::Server, frame.destination, frame.source, parameters);
                let line = Line { stream: stream.try_clone()?, connection, waiting: VecDeque::new(), segmenter: None };
                open = Some((line, Application::new(u16::from(client), settings)));
            }
            if let Some((line, application)) = open.as_mut() {
                match line.connection.handle(&frame, &mut into) {
                    Ok(Event::AcknowledgeRequired) => line.write(Connection::acknowledge)?,
                    Ok(Event::Lsdu) => {
                        let answers = application.apdus(&into.lsdu()[LLC_RESPONSE.len()..]);
                        line.waiting.extend(answers.iter().map(|apdu| [&LLC_RESPONSE[..], apdu].concat()));
                    }
                    Ok(_) => {}
                    Err(fault) => eprintln!("{fault:?}"),
                }
                if matches!(frame.control, Control::I { pf: true, .. } | Control::Rr { pf: true, .. }) {
                    line.transmit()?;
                }
            }
            pending.drain(..consumed);
        }
    }
}

fn main() -> IoResult<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize| arguments[at].parse::<u16>().expect("a number");
    let settings = Settings {
        referencing: if arguments[3] == "sn" { Referencing::ShortName } else { Referencing::LogicalName },
        max_pdu: number(4),
        block: usize::from(number(5)),
        window: number(6) as u8,
    };
    let serve = if arguments[2] == "hdlc" { hdlc } else { wrapper };
    let listener = TcpListener::bind(("127.0.0.1", number(1)))?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            stream.set_nodelay(true).expect("TCP");
            let session = move || serve(stream, settings).unwrap_or_else(|fault| eprintln!("{fault}"));
            thread::Builder::new().stack_size(STACK).spawn(session).expect("a thread");
        }
    });
    println!("ready");
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}
