//! A meter made of spodes-rs: PORT wrapper|hdlc plain|ciphered BLOCK WINDOW STREAMED FRAMES. It prints "ready" and
//! serves client 1 until its standard input ends.
//!
//! Its association exists without being opened. What is longer than BLOCK octets goes in general blocks, in windows of
//! WINDOW, each marked as streamed where STREAMED is 1; requests are taken in general blocks, too. Over HDLC FRAMES
//! frames are sent and taken at once. Keys EK 00..0F, AK D0..DF, titles 4D4D4D0000000001 (client) and
//! 4D4D4D0000000003.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use spodes_rs::classes::data::Data;
use spodes_rs::classes::profile_generic::{ProfileGeneric, ProfileGenericConfig};
use spodes_rs::classes::register::Register;
use spodes_rs::obis::ObisCode;
use spodes_rs::security::{SecurityPolicy, SecuritySuite};
use spodes_rs::server::RequestDispatcher;
use spodes_rs::service::ciphering::{SecurityContext, glo, protect, unprotect};
use spodes_rs::service::{gbt, tag};
use spodes_rs::transport::hdlc::{HdlcAddress, HdlcLayer, XidParams};
use spodes_rs::transport::wrapper::Wrapper;
use spodes_rs::transport::{DataLinkLayer, NetworkTransport, PhysicalTransport};
use spodes_rs::types::CosemDataType;
use spodes_rs::types::attrs::{ScalerUnit, SortMethod};

const CLIENT: u16 = 1;
const SERVER: u16 = 1;
const INFORMATION: u16 = 128;

#[derive(Clone, Copy)]
struct Settings {
    ciphered: bool,
    block: usize,
    window: u8,
    streamed: bool,
    frames: u8,
}

struct Socket(TcpStream);

impl NetworkTransport for Socket {}

impl PhysicalTransport for Socket {
    fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.0.write_all(octets)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(timeout)
    }
}

fn objects() -> RequestDispatcher {
    let mut dispatcher = RequestDispatcher::new();
    dispatcher.set_max_pdu(usize::MAX);
    let text = CosemDataType::OctetString(b"HELLO-SPODES".to_vec());
    dispatcher.add(Box::new(Data::new(ObisCode::new(0, 0, 96, 1, 0, 255), text)));
    let energy = CosemDataType::DoubleLongUnsigned(123_456);
    dispatcher.add(Box::new(Register::new(ObisCode::new(1, 0, 1, 8, 0, 255), energy, ScalerUnit::new(-1, 30))));
    let row = |at: u32| {
        CosemDataType::Structure(vec![
            CosemDataType::DoubleLongUnsigned(at),
            CosemDataType::DoubleLongUnsigned(1000 + 7 * at),
        ])
    };
    dispatcher.add(Box::new(ProfileGeneric::new(ProfileGenericConfig {
        logical_name: ObisCode::new(1, 0, 99, 1, 0, 255),
        version: 1,
        buffer: (0..1000).map(row).collect(),
        capture_objects: vec![],
        capture_period: 900,
        sort_method: SortMethod::Fifo,
        sort_object: None,
        entries_in_use: 1000,
        profile_entries: 1000,
    })));
    dispatcher
}

fn context(title: u8) -> SecurityContext {
    let (policy, suite) = (SecurityPolicy::AuthenticationEncryption, SecuritySuite::Suite0);
    let title = [0x4D, 0x4D, 0x4D, 0, 0, 0, 0, title].to_vec();
    SecurityContext::for_suite(policy, suite, (0..16).collect(), (0xD0..0xE0).collect(), title, 0).expect("a context")
}

fn ciphered_tag(apdu: &[u8]) -> u8 {
    match apdu[0] {
        tag::GET_RESPONSE => glo::GET_RESPONSE,
        tag::SET_RESPONSE => glo::SET_RESPONSE,
        _ => glo::ACTION_RESPONSE,
    }
}

fn serve<L: DataLinkLayer>(mut link: L, settings: Settings) -> io::Result<()> {
    let mut dispatcher = objects();
    let (mut received, mut sent) = (context(1), context(3));
    loop {
        let first = link.receive_apdu()?;
        let in_blocks = first.first() == Some(&gbt::GENERAL_BLOCK_TRANSFER);
        let mut request = if in_blocks { gbt::receive(&mut link, &first)? } else { first };
        if settings.ciphered {
            request = unprotect(&mut received, &request).map_err(io::Error::other)?.1;
        }
        let mut response = dispatcher.dispatch(&request)?;
        if settings.ciphered {
            response = protect(&sent, ciphered_tag(&response), &response).map_err(io::Error::other)?;
            sent.invocation_counter += 1;
        }
        if response.len() > settings.block {
            gbt::send(&mut link, &response, settings.block, settings.window, settings.streamed)?;
        } else {
            link.send_apdu(&response)?;
        }
    }
}

fn session(stream: TcpStream, hdlc: bool, settings: Settings) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if !hdlc {
        return serve(Wrapper::new(Socket(stream), SERVER, CLIENT), settings);
    }
    let station = |address: u16| HdlcAddress::one_byte(address as u8);
    let mut link = HdlcLayer::new_server(Socket(stream), station(SERVER), station(CLIENT));
    link.set_xid_ceiling(XidParams {
        max_info_tx: INFORMATION,
        max_info_rx: INFORMATION,
        window_tx: settings.frames,
        window_rx: settings.frames,
    });
    serve(link, settings)
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize| arguments[at].parse::<u16>().expect("a number");
    let hdlc = arguments[2] == "hdlc";
    let settings = Settings {
        ciphered: arguments[3] == "ciphered",
        block: usize::from(number(4)),
        window: number(5) as u8,
        streamed: number(6) == 1,
        frames: number(7) as u8,
    };
    let listener = TcpListener::bind(("127.0.0.1", number(1)))?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || session(stream, hdlc, settings).unwrap_or_else(|fault| eprintln!("{fault}")));
        }
    });
    println!("ready");
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}
