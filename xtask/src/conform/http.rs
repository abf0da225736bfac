//! A plain HTTP/1.1 client over one socket: what goes out and what comes back
//! is seen byte for byte, which an ordinary client library hides.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How long a read may take unless a check asks for more.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it is written to the socket.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method
    pub method: String,
    /// Request target
    pub target: String,
    /// The host it asks for
    pub host: String,
    /// Header fields, `Host` and `Content-Length` apart
    pub headers: Vec<(String, String)>,
    /// Body
    pub body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, target: &str) -> Self {
        let (method, target, host) = (method.to_owned(), target.to_owned(), "orders.test".to_owned());
        Self {
            method,
            target,
            host,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// `GET`.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A request with a JSON body.
    pub fn json(method: &str, target: &str, body: &Value) -> Self {
        Self::new(method, target).body("application/json", body.to_string().as_bytes())
    }

    /// Adds a header field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks for another host.
    pub fn host(mut self, name: &str) -> Self {
        name.clone_into(&mut self.host);
        self
    }

    /// Sets the body and its type.
    pub fn body(mut self, kind: &str, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.header("Content-Type", kind)
    }

    /// The bytes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.target, self.host);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let may_have_body = matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
        let framed = self.headers.iter().any(|(name, _)| {
            name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding")
        });
        if !framed && (may_have_body || !self.body.is_empty()) {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code
    pub status: u16,
    /// Header fields in order
    pub headers: Vec<(String, String)>,
    /// Decoded body
    pub body: Vec<u8>,
    /// From the first byte sent to the last received
    pub elapsed: Duration,
}

impl Response {
    /// The first header field of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("status {}: body is no JSON: {}", self.status, self.short()))
    }

    /// Whether the server closes the connection after this answer.
    pub fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.to_lowercase().contains("close"))
    }

    /// Fails unless the status is this one.
    pub fn expect(self, status: u16) -> Result<Self> {
        if self.status != status {
            bail!("status {} instead of {status}: {}", self.status, self.short());
        }
        Ok(self)
    }

    /// The beginning of the body, for messages.
    pub fn short(&self) -> String {
        self.text().chars().take(300).collect()
    }
}

/// One connection that is used again and again.
pub struct Connection {
    stream: TcpStream,
    pending: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(3))
            .with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            pending: Vec::new(),
        })
    }

    /// Bounds every single read.
    pub fn patience(&self, limit: Duration) -> Result<()> {
        Ok(self.stream.set_read_timeout(Some(limit))?)
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).context("cannot write")?;
        Ok(())
    }

    /// Sends a request and reads its answer.
    pub fn send(&mut self, request: &Request) -> Result<Response> {
        let started = Instant::now();
        self.write(&request.bytes())?;
        let mut response = self.read(request.method == "HEAD")?;
        response.elapsed = started.elapsed();
        Ok(response)
    }

    /// Reads one answer; one to `HEAD` has no body.
    pub fn read(&mut self, head_only: bool) -> Result<Response> {
        loop {
            let response = self.read_any(head_only)?;
            if response.status >= 200 {
                return Ok(response);
            }
        }
    }

    fn read_any(&mut self, head_only: bool) -> Result<Response> {
        let (status, headers) = self.read_head()?;
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
            elapsed: Duration::ZERO,
        };
        if head_only || status < 200 || status == 204 || status == 304 {
            return Ok(response);
        }
        let chunked = response.header("transfer-encoding").is_some();
        let length = response.header("content-length").map(str::parse::<usize>);
        response.body = match (chunked, length) {
            (true, _) => self.read_chunks()?,
            (false, Some(length)) => self.take(length.context("bad Content-Length")?)?,
            (false, None) => self.read_rest()?,
        };
        Ok(response)
    }

    fn read_head(&mut self) -> Result<(u16, Vec<(String, String)>)> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; 96];
            let mut head = httparse::Response::new(&mut fields);
            let parsed = head.parse(&self.pending).context("malformed answer")?;
            if let httparse::Status::Complete(used) = parsed {
                let status = head.code.context("no status")?;
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let fields = head
                    .headers
                    .iter()
                    .map(|field| (field.name.to_owned(), text(field.value)));
                let fields = fields.collect();
                self.pending.drain(..used);
                return Ok((status, fields));
            }
            if !self.fill()? {
                bail!("connection closed before an answer");
            }
        }
    }

    fn read_chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.take_line()?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or("").trim(), 16);
            let size = size.with_context(|| format!("bad chunk size {line:?}"))?;
            if size == 0 {
                while !self.take_line()?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.take(size)?);
            self.take_line()?;
        }
    }

    fn take_line(&mut self) -> Result<String> {
        loop {
            if let Some(end) = self.pending.windows(2).position(|pair| pair == b"\r\n") {
                let line = String::from_utf8_lossy(&self.pending[..end]).into_owned();
                self.pending.drain(..end + 2);
                return Ok(line);
            }
            if !self.fill()? {
                bail!("connection closed inside an answer");
            }
        }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.pending.len() < length {
            if !self.fill()? {
                bail!("connection closed inside a body");
            }
        }
        Ok(self.pending.drain(..length).collect())
    }

    fn read_rest(&mut self) -> Result<Vec<u8>> {
        while self.fill()? {}
        Ok(std::mem::take(&mut self.pending))
    }

    /// Whether the peer has closed; waits for it up to `limit`.
    pub fn closed_within(&mut self, limit: Duration) -> Result<bool> {
        let deadline = Instant::now() + limit;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return Ok(true),
                Err(error) if is_timeout(&error) => break,
                Err(_) => return Ok(true),
            }
        }
        self.stream.set_read_timeout(Some(PATIENCE))?;
        Ok(false)
    }

    fn fill(&mut self) -> Result<bool> {
        let mut buffer = [0_u8; 16 * 1024];
        let read = self.stream.read(&mut buffer)?;
        self.pending.extend_from_slice(&buffer[..read]);
        Ok(read > 0)
    }
}

/// Whether a read ran out of time (and not: the peer went away).
pub fn is_timeout(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answers(bytes: &'static [u8]) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            stream.write_all(bytes).expect("a reader");
        });
        Connection::open(address).expect("a connection")
    }

    #[test]
    fn framings_are_read_to_their_end() {
        let mut connection = answers(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
              HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno\
              HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\
              HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
        );
        assert_eq!(connection.read(false).expect("chunks").text(), "abc");
        let second = connection.read(false).expect("a length");
        assert_eq!((second.status, second.text().as_str()), (404, "no"));
        assert_eq!(connection.read(true).expect("a head").status, 200);
        assert_eq!(connection.read(false).expect("no content").status, 204);
        assert!(connection.read(false).is_err(), "a body that was cut off");
    }
}
