//! A small OTLP/HTTP receiver: it keeps the spans that instances export.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::docker;

/// How long nothing has to come until all has come: exporters send in batches.
const SETTLED: Duration = Duration::from_millis(700);

/// One exported span.
#[derive(Debug, Clone, Default)]
pub struct Span {
    /// Trace id, hexadecimal
    pub trace: String,
    /// Span id
    pub id: String,
    /// Id of the span above it, empty for a root
    pub parent: String,
    /// Name
    pub name: String,
    /// String attributes
    pub attributes: Vec<(String, String)>,
    /// `service.name` of the resource
    pub service: String,
}

/// A running receiver.
pub struct Receiver {
    /// Its address as containers of the network see it
    pub endpoint: String,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Receiver {
    /// Listens where containers of this network reach the host.
    pub fn start(network: &str) -> Result<Self> {
        let template = "{{range .IPAM.Config}}{{.Gateway}}{{end}}";
        let gateway = docker::ok(&["network", "inspect", "--format", template, network])?;
        let gateway: IpAddr = gateway.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        // Where Docker runs in a virtual machine the gateway is not ours to bind, and
        // `host.docker.internal` leads to the loopback address.
        let bound = TcpListener::bind((gateway, 0))
            .map(|listener| (listener, gateway.to_string()))
            .or_else(|_| {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                Ok::<_, std::io::Error>((listener, "host.docker.internal".to_owned()))
            });
        let (listener, host) = bound.context("no address for the receiver")?;
        let port = listener.local_addr().map(|address: SocketAddr| address.port())?;
        let spans = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&spans);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || serve(stream, &kept));
            }
        });
        Ok(Self {
            endpoint: format!("http://{host}:{port}"),
            spans,
        })
    }

    /// The spans so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().map(|spans| spans.clone()).unwrap_or_default()
    }

    /// Waits until spans of this trace have come, and no more do.
    pub fn trace(&self, trace: &str, limit: Duration) -> Vec<Span> {
        let started = Instant::now();
        let mut last = (0, started);
        loop {
            let found: Vec<Span> = self.spans().into_iter().filter(|span| span.trace == trace).collect();
            if found.len() > last.0 {
                last = (found.len(), Instant::now());
            }
            let settled = !found.is_empty() && last.1.elapsed() > SETTLED;
            if settled || started.elapsed() > limit {
                return found;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn serve(stream: TcpStream, kept: &Mutex<Vec<Span>>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut chunked) = (0, false);
        let mut path = String::new();
        reader.read_line(&mut path).ok().filter(|read| *read > 0)?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let lower = line.trim().to_ascii_lowercase();
            if lower.is_empty() {
                break;
            }
            chunked |= lower.starts_with("transfer-encoding:") && lower.contains("chunked");
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        if chunked {
            body = chunks(&mut reader)?;
        }
        if path.contains("/v1/traces") {
            let mut kept = kept.lock().ok()?;
            kept.extend(export(&body));
        }
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        writer.write_all(answer.as_bytes()).ok()?;
    }
}

fn chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// Reads `ExportTraceServiceRequest`.
fn export(body: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource_spans in fields(body, 1) {
        let resource = fields(resource_spans, 1).next().unwrap_or_default();
        let service = attributes(resource, 1)
            .into_iter()
            .find(|(name, _)| name == "service.name")
            .map(|(_, value)| value);
        for scope_spans in fields(resource_spans, 2) {
            for span in fields(scope_spans, 2) {
                let bytes = |number| fields(span, number).next().unwrap_or_default();
                spans.push(Span {
                    trace: hex(bytes(1)),
                    id: hex(bytes(2)),
                    parent: hex(bytes(4)),
                    name: text(bytes(5)),
                    attributes: attributes(span, 9),
                    service: service.clone().unwrap_or_default(),
                });
            }
        }
    }
    spans
}

fn attributes(message: &[u8], number: u64) -> Vec<(String, String)> {
    let pair = |attribute| {
        let name = fields(attribute, 1).next().unwrap_or_default();
        let value = fields(attribute, 2).next().unwrap_or_default();
        let value = fields(value, 1).next().unwrap_or_default();
        (text(name), text(value))
    };
    fields(message, number).map(pair).collect()
}

/// The length-delimited fields of a protobuf message that have this number.
fn fields(mut message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        loop {
            let key = varint(&mut message)?;
            let length = match key & 7 {
                0 => {
                    varint(&mut message)?;
                    continue;
                }
                1 => 8,
                2 => usize::try_from(varint(&mut message)?).ok()?,
                5 => 4,
                _ => return None,
            };
            let (field, rest) = message.split_at_checked(length)?;
            message = rest;
            if key & 7 == 2 && key >> 3 == number {
                return Some(field);
            }
        }
    })
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("a short field");
        [&[number << 3 | 2, length], content].concat()
    }

    #[test]
    fn a_span_is_read_from_an_export() {
        let name = field(1, b"service.name");
        let value = field(2, &field(1, b"orders"));
        let resource = field(1, &field(1, &[name, value].concat()));
        let span = [
            field(1, &[0xab; 16]),
            field(2, &[1; 8]),
            field(4, &[2; 8]),
            field(5, b"GET"),
        ]
        .concat();
        let scope = field(2, &field(2, &span));
        let spans = export(&field(1, &[resource, scope].concat()));
        assert_eq!(spans.len(), 1);
        assert_eq!(spans[0].trace, "ab".repeat(16));
        assert_eq!(spans[0].parent, "02".repeat(8));
        assert_eq!((spans[0].name.as_str(), spans[0].service.as_str()), ("GET", "orders"));
    }

    #[test]
    fn a_broken_export_has_no_spans() {
        assert!(export(&[0x0a, 0xff, 0x01]).is_empty());
    }
}
