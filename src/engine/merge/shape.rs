//! How a text is stored: byte order mark, line ends, final newline. Merging looks away from it, and gives it back.

/// A text of plain lines, and what has to be done to it to get the user's bytes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shaped {
    /// The text: no byte order mark, lines that end in LF, the last one included.
    pub text: String,
    /// How the user stores it.
    pub shape: Shape,
}

/// How a text is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    bom: bool,
    crlf: bool,
    unfinished: bool,
}

const BOM: &str = "\u{feff}";

impl Shaped {
    /// Reads bytes; none when they are no text.
    ///
    /// Line ends are taken for CRLF only where every line has it: a mixed text is left as it is, line for line.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
        let bare = text.strip_prefix(BOM).unwrap_or(text);
        let ends = bare.matches('\n').count();
        let crlf = ends > 0 && bare.matches("\r\n").count() == ends;
        let unfinished = !bare.is_empty() && !bare.ends_with('\n');
        let mut plain = if crlf {
            bare.replace("\r\n", "\n")
        } else {
            bare.to_owned()
        };
        if unfinished {
            plain.push('\n');
        }
        let shape = Shape {
            bom: bare.len() != text.len(),
            crlf,
            unfinished,
        };
        Some(Self { text: plain, shape })
    }
}

impl Shape {
    /// Stores a text of plain lines this way.
    pub fn write(self, text: &str) -> Vec<u8> {
        let text = match self.unfinished {
            true => text.strip_suffix('\n').unwrap_or(text),
            false => text,
        };
        let text = if self.crlf {
            text.replace('\n', "\r\n")
        } else {
            text.to_owned()
        };
        let bom = if self.bom { BOM } else { "" };
        format!("{bom}{text}").into_bytes()
    }
}
