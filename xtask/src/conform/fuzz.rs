//! Hostile requests from a seed: odd but well-framed ones, and bytes that are no HTTP at all.

use super::http::Request;
use super::items::ITEMS;

/// A small generator of numbers; the same seed gives the same run.
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (SplitMix64).
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.roll() as u8).collect()
    }
}

const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW", "get", "G",
    "PRI", "QUERY", "M-SEARCH",
];

const PATHS: &[&str] = &[
    "/",
    "/live",
    "/ready",
    "/health",
    "/metrics",
    "/openapi.json",
    ITEMS,
    "/api/v1/items/x",
    "/api",
    "/api/v1",
    "//",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/",
    "/%00",
    "/%",
    "/%zz",
    "/%ff%fe",
    "/api/v1/items/%00",
    "/api/v1/items/..;/x",
    "*",
    "/api/v1/items/01890000-0000-7000-8000-000000000000",
    "/api/v1/items?limit=1&limit=2",
    "/api/v1/items?limit[]=1",
    "/api/v1/items?limit[a]=1",
    "/api/v1/items?cursor=%00",
    "/api/v1/items?cursor=a&cursor=b",
    "/api/v1/items?%00=%00",
    "/api/v1/items?limit=１",
    "/api/v1/items?__proto__[x]=1",
    "/api/v1/items?limit=constructor",
    "/api/v1/items?limit=1;DROP",
    "/api/v1/items?cursor=eyJpZCI6IjEifQ==",
    "/api/v1/items?cursor=bnVsbA",
    "/api/v1/items?cursor=W10",
    "/api/v1/items#x",
    "http://evil.example/live",
    "/live?%",
    "/constructor",
    "/__proto__",
    "/api/v1/items/__proto__",
    "/.git/config",
    "/a b",
    "/api/v1/items/%F0%9F%98%80",
    "/\u{e9}",
    "/api/v1/items/{id}",
    "/api/v1/items/:id",
];

const HEADERS: &[(&str, &str)] = &[
    ("Content-Type", "application/json"),
    ("Content-Type", "application/json; charset=utf-7"),
    ("Content-Type", ""),
    ("Content-Type", "multipart/form-data"),
    ("Content-Type", "application/json;;;"),
    ("Content-Encoding", "gzip"),
    ("Content-Encoding", "br, gzip, deflate"),
    ("Accept", "text/html"),
    ("Accept", ",,,;q=9"),
    ("Accept-Encoding", "gzip;q=-1"),
    ("If-Match", "*"),
    ("If-Match", "\"\""),
    ("If-Match", ",,,"),
    ("If-Match", "W/\"x"),
    ("If-None-Match", "\""),
    ("Idempotency-Key", "\u{e9}"),
    ("Idempotency-Key", "' OR 1=1"),
    ("X-Request-ID", "\u{1}"),
    ("X-Forwarded-For", "::::"),
    ("X-Forwarded-For", "1.2.3.4, , 999.999.9.9"),
    ("Forwarded", "for=\"_x\""),
    ("traceparent", "00-0-0-0"),
    ("Expect", "100-continue"),
    ("traceparent", "ff-ffffffffffffffffffffffffffffffff-ffffffffffffffff-ff"),
    ("tracestate", "a=b,=,,"),
    ("baggage", "%%%=;"),
    ("Expect", "nonsense"),
    ("Upgrade", "websocket"),
    ("Upgrade", "h2c"),
    ("Connection", "Upgrade, HTTP2-Settings"),
    ("Cookie", "a"),
    ("Connection", "close, keep-alive"),
    ("Range", "bytes=9-1"),
    ("Host", "other"),
    ("Authorization", "Basic !!!"),
    ("Origin", "null"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("Access-Control-Request-Method", "BREW"),
    ("Content-Length", "3"),
    ("TE", "trailers"),
    ("__proto__", "x"),
    ("If-Modified-Since", "yesterday"),
    ("Accept-Version", "9.x"),
    ("Date", "0"),
    ("Keep-Alive", "timeout=-1"),
];

const BODIES: &[&str] = &[
    "",
    "{}",
    "[]",
    "null",
    "0",
    "\"\"",
    "{\"name\":\"x\"}",
    "{\"name\":\"\\ud800\"}",
    "{\"name\":\"\\u0000\"}",
    "{\"name\":1e999}",
    "{\"name\":{\"toString\":1}}",
    "{\"__proto__\":{\"name\":\"x\"}}",
    "{\"name\":\"x\",\"name\":2}",
    "{\"name\":\"x\",\"description\":[[[]]]}",
    "{\"name\":\"' OR '1'='1\"}",
    "\u{feff}{\"name\":\"x\"}",
    "{\"name\":\"x\"}{\"name\":\"y\"}",
    "{\"name\":\"\\",
    "tru",
    "-",
    "1e",
    "[1,]",
    "{\"constructor\":{\"prototype\":{\"a\":1}},\"name\":\"x\"}",
    "{\"name\":\"x\",\"description\":\"\\udfff\\ud800\"}",
    "{\"\":\"\"}",
    "{\"name\":\"x\",\"id\":\"01890000-0000-7000-8000-000000000000\"}",
    "{\"$ne\":null}",
    "{\"name\":{\"$gt\":\"\"}}",
    "--x\r\n\r\n--x--",
];

/// A request that is framed well and odd in every other way.
pub fn odd_request(dice: &mut Dice) -> Request {
    let mut request = Request::new(dice.pick(METHODS), dice.pick(PATHS));
    if dice.below(8) == 0 {
        request.target = format!("{ITEMS}/{}", "a".repeat(dice.below(9000)));
    }
    if dice.below(10) == 0 {
        let noise: String = dice.bytes(12).iter().map(|byte| format!("%{byte:02X}")).collect();
        request.target = format!("{ITEMS}?cursor={noise}&limit={}", dice.roll());
    }
    if matches!(request.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE") || dice.below(6) == 0 {
        request.body = match dice.below(12) {
            0 => dice.bytes(64),
            1 => "[".repeat(50_000).into_bytes(),
            2 => format!("{{\"name\":\"{}\"}}", "x".repeat(5000)).into_bytes(),
            3 => "{\"a\":".repeat(20_000).into_bytes(),
            _ => dice.pick(BODIES).as_bytes().to_vec(),
        };
        if dice.below(4) > 0 {
            request
                .headers
                .push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
    }
    for _ in 0..dice.below(4) {
        let (name, value) = dice.pick(HEADERS);
        request.headers.push((name.to_owned(), value.to_owned()));
    }
    request
}

const RAW: &[&str] = &[
    "\r\n\r\n\r\n",
    "GET\r\n\r\n",
    "GET /live\r\n\r\n",
    "GET /live HTTP/9.9\r\n\r\n",
    "GET /live HTTP/1.1\r\n\r\n",
    "\0\0\0\0\0\0\0\0",
    "GET /live HTTP/1.1\nHost: x\n\n",
    "GET  /live  HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /live HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
    "GET /live HTTP/1.1\r\nHost : x\r\n\r\n",
    "GET /live HTTP/1.1\r\n: x\r\n\r\n",
    "GET /live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "POST /api/v1/items HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
    "POST /api/v1/items HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    "POST /api/v1/items HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 3\r\n\r\n{}",
    "POST /api/v1/items HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "POST /api/v1/items HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nx",
    "POST /api/v1/items HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nx",
    "POST /api/v1/items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n",
    "GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /live HTTP/1.1\r\nHost: x\r\nX: \0\r\n\r\n",
    "GET /\u{7f} HTTP/1.1\r\nHost: x\r\n\r\n",
    "\u{16}\u{3}\u{1}\0\u{5}\u{1}",
    "GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /live HTTP/1.1\r\n\r\n",
    "GET /live HTTP/1.0\r\n\r\n",
];

/// Bytes for a socket.
pub fn raw_bytes(dice: &mut Dice) -> Vec<u8> {
    match dice.below(6) {
        0 => {
            let length = dice.below(400) + 1;
            dice.bytes(length)
        }
        1 => {
            let header = format!("X-Many-{}: y\r\n", dice.below(1000));
            let many = header.repeat(dice.below(4000));
            format!("GET /live HTTP/1.1\r\nHost: x\r\n{many}\r\n").into_bytes()
        }
        2 => {
            let mut bytes = odd_request(dice).bytes();
            for _ in 0..=dice.below(4) {
                let place = dice.below(bytes.len());
                bytes[place] = dice.roll() as u8;
            }
            bytes
        }
        3 => {
            let mut bytes = odd_request(dice).bytes();
            bytes.truncate(dice.below(bytes.len()) + 1);
            bytes
        }
        _ => dice.pick(RAW).as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_requests() {
        let run = |seed| {
            let mut dice = Dice::new(seed);
            (0..50)
                .map(|_| (odd_request(&mut dice).bytes(), raw_bytes(&mut dice)))
                .collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}
